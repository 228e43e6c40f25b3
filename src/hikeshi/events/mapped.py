"""Generic JSON and CSV logs, read as a mapping says (`mapping.py`).

A parser made of a mapping is not in the table of parsers and recognises nothing by itself: it is given with `--as mapping.yaml`. Its
version is made from the mapping, so that another mapping is another reading.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from hashlib import blake2b
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from hikeshi.errors import Refused, Unreadable
from hikeshi.events import mapping
from hikeshi.events.csv_rows import Row, rows
from hikeshi.events.epochs import epoch
from hikeshi.events.event import Event
from hikeshi.events.json_records import BROKEN, records
from hikeshi.events.mapping import MONTHS, Mapping
from hikeshi.events.named_fields import attrs_of, fitting
from hikeshi.events.parsers import PARSERS
from hikeshi.events.source import Source
from hikeshi.events.times import EPOCH, MICROSECOND, Instant, in_zone, instant


class Mapped:
    """The parser of one mapping. It can be sent to other processes."""

    def __init__(self, given: Mapping) -> None:
        if given.name in PARSERS:
            raise Refused(f"There is a parser {given.name!r} already.", hint="Give the mapping another name.")
        self.mapping = given
        self.NAME = given.name
        self.VERSION = blake2b(msgspec.json.encode(given, order="sorted"), digest_size=6).hexdigest()
        self._time = _reader(given.time)
        self._used = {given.time.field, *given.fields.values()}
        self._constants = {column: fitting(column, value) for column, value in given.values.items()}

    def __reduce__(self) -> tuple[type[Mapped], tuple[Mapping]]:
        return Mapped, (self.mapping,)

    def recognises(self, head: bytes) -> bool:  # noqa: ARG002  the shape of a parser
        """Never: a mapping is given, not found."""
        return False

    def events(self, source: Source) -> Iterator[Event | Unreadable]:
        """Each record as the mapping says; one without the time, or with another one, is unreadable."""
        yield from self._of_json(source) if self.mapping.format == "json" else self._of_rows(source)

    def _of_json(self, source: Source) -> Iterator[Event | Unreadable]:
        for record in records(source):
            if isinstance(record, Unreadable):
                yield record
                continue
            try:
                fields = msgspec.json.decode(record.data, type=dict[str, Any])
                yield self._event(fields, bytes(record.data), record.variant, record.seq, record.offset)
            except (*BROKEN, TypeError) as error:
                yield source.unreadable(str(error), f"record {record.seq:,}")

    def _of_rows(self, source: Source) -> Iterator[Event | Unreadable]:
        names = list(self.mapping.header or ())
        for row in rows(source, self.mapping.separator):
            if isinstance(row, Unreadable):
                yield row
            elif not names:
                names = [name.strip() for name in row.values]
                if self.mapping.time.field not in names:
                    yield source.unreadable(f"there is no column {self.mapping.time.field!r}", f"line {row.line:,}")
                    return
            else:
                yield self._of_row(names, row, source)

    def _of_row(self, names: list[str], row: Row, source: Source) -> Event | Unreadable:
        if len(row.values) > len(names):
            reason = f"the row has {len(row.values):,} values for {len(names):,} columns"
            return source.unreadable(reason, f"line {row.line:,}")
        try:
            return self._event(dict(zip(names, row.values, strict=False)), row.data, "csv", row.seq, row.offset)
        except ValueError as error:
            return source.unreadable(str(error), f"line {row.line:,}")

    def _event(self, fields: dict[str, Any], raw: bytes, variant: str, seq: int, offset: int | None) -> Event:
        text = _value(fields, self.mapping.time.field)
        at = self._time(str(text).strip()) if isinstance(text, str | int | float) else None
        if at is None:
            raise ValueError(f"{self.mapping.time.field!r} has no time of that form: {str(text)[:60]!r}")
        columns = dict(self._constants)
        lost = set()
        for column, name in self.mapping.fields.items():
            value = _value(fields, name)
            if value is not None and value != "" and (fit := fitting(column, value)) is not None:
                columns[column] = fit
            else:
                lost.add(name)
        rest = {name: value for name, value in fields.items() if name not in self._used or name in lost}
        columns.setdefault("action", "event")
        columns |= {"ts_precision": at.precision, "ts_basis": at.basis, "ts_raw": str(text)}
        message = self.mapping.message
        return Event(
            ts=at.us,
            ts_desc=self.mapping.time.says,
            seq=seq,
            source_variant=variant,
            offset=offset,
            raw=raw,
            message=mapping.filled(message, fields, _value) if message else _all(fields),
            attrs=attrs_of({name: value for name, value in rest.items() if value not in (None, "")}),
            **columns,
        )


def parser_of(path: Path) -> Mapped:
    """The parser of a mapping's file. Raises Unreadable for what is wrong in it, Refused where its name is taken."""
    return Mapped(mapping.read(path))


def _value(fields: dict[str, Any], path: str) -> Any:
    """The field of that name, or the one that the dots lead to."""
    if path in fields:
        return fields[path]
    found: Any = fields
    for name in path.split("."):
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _all(fields: dict[str, Any]) -> str:
    shown = (f"{name}={value}" for name, value in fields.items() if value not in (None, ""))
    return ", ".join(shown)[:500] or "event"


def _reader(given: mapping.Time) -> Callable[[str], Instant | None]:
    """From text to a time. Many records share a second, so that what was read is kept."""
    if given.form == "number":
        return epoch
    zone = ZoneInfo(given.zone) if given.zone else None
    if given.form == "iso":
        return functools.lru_cache(8192)(lambda text: _in_zone(instant(text), zone))
    form = mapping.pattern(given.form)
    return functools.lru_cache(8192)(lambda text: _of_pattern(form.fullmatch(text), zone))


def _in_zone(at: Instant | None, zone: tzinfo | None) -> Instant | None:
    if at is None or zone is None or at.basis != "zone_assumed":
        return at
    return at._replace(us=in_zone(at.us, zone), basis="offset")


def _of_pattern(found: re.Match[str] | None, zone: tzinfo | None) -> Instant | None:
    if found is None:
        return None
    part = found.groupdict()
    try:
        clock = time(_hour(part), int(part.get("M") or 0), int(part.get("S") or 0), _microsecond(part))
        offset = _offset(part.get("z")) or zone
        read = datetime.combine(date(_year(part), _month(part), int(part["d"])), clock, offset or UTC)
        us = (read - EPOCH) // MICROSECOND
    except (ValueError, OverflowError):
        return None
    basis = "utc" if part.get("z") in {"Z", "+0000", "+00:00"} else "offset" if offset else "zone_assumed"
    return Instant(us, _precision(part), basis)


def _year(part: dict[str, str]) -> int:
    """Two digits are a year from 1969 to 2068, as POSIX has it."""
    if "Y" in part:
        return int(part["Y"])
    return int(part["y"]) + (1900 if int(part["y"]) >= 69 else 2000)


def _microsecond(part: dict[str, str]) -> int:
    return int((part.get("f") or "0").ljust(6, "0")[:6])


def _month(part: dict[str, str]) -> int:
    return int(part["m"]) if "m" in part else MONTHS.index(part["b"].lower()) + 1


def _hour(part: dict[str, str]) -> int:
    if "I" not in part:
        return int(part.get("H") or 0)
    if not 1 <= int(part["I"]) <= 12:
        raise ValueError("no hour of a clock")
    return int(part["I"]) % 12 + (12 if part.get("p", "").lower() == "pm" else 0)


def _offset(text: str | None) -> tzinfo | None:
    if not text:
        return None
    if text == "Z":
        return UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return timezone(timedelta(minutes=-minutes if text[0] == "-" else minutes))


def _precision(part: dict[str, str]) -> str:
    if digits := len(part.get("f") or ""):
        return "ms" if digits <= 3 else "us"
    return "s" if "S" in part else "min" if "M" in part else "day"
