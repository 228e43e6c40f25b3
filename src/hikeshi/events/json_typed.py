"""JSON records as typed structs, where the world does not keep to the documentation.

A field of another type than documented must not cost its record: it is left out of the struct and stays in the raw record.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec

from hikeshi.events.json_records import BROKEN
from hikeshi.events.times import SECOND, Instant, instant

T = TypeVar("T")

MISFITS = 50
"""So many fields of another type are left out; a record with more is another log's."""

_PLACE = re.compile(r" - at `(?:key in )?\$(.+)`$")
_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]")
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw])


def reader(kind: type[T]) -> Callable[[bytes], T]:
    """A function from the bytes of one record to the struct. It raises one of `BROKEN` where no such struct can be made at all."""
    typed = msgspec.json.Decoder(kind)

    def read(data: bytes) -> T:
        try:
            return typed.decode(data)
        except msgspec.ValidationError as error:
            return _without_misfits(typed, msgspec.json.decode(data), error)

    return read


def rest(data: bytes, known: frozenset[str]) -> bytes | None:
    """The fields of a record that no column holds, as a JSON object with the values as they were written."""
    left = {name: value for name, value in _fields.decode(data).items() if name not in known}
    return msgspec.json.encode(left) if left else None


def _without_misfits(typed: msgspec.json.Decoder[T], data: Any, error: msgspec.ValidationError) -> T:
    for _ in range(MISFITS):
        place = _PLACE.search(str(error))
        if place is None or not _drop(data, place[1]):
            break
        try:
            return typed.decode(msgspec.json.encode(data))
        except msgspec.ValidationError as another:
            error = another
    raise error


def _drop(data: Any, path: str) -> bool:
    """Take away the value at the path, as msgspec writes it. False where there is none."""
    steps = [name or int(index) for name, index in _STEP.findall(path.partition("[...]")[0])]
    try:
        for step in steps[:-1]:
            data = data[step]
        del data[steps[-1]]
    except (LookupError, TypeError):
        return False
    return True


def object_of(data: bytes) -> dict[str, Any]:
    """The record as plain values, or an empty object where it is none."""
    try:
        value = msgspec.json.decode(data)
    except BROKEN:
        return {}
    return value if isinstance(value, dict) else {}


def moment(value: str | float | None, *, unit: int = 1_000) -> Instant | None:
    """A time as text (ISO 8601), or as a number since 1970, in units of so many microseconds. None where it cannot be read."""
    if isinstance(value, str):
        return instant(value)
    if value is None or not 0 <= value * unit < LAST:
        return None
    return Instant(round(value * unit), "s" if unit == SECOND and value == int(value) else "ms", "utc")


LAST = 253_402_300_800 * SECOND
"""Microseconds until the year 10000."""
