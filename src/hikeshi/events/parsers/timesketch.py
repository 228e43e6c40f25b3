"""Timelines in Timesketch's form, CSV and JSON lines: rows with a message, a time and what the time says.

`datetime` counts where both it and `timestamp` are there. A number in either is seconds, milliseconds, microseconds or nanoseconds by
its size; the note of the source says when it was not the microseconds that Timesketch asks for. A row without a time is unreadable.
Columns that Hikeshi wrote itself are read back as they were, formulas made harmless for spreadsheets included.

A CSV of Plaso's dynamic output has these columns too and is left to `plaso`; any log of JSON lines with these three fields is taken for
a timeline.

References:
  https://timesketch.org/guides/user/import-from-json-csv/
  https://github.com/google/timesketch/tree/master/tests/test_events
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from hashlib import blake2b
from typing import Any

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.events.csv_rows import Row, first_row, rows
from hikeshi.events.epochs import epoch
from hikeshi.events.event import Event
from hikeshi.events.json_records import BROKEN, records
from hikeshi.events.json_shape import first_record
from hikeshi.events.named_fields import attrs_of, columns_and_rest, fitting
from hikeshi.events.parsers import plaso
from hikeshi.events.source import Source
from hikeshi.events.times import Instant, instant

NAME = "timesketch"
VERSION = "1"

FORMULAS = ("=", "+", "-", "@", "\t", "\r")
"""How a cell begins that a spreadsheet would run. Our exports put an apostrophe before it."""

TIMES = ("datetime", "timestamp")


def recognises(head: bytes) -> bool:
    if head.lstrip().startswith((b"{", b"[")):
        keys = _keys(head)
        return _is_timeline(keys) and "__container_type__" not in keys
    return _is_timeline(names := _names(first_row(head))) and names[: len(plaso.DYNAMIC)] != plaso.DYNAMIC


def events(source: Source) -> Iterator[Event | Unreadable]:
    """Every row."""
    found = _of_json(source) if source.head.lstrip().startswith((b"{", b"[")) else _of_rows(source)
    units: set[str] = set()
    for one in found:
        if isinstance(one, Event) and one.ts_basis == "number":
            one.ts_basis = "utc"
            units.add(one.ts_precision)
        yield one
    if odd := sorted(units - {"us"}):
        source.note = f"times that are numbers were taken for {', '.join(odd)} by their size"


def _keys(head: bytes) -> Collection[str]:
    """Of the first row itself: where its message is JSON, `first_record` would look inside."""
    try:
        return msgspec.json.decode(head.lstrip().partition(b"\n")[0], type=dict[str, msgspec.Raw])
    except BROKEN:
        return first_record(head)


def _is_timeline(names: Collection[str]) -> bool:
    return "message" in names and "timestamp_desc" in names and ("datetime" in names or "timestamp" in names)


def _names(values: list[str]) -> list[str]:
    return [name.strip() for name in values]


def _of_json(source: Source) -> Iterator[Event | Unreadable]:
    for record in records(source):
        if isinstance(record, Unreadable):
            yield record
            continue
        try:
            fields = msgspec.json.decode(record.data, type=dict[str, Any])
            yield _event(fields, bytes(record.data), record.variant, record.seq, record.offset)
        except (*BROKEN, TypeError) as error:
            yield source.unreadable(str(error), f"record {record.seq:,}")


def _of_rows(source: Source) -> Iterator[Event | Unreadable]:
    names: list[str] = []
    for row in rows(source):
        if isinstance(row, Unreadable):
            yield row
            continue
        if not names and _is_timeline(_names(row.values)):
            names = _names(row.values)
        elif _names(row.values) != names:
            try:
                yield _event(_fields(names, row), row.data, "csv", row.seq, row.offset)
            except ValueError as error:
                yield source.unreadable(str(error), f"line {row.line:,}")


def _fields(names: list[str], row: Row) -> dict[str, Any]:
    if not names or len(row.values) > len(names):
        raise ValueError(f"the row has {len(row.values):,} values for {len(names):,} columns")
    return {name: _as_it_was(value) for name, value in zip(names, row.values, strict=False) if value != ""}


def _as_it_was(value: str) -> str:
    return value[1:] if value.startswith("'") and value[1:].startswith(FORMULAS) else value


def _event(fields: dict[str, Any], raw: bytes, variant: str, seq: int, offset: int | None) -> Event:
    if "message" not in fields and "timestamp_desc" not in fields:
        raise ValueError("this is no row of a timeline: it has neither message nor timestamp_desc")
    at, text = _time(fields)
    exported = isinstance(kept := fields.pop("attrs", None), str)
    columns, rest = columns_and_rest({name: value for name, value in fields.items() if name not in TIMES})
    message, said = _words(rest.pop("message", "")), _words(rest.pop("timestamp_desc", ""))
    kind = _words(rest.get("source_kind", ""))
    if kind:
        said = said.removesuffix(f" ({kind})")
    columns.setdefault("ts_precision", at.precision)
    columns.setdefault("ts_basis", at.basis)
    columns.setdefault("ts_raw", text)
    columns.setdefault("action", _words(rest.get("data_type", "")) or kind or said or "event")
    columns["ts_sub"] = fitting("ts_sub", rest.pop("ts_sub", None))
    return Event(
        dedup_key=f"timesketch:{blake2b(raw, digest_size=16).hexdigest()}",
        ts=at.us,
        ts_desc=said or "occurred",
        seq=seq,
        source_variant=columns.pop("source_variant", None) or variant,
        offset=offset,
        raw=raw,
        message=message or said or "event",
        attrs=attrs_of(rest | _kept(kept) if exported else rest),
        **columns,
    )


def _kept(text: str) -> dict[str, Any]:
    """What an export of ours had in attrs."""
    try:
        kept = msgspec.json.decode(text)
    except BROKEN:
        return {"attrs": text}
    return kept if isinstance(kept, dict) else {"attrs": kept}


def _time(fields: dict[str, Any]) -> tuple[Instant, str]:
    for name in TIMES:
        value = fields.get(name)
        text = str(value).strip() if isinstance(value, str | int | float) and not isinstance(value, bool) else ""
        if not text:
            continue
        if (number := epoch(text)) is not None:
            return Instant(number.us, number.precision, "number"), text
        if (at := instant(text)) is not None:
            return at, text
    raise ValueError("the row has no time that can be read")


def _words(value: Any) -> str:
    return value.strip() if isinstance(value, str) else "" if value is None else str(value)
