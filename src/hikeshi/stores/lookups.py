"""The two questions everybody asks of CloudTrail first: who tried to gain rights, and what did this one do.

An attempt is a call that gives rights or a way back in (the table of `suspects.py`), a hit of a rule of our own pack that stands for
privilege escalation, or a role handed to a service; whether it was allowed or denied does not matter. Both are asked of any store, so
of a timeline too, and of logs that were just read (`opening.py`), which may come from CloudTrail's API.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from hikeshi.errors import Refused
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.layout import replace
from hikeshi.stores.steady import steady
from hikeshi.stores.store import Query, Store
from hikeshi.stores.suspects import CALLS, TACTICS
from hikeshi.text import Text

GAINED = "attack.privilege-escalation"
ELSEWHERE = frozenset({"T1525"})
"""Techniques of persistence that give nobody rights: code put into a function."""

ESCALATING = frozenset(
    call
    for call, (tactic, technique) in CALLS.items()
    if tactic == "privilege-escalation" or (tactic == "persistence" and technique not in ELSEWHERE)
)

SHOWN = 5000
"""Hits of one rule that are looked at; more are said in `Attempts.cut`."""

PAGE = 1000
PRINCIPAL = ("actor_name", "actor_id", "session_name", "session_issuer")
"""Columns that name a principal: by its name, its ARN, the name of its session or the role behind it."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One call that gives rights, was tried, and why it is here. `event` is a row of the store."""

    event: Mapping[str, Any]
    reasons: tuple[Text, ...]
    techniques: tuple[str, ...]


class _Hits(msgspec.Struct, frozen=True):
    """What one rule hit: how many events, and the ids of the first of them."""

    title: str
    techniques: tuple[str, ...]
    hits: int
    uids: tuple[str, ...]


class _Kept(msgspec.Struct, frozen=True):
    """`state` names the store and the rules that the hits are of."""

    state: str
    hits: tuple[_Hits, ...]


class Attempts(NamedTuple):
    """In the order of time, read page by page; and rules with more hits than were looked at."""

    found: Iterator[Attempt]
    cut: list[str]


def escalation(store: DuckStore, query: Query | None = None) -> Attempts:
    """Who tried to gain rights, within what `query` allows."""
    ruled = _ruled(store)
    hits: dict[str, list[_Hits]] = {}
    for rule in ruled:
        for uid in rule.uids:
            hits.setdefault(uid, []).append(rule)
    marks = [*(("action", call) for call in sorted(ESCALATING)), *(("event_uid", uid) for uid in hits)]
    asked = msgspec.structs.replace(query or Query(), marks=marks)
    cut = [f"{rule.title}: {len(rule.uids):,} / {rule.hits:,}" for rule in ruled if rule.hits > len(rule.uids)]
    return Attempts((_attempt(row, hits.get(row["event_uid"], ())) for row in pages(store, asked)), cut)


@steady
def _ruled(store: DuckStore) -> tuple[_Hits, ...]:
    """What the rules hit in the whole store. They are asked once after each build and kept in `attempts.json` of the store's folder."""
    from hikeshi.events.detect.loading import (  # pySigma takes a third of a second, which `activity` does not need
        OWN,
        digest,
        load,
    )
    from hikeshi.stores.detecting import detect  # as above

    folders = [OWN, OWN.parent / "lookups"]  # rules of the second are only asked here
    path, state = store.folder / "attempts.json", f"{store.fingerprint()}.{digest(folders)}"
    if path.exists() and (kept := msgspec.json.decode(path.read_bytes(), type=_Kept)).state == state:
        return kept.hits
    report = detect(store, [rule for rule in load(folders) if GAINED in rule.tags], shown=SHOWN)
    found = tuple(_Hits(rule.title, rule.techniques, rule.hits, rule.uids) for rule in report.hit)
    if not report.errors:  # what could not be asked now may be asked later
        replace(path, msgspec.json.encode(_Kept(state, found)))
    return found


def _attempt(row: Mapping[str, Any], rules: Sequence[_Hits]) -> Attempt:
    reasons, techniques = [], []
    if row["action"] in ESCALATING:
        tactic, technique = CALLS[row["action"]]
        reasons.append(TACTICS[tactic].said)
        techniques.append(technique)
    reasons += [Text(en=rule.title, ja=rule.title) for rule in rules]  # rules have one language
    techniques += [technique for rule in rules for technique in rule.techniques]
    return Attempt(event=row, reasons=tuple(reasons), techniques=tuple(dict.fromkeys(techniques)))


def activity(
    store: Store, query: Query | None = None, *, ip: str = "", principal: str = "", key: str = ""
) -> Iterator[dict[str, Any]]:
    """Everything from an address, a principal (name, ARN, session or role) or an access key, in the order of time; of several, all hold."""
    if not (ip or principal or key):
        raise Refused("Whose activity is not said.", hint="Name an address, a principal or an access key.")
    asked = query or Query()
    where = {**asked.where, **({"src_ip": _address(ip)} if ip else {}), **({"access_key": key} if key else {})}
    marks = [(column, principal) for column in PRINCIPAL] if principal else asked.marks
    return pages(store, msgspec.structs.replace(asked, where=where, marks=marks))


def _address(text: str) -> str:
    try:
        return str(ipaddress.ip_address(text.strip()))
    except ValueError as error:
        raise Refused(f"{text[:80]!r} is no address.", hint="Write 192.0.2.7 or 2001:db8::7.") from error


def pages(store: Store, query: Query) -> Iterator[dict[str, Any]]:
    """Every event of a query, page by page: a million are never in memory at once."""
    query = msgspec.structs.replace(query, limit=PAGE)
    while rows := store.events(query):
        yield from rows
        query = msgspec.structs.replace(query, after=(rows[-1]["ts"], rows[-1]["event_uid"]))


def window(start: datetime | None, end: datetime | None) -> Query:
    """A query for the events of a window, `start` included and `end` not. Raises `Refused` for times without a zone."""
    return Query(start_us=_us(start), end_us=_us(end))


def _us(time: datetime | None) -> int | None:
    if time is None:
        return None
    if time.utcoffset() is None:
        raise Refused(f"{time.isoformat()} has no time zone.", hint="Write 2026-11-07T02:31+09:00.")
    return (time - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def narrowed(principal: str, key: str) -> tuple[str, str] | None:
    """What CloudTrail's API can be asked for, where it surely means the same: a key, or the ARN of a user."""
    if key:
        return ("AccessKeyId", key)
    if principal.startswith("arn:") and ":user/" in principal:
        return ("Username", principal.rpartition("/")[2])
    return None
