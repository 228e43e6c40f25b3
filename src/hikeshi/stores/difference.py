"""What is different between two windows of a timeline: the values of a column that came, went, or changed how often they occur.

The classic use: yesterday against the hour of the attack. What is new in the second window was not normal before.
"""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from hikeshi.errors import Refused
from hikeshi.stores.store import Query, Store, Value

MOST: Final = 100_000
"""Distinct values compared; a column with more (an event's id) says nothing by its values."""

Kind = Literal["new", "gone", "more", "less"]


class Change(msgspec.Struct, frozen=True):
    """One value and how many events had it in each window. `times` compares rates per second, 0 for what is gone."""

    value: Value
    kind: Kind
    before: int
    after: int
    times: float


def difference(store: Store, field: str, before: Query, after: Query, *, factor: float = 3.0) -> list[Change]:
    """New values first, then gone, then those whose rate changed by `factor` or more. Each most frequent first.

    Both queries need a start and an end. Raises `Refused` where one has none, or where the column has too many values.
    """
    spans = _span(before, "first"), _span(after, "second")
    counted = [dict(store.facet(field, query, top=MOST + 1)) for query in (before, after)]
    if max(map(len, counted)) > MOST:
        raise Refused(
            f"{field} has more than {MOST} different values.", hint="Compare a column such as action or src_ip."
        )
    earlier, later = counted
    found = [
        _change(value, earlier.get(value, 0), later.get(value, 0), spans[1] / spans[0], factor)
        for value in earlier | later
    ]
    order: dict[Kind, int] = {"new": 0, "gone": 1, "more": 2, "less": 3}
    changes = [change for change in found if change is not None]
    return sorted(changes, key=lambda one: (order[one.kind], -max(one.before, one.after), str(one.value)))


def _span(query: Query, which: str) -> float:
    if query.start_us is None or query.end_us is None or query.end_us <= query.start_us:
        raise Refused(f"The {which} window has no start and end.", hint="Give both as ISO 8601 with zone.")
    return float(query.end_us - query.start_us)


def _change(value: Value, before: int, after: int, longer: float, factor: float) -> Change | None:
    """`longer` is how much longer the second window is: twice as many events in twice the time is no change."""
    if not before:
        return Change(value, "new", 0, after, 0.0)
    times = round(after / before / longer, 3)
    if not after:
        return Change(value, "gone", before, 0, 0.0)
    if times >= factor:
        return Change(value, "more", before, after, times)
    return Change(value, "less", before, after, times) if times <= 1 / factor else None
