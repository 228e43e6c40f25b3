"""What no single event shows: that something was done for the first time, hardly ever, or no more. Three keys of our own in a Sigma rule.

    first_seen: {fields: [userIdentity.arn, awsRegion], known_for: 1d}
        a value of the first field that was there a day ago comes with these values of the others for the first time
    rare: {fields: [eventName], at_most: 2, of: 1000}
        of at least a thousand events that the rule hits, at most two have these values
    silence: {fields: [userIdentity.arn], lasts: 6h, known_for: 1d, every: 1h}
        who spoke in nine of ten hours for a day says nothing for six hours or never again, while others go on: the last
        event before it. What pauses at night never spoke in nine of ten hours, and where everybody falls silent the log ends

All look at the events that the rule's own condition hits, over the whole timeline. Other tools pass over keys they do not know.
"""

# SQL here is put together from our own text and from numbers.
# ruff: noqa: S608

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from sigma.correlations import SigmaCorrelationTimespan
from sigma.exceptions import SigmaError


class Behaviour(NamedTuple):
    """Fields that make a group, of which the first is whose behaviour it is; and the test on a row of the group."""

    fields: tuple[str, ...]
    test: str

    def kept(self, table: str) -> str:
        """SQL that gives the row_id of what is kept. `table` has row_id, ts, grp and val."""
        return (
            f"SELECT row_id FROM (SELECT row_id, ts, row_number() OVER (PARTITION BY grp ORDER BY ts, row_id) AS nth, "
            f"count(*) OVER (PARTITION BY grp) AS alike, count(*) OVER () AS everything, "
            f"min(ts) OVER (PARTITION BY val) AS known FROM {table}) WHERE {self.test}"
        )


class Silence(NamedTuple):
    """Fields that say who speaks, and spans in microseconds: how long nothing is said, how long before it they spoke, and how often."""

    fields: tuple[str, ...]
    lasts: int
    known_for: int
    every: int

    def kept(self, table: str) -> str:
        """As that of `Behaviour`: the last events before a silence. Of each slot its last event is enough to find them."""
        spoken = f"SELECT grp, ts // {self.every} AS slot, min(ts) AS began, max({{ts: ts, row_id: row_id}}) AS ending FROM {table} GROUP BY ALL"
        return (
            "SELECT ending.row_id FROM (SELECT ending, slot, row_number() OVER w AS slots, first_value(slot) OVER w AS first_slot, "
            "first_value(began) OVER w AS first, lead(began) OVER w AS later, max(ending.ts) OVER () AS last "
            f"FROM ({spoken}) WINDOW w AS (PARTITION BY grp ORDER BY slot)) WHERE coalesce(later, last) - ending.ts >= {self.lasts} "
            f"AND ending.ts - first >= {self.known_for} AND slots * 10 >= 9 * (slot - first_slot + 1)"
        )


def asked(attributes: Mapping[str, Any]) -> Behaviour | Silence | None:
    """What a rule asks of behaviour, or None. Raises ValueError where it cannot be understood."""
    if "first_seen" in attributes:
        wanted = _mapping(attributes["first_seen"])
        return Behaviour(_fields(wanted), f"nth = 1 AND known <= ts - {_span(wanted.get('known_for', '1d'))}")
    if "rare" in attributes:
        wanted = _mapping(attributes["rare"])
        most, least = (int(wanted.get(name, usual)) for name, usual in (("at_most", 1), ("of", 1000)))
        return Behaviour(_fields(wanted), f"alike <= {most} AND everything >= {least}")
    if "silence" in attributes:
        wanted = _mapping(attributes["silence"])
        lasts, known, every = (
            _span(wanted.get(name, usual)) for name, usual in (("lasts", "6h"), ("known_for", "1d"), ("every", "1h"))
        )
        if not 0 < every <= lasts:
            raise ValueError("a silence lasts as long as `every`, or longer")
        return Silence(_fields(wanted), lasts, known, every)
    return None


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("first_seen, rare and silence are mappings with `fields`")  # noqa: TRY004  one kind of error for a rule
    return value


def _fields(wanted: Mapping[str, Any]) -> tuple[str, ...]:
    fields = wanted.get("fields")
    if not isinstance(fields, list) or not fields or not all(isinstance(name, str) for name in fields):
        raise ValueError("`fields` is a list of field names")
    return tuple(fields)


def _span(text: Any) -> int:
    """Microseconds of a time span such as 1d."""
    try:
        return SigmaCorrelationTimespan(str(text)).seconds * 1_000_000
    except SigmaError as error:
        raise ValueError(f"{text!r} is no time span such as 1d") from error
