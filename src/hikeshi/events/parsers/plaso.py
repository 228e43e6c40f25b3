"""Timelines written by Plaso (psort): json_line, json, l2tcsv, and CSV with the fields of the dynamic output.

A record is one time of something, so that counts are not those of the logs behind: a Windows record is two of them, and psort drops
exact doubles. `timestamp` says when, `date_time` how finely. A time that is "Not set" stands as 1970 in other columns; such a record
is unreadable and not an event of 1970. The separated outputs replace commas inside values and quote nothing.

A CSV of the dynamic output is also a Timesketch CSV; it is read here where its first columns are the seven that psort writes.

References:
  https://plaso.readthedocs.io/en/latest/sources/user/Output-and-formatting.html
  https://github.com/log2timeline/plaso/blob/main/plaso/output/l2t_csv.py
  https://github.com/log2timeline/dfdatetime/tree/main/dfdatetime
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator, Mapping
from hashlib import blake2b
from typing import Any, TypeGuard
from zoneinfo import ZoneInfo

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.events.csv_rows import Row, first_row, rows
from hikeshi.events.event import Event
from hikeshi.events.json_records import BROKEN, records
from hikeshi.events.json_shape import first_record
from hikeshi.events.named_fields import attrs_of, columns_and_rest
from hikeshi.events.source import Source
from hikeshi.events.times import EPOCH, MICROSECOND, Instant, instant

NAME = "plaso"
VERSION = "1"

DYNAMIC = ["datetime", "timestamp_desc", "source", "source_long", "message", "parser", "display_name"]
L2T = ["date", "time", "timezone", "MACB", "source", "sourcetype", "type", "user", "host", "short", "desc"]

MEANT = {
    "Content Modification Time": "modified",
    "Creation Time": "created",
    "Last Access Time": "accessed",
    "Metadata Modification Time": "changed",
    "Recorded Time": "recorded",
}
"""What psort calls our kinds of time."""

PRECISIONS = {
    "APFSTime": "ns", "CocoaTime": "us", "DelphiDateTime": "ms", "FATDateTime": "s", "Filetime": "100ns",
    "GolangTime": "ns", "JavaTime": "ms", "PosixTime": "s", "PosixTimeInMilliseconds": "ms",
    "PosixTimeInMicroseconds": "us", "PosixTimeInNanoseconds": "ns", "Systemtime": "ms", "TimeElements": "s",
    "TimeElementsInMilliseconds": "ms", "TimeElementsInMicroseconds": "us", "UUIDTime": "100ns", "WebKitTime": "us",
}  # fmt: skip
"""How fine the classes of dfdatetime are; any other counts as microseconds."""

TIMELESS = frozenset({"InvalidTime", "Never", "NotSet", "SemanticTime"})
FROM_1601 = 11_644_473_600_000_000
LAST = 1 << 62

_EVENT = re.compile(rb'\{\s*"event_\d+"\s*:\s*\{')
_NUMBERED = re.compile(r"event_\d+")
_DATE = re.compile(r"(\d\d)/(\d\d)/(\d{4})")


def recognises(head: bytes) -> bool:
    if head.lstrip().startswith(b"{"):
        return first_record(head).get("__container_type__") == "event" or (
            _EVENT.match(head) is not None and b'"__container_type__"' in head
        )
    names = first_row(head)
    return names[: len(DYNAMIC)] == DYNAMIC or names[: len(L2T)] == L2T


def events(source: Source) -> Iterator[Event | Unreadable]:
    """Every record of any of the outputs."""
    if source.head.lstrip().startswith((b"{", b"[")):
        yield from _of_json(source)
    else:
        yield from _of_rows(source)


def _of_json(source: Source) -> Iterator[Event | Unreadable]:
    seq = 0
    for record in records(source):
        if isinstance(record, Unreadable):
            yield record
            continue
        for raw in _numbered(bytes(record.data)):
            seq += 1
            try:
                yield _event(
                    _container(raw), raw, "json_line" if record.variant == "lines" else "json", seq, record.offset
                )
            except (*BROKEN, TypeError) as error:
                yield source.unreadable(str(error), f"record {seq:,}")


def _numbered(data: bytes) -> list[bytes]:
    """The records of `psort -o json`: one object with all of them under event_0 and so on. Any other record is itself."""
    if _EVENT.match(data):
        try:
            return [bytes(raw) for raw in msgspec.json.decode(data, type=dict[str, msgspec.Raw]).values()]
        except BROKEN:
            pass
    return [data]


def _container(raw: bytes) -> dict[str, Any]:
    fields = msgspec.json.decode(raw)
    if not isinstance(fields, dict) or not ("timestamp" in fields or "date_time" in fields):
        raise ValueError("this is no event of Plaso: it has neither timestamp nor date_time")
    return {name: value for name, value in fields.items() if name not in {"__container_type__", "__type__"}}


def _event(fields: dict[str, Any], raw: bytes, variant: str, seq: int, offset: int | None) -> Event:
    at, sub = _time(fields.pop("timestamp", None), fields.pop("date_time", None))
    return _made(fields, at, raw, variant=variant, seq=seq, offset=offset, sub=sub)


def _time(timestamp: Any, date_time: Any) -> tuple[Instant, int | None]:
    """When, and the nanoseconds below the microsecond. Raises ValueError where the record has no time."""
    kind, value, local = "", None, False
    if isinstance(date_time, dict):
        kind, value = str(date_time.get("__class_name__")), date_time.get("timestamp")
        local = date_time.get("is_local_time") is True
    if kind in TIMELESS:
        raise ValueError("the record has no time: it is not set")
    us = timestamp if _is_number(timestamp) else _of_class(kind, value)
    if us is None or not -LAST < us < LAST:
        raise ValueError("the record has no time that can be read")
    sub = None
    if _is_number(value) and kind in {"Filetime", "UUIDTime"}:
        sub = value % 10 * 100
    elif _is_number(value) and kind in {"PosixTimeInNanoseconds", "APFSTime"}:
        sub = value % 1000
    return Instant(us, PRECISIONS.get(kind, "us"), "zone_assumed" if local else "utc"), sub


def _of_class(kind: str, value: Any) -> int | None:
    """Microseconds since 1970, for records that have nothing but `date_time`."""
    if not _is_number(value):
        return None
    number = int(value)
    return {
        "Filetime": number // 10 - FROM_1601,
        "JavaTime": number * 1000,
        "PosixTime": number * 1_000_000,
        "PosixTimeInMilliseconds": number * 1000,
        "PosixTimeInMicroseconds": number,
        "PosixTimeInNanoseconds": number // 1000,
        "APFSTime": number // 1000,
        "WebKitTime": number - FROM_1601,
    }.get(kind)


def _is_number(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)


def _of_rows(source: Source) -> Iterator[Event | Unreadable]:
    names: list[str] = []
    for row in rows(source):
        if isinstance(row, Unreadable):
            yield row
            continue
        if not names:
            names = row.values
        if row.values == names and _is_header(names):
            continue
        try:
            yield _of_row(names, row)
        except ValueError as error:
            yield source.unreadable(str(error), f"line {row.line:,}")


def _is_header(names: list[str]) -> bool:
    return names[:2] == DYNAMIC[:2] or names[:2] == L2T[:2]


def _of_row(names: list[str], row: Row) -> Event:
    values = row.values
    if len(values) != len(names):
        values = row.data.decode("utf-8", "backslashreplace").split(",")  # nothing is quoted: a quote is a letter
    if len(values) != len(names) or not _is_header(names):
        raise ValueError(f"the row has {len(values):,} values for {len(names):,} columns")
    fields: dict[str, Any] = dict(zip(names, values, strict=True))
    if names[0] == "date":
        return _of_l2t(fields, row)
    at = instant(fields.pop("datetime"))
    if at is None:
        raise ValueError("the record has no time that can be read")
    return _made(fields, at, row.data, variant="dynamic", seq=row.seq, offset=row.offset)


def _of_l2t(fields: dict[str, Any], row: Row) -> Event:
    at = _l2t_time(fields.pop("date"), fields.pop("time"), fields.pop("timezone", ""))
    if at is None:
        raise ValueError("the record has no time that can be read")
    extra = (pair.partition(": ") for pair in fields.pop("extra", "").split("; "))
    renamed = {"desc": "message", "type": "timestamp_desc", "format": "parser", "sourcetype": "source_long"}
    fields = {renamed.get(name, name): value for name, value in fields.items() if name not in {"short", "version"}}
    fields |= {name: value for name, colon, value in extra if colon and name not in fields}
    return _made(fields, at, row.data, variant="l2tcsv", seq=row.seq, offset=row.offset)


@functools.lru_cache(maxsize=8192)
def _l2t_time(date: str, time: str, zone: str) -> Instant | None:
    parts = _DATE.fullmatch(date)
    read = instant(f"{parts[3]}-{parts[1]}-{parts[2]}T{time}") if parts else None
    if read is None or zone in {"UTC", "Z", "GMT"}:
        return read and Instant(read.us, "s", "utc")
    try:
        local = (EPOCH + read.us * MICROSECOND).replace(tzinfo=ZoneInfo(zone))
        return Instant((local - EPOCH) // MICROSECOND, "s", "offset")
    except (ValueError, KeyError, OSError, OverflowError):
        return Instant(read.us, "s", "zone_assumed")


def _made(
    fields: Mapping[str, Any],
    at: Instant,
    raw: bytes,
    *,
    variant: str,
    seq: int,
    offset: int | None,
    sub: int | None = None,
) -> Event:
    columns, rest = columns_and_rest(fields)
    for name in ("message", "timestamp_desc", "action", "service"):
        columns.pop(name, None)
    message = _words(rest.pop("message", None)) or _words(rest.get("data_type")) or "event"
    said, kind, parser = (_words(rest.get(name)) for name in ("timestamp_desc", "data_type", "parser"))
    where = _words(rest.get("display_name")) or columns.get("file_path") or ""
    digest = blake2b(message.encode("utf-8", "surrogatepass"), digest_size=12).hexdigest()
    if said not in MEANT:
        rest.pop("timestamp_desc", None)
    return Event(
        dedup_key=f"plaso:{kind or parser}:{at.us}:{sub or 0}:{said}:{columns.get('host')}:{where}:{digest}",
        ts=at.us,
        ts_sub=sub,
        ts_desc=MEANT.get(said, said) or "occurred",
        **(columns | {"ts_precision": at.precision, "ts_basis": at.basis}),
        seq=seq,
        source_variant=variant,
        offset=offset,
        raw=raw,
        action=kind or parser or "event",
        service=parser or None,
        message=message,
        attrs=attrs_of(rest),
    )


def _words(value: Any) -> str:
    return value.strip() if isinstance(value, str) and value != "-" else ""
