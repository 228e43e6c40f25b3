"""Keys, stamps, copies and comparisons as plain data: the same for the API, the command line and the console."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final

import msgspec
from django.conf import settings
from django.db.models import F, OuterRef, Subquery, Value
from django.db.models.functions import Coalesce
from django.utils import timezone
from typing_extensions import TypedDict  # pydantic asks for this one below Python 3.12

from hikeshi.custody.held_notes import read_notes
from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.ledger import keys, stamps
from hikeshi.desk.ledger.anchors import Party, parties
from hikeshi.desk.ledger.compare import FINE, WORDS, Compared, compare
from hikeshi.desk.ledger.models import Chain, Checkpoint, Copy, Entry, SigningKey, Stamp
from hikeshi.doors import find
from hikeshi.doors.shapes import Both
from hikeshi.errors import HikeshiError, Refused

PATIENCE: Final = 3
"""Times the usual wait for a checkpoint, after which an unsigned entry is late."""

TEXT_LIMIT: Final = 64 * 1024 * 1024
"""Bytes of one file of notes: a hundred thousand of them."""


class KeyShape(TypedDict):
    """A key that signs or has signed. `place` says where its private half is; `until` empty: it signs now."""

    fingerprint: str
    algorithm: str
    public: str
    place: str
    since: datetime
    until: datetime | None
    state: str


class PartyShape(TypedDict):
    """One authority or place: how many checkpoints it holds, how many wait for it or were refused, and the last problem."""

    kind: str
    name: str
    held: int
    waiting: int
    refused: int
    waiting_since: datetime | None
    problem: str


class StampShape(TypedDict):
    """One time stamp of the checkpoint over `entries`; `state` is pending, held or refused. `said_at` is the authority's time."""

    chain: str
    entries: int
    stamped_by: str
    state: str
    said_at: datetime | None
    due_at: datetime | None
    problem: str


class CopyShape(TypedDict):
    """One copy of the checkpoint over `entries`; `state` is pending, held or refused. `receipt` is what shows that it is there."""

    chain: str
    entries: int
    place: str
    state: str
    receipt: str
    due_at: datetime | None
    problem: str


class CheckedShape(TypedDict):
    """A held time stamp checked once more against its checkpoint and the authority's roots: match, mismatch or could-not-check, with the reason."""

    entries: int
    stamped_by: str
    said_at: datetime | None
    result: str
    problem: str


class ComparedShape(TypedDict):
    """A checkpoint over `entries` held outside, and how the ledger of `entries_now` stands to it. `fine`: nobody has to look."""

    place: str
    origin: str
    entries: int
    entries_now: int
    result: str
    fine: bool
    text: Both
    signed_by: list[str]


def key(row: SigningKey) -> KeyShape:
    return {
        "fingerprint": row.fingerprint, "algorithm": row.algorithm, "public": row.public, "place": row.place,
        "since": row.since, "until": row.until, "state": "withdrawn" if row.until else "signs",
    }  # fmt: skip


def stamp(row: Stamp) -> StampShape:
    return {
        "chain": row.checkpoint.chain.name, "entries": row.checkpoint.size, "stamped_by": row.authority, "state": _state(row),
        "said_at": row.said_at, "due_at": row.due_at, "problem": row.problem,
    }  # fmt: skip


def copy(row: Copy) -> CopyShape:
    return {
        "chain": row.checkpoint.chain.name, "entries": row.checkpoint.size, "place": row.place, "state": _state(row),
        "receipt": row.receipt, "due_at": row.due_at, "problem": row.problem,
    }  # fmt: skip


def party(one: Party) -> PartyShape:
    shape: PartyShape = one._asdict()  # type: ignore[assignment]
    return shape


def all_keys(who: Actor) -> list[KeyShape]:
    """Every key, newest first. For those who may read every chain."""
    require(who, "read")
    return [key(row) for row in SigningKey.objects.order_by("-since", "-pk")]


def all_parties(who: Actor, kind: str = "") -> list[PartyShape]:
    """Every authority and place. Where they are is for those who may read every chain."""
    require(who, "read")
    return [party(one) for one in parties() if kind in {"", one.kind}]


def stamps_of(chain: Chain) -> Iterable[StampShape]:
    """The stamps of a chain's checkpoints, newest first."""
    rows = Stamp.objects.filter(checkpoint__chain=chain).select_related("checkpoint__chain").order_by("-pk")
    return (stamp(row) for row in rows.iterator())


def copies_of(chain: Chain) -> Iterable[CopyShape]:
    """The copies of a chain's checkpoints, newest first."""
    rows = Copy.objects.filter(checkpoint__chain=chain).select_related("checkpoint__chain").order_by("-pk")
    return (copy(row) for row in rows.iterator())


def check_stamps(chain: Chain) -> list[CheckedShape]:
    """Every held time stamp of a chain, checked once more, newest first. Asks nobody: a token proves itself."""
    rows = Stamp.objects.filter(checkpoint__chain=chain, state="held").select_related("checkpoint").order_by("-pk")
    return [_checked(row) for row in rows.iterator()]


def _checked(row: Stamp) -> CheckedShape:
    try:
        stamps.authority(row.authority)
    except HikeshiError as found:  # no longer configured, or its roots cannot be read: nothing is said of the token
        result, problem = "could-not-check", str(found)
    else:
        problem = _mismatch(row)
        result = "mismatch" if problem else "match"
    return {
        "entries": row.checkpoint.size, "stamped_by": row.authority, "said_at": row.said_at, "result": result,
        "problem": problem,
    }  # fmt: skip


def _mismatch(row: Stamp) -> str:
    """Why a held stamp does not hold, or nothing."""
    try:
        same = stamps.check(row).time == row.said_at
    except HikeshiError as found:
        return str(found)
    return "" if same else "The time in the token is not the time that was noted."


def unsigned() -> Entry | None:
    """The oldest entry of all chains that no signed checkpoint covers yet. Looks at one entry of each chain, however long it is."""
    sizes = Checkpoint.objects.filter(chain=OuterRef("pk")).order_by("-size").values("size")[:1]
    first = Entry.objects.filter(chain=OuterRef("pk"), seq=OuterRef("signed") + 1)
    waiting = Chain.objects.annotate(signed=Coalesce(Subquery(sizes), Value(0))).filter(head_seq__gt=F("signed"))
    oldest = waiting.annotate(entry=Subquery(first.values("pk")[:1]), since=Subquery(first.values("time")[:1]))
    found = oldest.filter(entry__isnull=False).order_by("since").values_list("entry", flat=True).first()
    return Entry.objects.select_related("chain").filter(pk=found).first() if found else None


def needs_a_look() -> bool:
    """Whether entries wait too long for a signature, or somebody outside has refused something."""
    oldest = unsigned()
    refused = Stamp.objects.filter(state="refused").exists() or Copy.objects.filter(state="refused").exists()
    return refused or (oldest is not None and is_late(oldest))


def is_late(entry: Entry) -> bool:
    """Whether an unsigned entry has waited for longer than a worker and a key need."""
    wait = timedelta(seconds=PATIENCE * settings.ENVIRONMENT.checkpoint_seconds)
    try:
        return timezone.now() - datetime.fromisoformat(entry.time) > wait
    except ValueError:  # a damaged row
        return True


def compare_text(who: Actor, text: str, *, source: str) -> list[ComparedShape]:
    """The checkpoints in a text, compared with the chains this actor may read. Raises `Refused` where there is none at all."""
    mine = {chain.name: chain for chain in find.chains(who)}
    found = [_compared(one) for one in compare(read_notes(text, source=source), find=mine.get)]
    if not found:
        raise Refused(
            f"There is no checkpoint in {source}.", hint="Give the file, object or mail that a copy was put into."
        )
    return found


def differs(rows: Iterable[ComparedShape]) -> bool:
    """Whether anything readable is not as it is held outside."""
    return any(not row["fine"] and row["result"] != "unreadable" for row in rows)


def key_problem() -> str:
    """What is wrong with the key that signs; nothing where it can be reached. Asks the key: not for a page that is only looked at."""
    row = keys.current()
    try:
        if row is not None:
            keys.signer_of(row)
    except HikeshiError as problem:
        return str(problem)
    return "" if row is not None or not SigningKey.objects.exists() else "Every key was withdrawn: nothing is signed."


def _compared(one: Compared) -> ComparedShape:
    return {
        "place": one.place, "origin": one.origin, "entries": one.size, "entries_now": one.now, "result": one.result,
        "fine": one.result in FINE, "text": msgspec.to_builtins(WORDS[one.result]), "signed_by": list(one.signed_by),
    }  # fmt: skip


def _state(row: Stamp | Copy) -> str:
    """For people "waiting" is said of steps that wait for others; here it is an answer that is pending."""
    return "pending" if row.state == "waiting" else row.state
