"""Clock rules as plain JSON, and moments as people type them. No database, no Django: the command line computes deadlines anywhere."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from datetime import UTC, date, datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

import msgspec

from hikeshi.clocks.counting import compute
from hikeshi.clocks.duty import CONTENTS
from hikeshi.clocks.moments import MOMENTS, Moment, earlier
from hikeshi.clocks.rule import Rule, rules
from hikeshi.clocks.saying import in_words
from hikeshi.errors import Refused

DAY: Final = re.compile(r"\d{4}-\d\d-\d\d")


class Misspelt(Refused):
    """What was typed is not a moment."""


def row(rule: Rule) -> dict[str, Any]:
    """A rule in brief. `kind` is `internal_target` for what no law asks; an empty `jurisdiction` is our own."""
    return {
        "rule": rule.name,
        "title": msgspec.to_builtins(rule.title),
        "jurisdiction": rule.duty.jurisdiction if rule.duty else "",
        "kind": rule.duty.kind if rule.duty else "internal_target",
        "status": rule.duty.status if rule.duty else "in_force",
        "anchor": rule.anchor,
        "stops_on": rule.stops_on,
        "counting": msgspec.to_builtins(rule.counting),
        "counted": msgspec.to_builtins(in_words(rule.counting)),
        "source": rule.source,
        "version": rule.version,
        "valid_from": rule.valid_from,
        "valid_to": rule.valid_to,
    }


def detail(rule: Rule) -> dict[str, Any]:
    """All that is known of a rule: whose duty, when, to whom, what the report has to say, and how sure we are."""
    known = row(rule) | {"warn_at": msgspec.to_builtins(rule.warn_at), "moments": _told(rule)}
    duty = rule.duty
    if duty is not None:
        known |= {name: msgspec.to_builtins(getattr(duty, name)) for name in ("holder", "trigger", "recipient", "note")}
        known |= {
            "regime": duty.regime, "stage": duty.stage, "confidence": duty.confidence, "ships_on": duty.ships_on,
            "verified_on": duty.verified_on, "review_by": duty.review_by, "stale": duty.stale(datetime.now(UTC).date()),
            "content": [{"set": name, "item": msgspec.to_builtins(item)} for name in duty.content for item in CONTENTS[name]],
        }  # fmt: skip
    return known


def chosen(jurisdiction: str = "") -> list[Rule]:
    """The rules of a country or union (US includes its states), or all."""
    wanted = jurisdiction.strip().upper()
    return [rule for rule in rules().values() if not wanted or row(rule)["jurisdiction"].split("-")[0] == wanted]


def named(name: str) -> Rule:
    """Raises `Refused` with the nearest name there is."""
    found = rules().get(name)
    if found is None:
        close = difflib.get_close_matches(name, rules(), n=1)
        hint = f"Did you mean {close[0]}?" if close else "`hikeshi clocks rules` lists them."
        raise Refused(f"There is no clock rule {name[:80]!r}.", hint=hint)
    return found


def due(rule: Rule, given: Iterable[str], *, zone: str, now: datetime) -> dict[str, Any]:
    """When the deadline falls, from moments written KEY=TIME or KEY=DATE. Of two for one moment the earlier one counts."""
    moments: dict[str, Moment] = {}
    for text in given:
        key, moment = pair_of(text, zone)
        moments[key] = earlier(moments[key], moment) if key in moments else moment
    found = compute(rule, moments, now)
    told = {
        "rule": found.rule,
        "state": found.state,
        "due_at": found.due_at,
        "due_soon_at": found.due_soon_at,
        "explanation": msgspec.to_builtins(found.explanation),
    }
    twice = sorted(
        {key for key in moments if len({pair_of(text, zone) for text in given if text.startswith(f"{key}=")}) > 1}
    )
    return told | ({"contradicted": [f"{key}: {moments[key].isoformat()}" for key in twice]} if twice else {})


def _told(rule: Rule) -> list[dict[str, Any]]:
    """The moments the rule needs, and the one that meets it, in words."""
    named = dict.fromkeys((*rule.anchors, rule.stops_on))
    return [{"key": name, "what": msgspec.to_builtins(MOMENTS[name])} for name in named]


def moment_of(text: str, zone: str) -> Moment:
    """An instant with its zone, or a day, as people type them. Raises `Misspelt`; `zone` is only for its hint."""
    time = text.strip()
    try:
        if DAY.fullmatch(time):
            return date.fromisoformat(time)
        moment = datetime.fromisoformat(time)
    except ValueError as problem:
        raise Misspelt(
            f"{time[:80]!r} is no time and no day.", hint="Write ISO 8601: 2026-11-07T02:31+09:00, or 2026-11-07."
        ) from problem
    if moment.utcoffset() is None:  # it would mean different moments to different readers
        raise Misspelt(f"{time!r} has no time zone.", hint=f"If it is {zone} time, write {_zoned(moment, zone)}.")
    return moment


def pair_of(text: str, zone: str) -> tuple[str, Moment]:
    """KEY=TIME or KEY=DATE."""
    key, equals, time = (part.strip() for part in text.partition("="))
    if not equals or key not in MOMENTS:
        raise Refused(
            f"The moment {text[:80]!r} is not understood.", hint=f"KEY=TIME, KEY one of {', '.join(MOMENTS)}."
        )
    return key, moment_of(time, zone)


def _zoned(moment: datetime, zone: str) -> str:
    return moment.replace(tzinfo=ZoneInfo(zone)).isoformat()
