"""The systemd journal as `journalctl -o json` (also pretty or in a sequence) or `-o export` writes it.

In the export format a field is `NAME=value` in a line, or where the value is binary: the name, its length as 64 bits little endian, the
bytes; an empty line ends an entry. In JSON such a value is a list of numbers, and a field that is there twice a list of values. What
sshd, sudo, su, cron and useradd say means the same as in syslog (`events/logins.py`). `__CURSOR` names an entry for ever, so copies of
one journal fold. The binary journal itself is not read here: export it, `journalctl --file`.

References:
  https://systemd.io/JOURNAL_EXPORT_FORMATS/
  https://www.freedesktop.org/software/systemd/man/latest/systemd.journal-fields.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.json_records import BROKEN, records
from hikeshi.events.logins import Meaning, meaning
from hikeshi.events.source import Source

NAME = "journal"
VERSION = "1"

Fields = dict[str, str]
"""One entry: values as text, those that are there twice joined by a line's end."""

FIELDS = 4096
"""Fields of one entry; a longer one is cut in two."""

SEVERITY = {"0": 100.0, "1": 95.0, "2": 90.0, "3": 70.0, "4": 50.0, "5": 30.0, "6": 10.0, "7": 0.0}
TAKEN = frozenset({
    "MESSAGE", "PRIORITY", "SYSLOG_IDENTIFIER", "_CMDLINE", "_EXE", "_HOSTNAME", "_PID", "_UID", "__CURSOR",
    "__MONOTONIC_TIMESTAMP", "__REALTIME_TIMESTAMP",
})  # fmt: skip
_decoder = msgspec.json.Decoder(dict[str, Any])
_name = re.compile(rb"[A-Z0-9_]{1,64}").fullmatch
_export = re.compile(rb"\s*__CURSOR=[^\n]+\n(?:__[A-Z_]+=[^\n]*\n)*?__REALTIME_TIMESTAMP=\d")


def recognises(head: bytes) -> bool:
    if _export.match(head):
        return True
    first = head.lstrip(b"\x1e \t\r\n")
    return first.startswith(b"{") and b'"__REALTIME_TIMESTAMP"' in first and b'"__CURSOR"' in first


def events(source: Source) -> Iterator[Event | Unreadable]:
    """Every entry, in the order of the export."""
    if not source.head.lstrip(b"\x1e \t\r\n").startswith(b"{"):
        yield from _exported(source)
        return
    for record in records(source):
        if isinstance(record, Unreadable):
            yield record
            continue
        try:
            fields = {name: _text(value) for name, value in _decoder.decode(record.data).items()}
            yield _event(fields, bytes(record.data), record.seq, record.offset, "json")
        except BROKEN as error:
            yield source.unreadable(str(error), f"record {record.seq:,}")


def _text(value: Any) -> str:
    """A value of JSON: text, a list of bytes, a list of values, or null where it was too long."""
    if isinstance(value, str):
        return value
    if isinstance(value, list):
        if value and all(type(one) is int and 0 <= one < 256 for one in value):
            return bytes(value).decode("utf-8", "backslashreplace")
        return "\n".join(_text(one) if isinstance(one, str) else str(one)[:1024] for one in value)
    return "" if value is None else str(value)[:1024]


class Entries:
    """The fields of an export, read from the pieces of a source."""

    def __init__(self, source: Source) -> None:
        self._pieces = source.chunks()
        self._limit = source.limits.line
        self._rest = b""
        self._at = 0
        self.offset = 0

    def line(self) -> bytes | None:
        """The next line without its end, or None after the last."""
        seen = self._at
        while (end := self._rest.find(b"\n", seen)) < 0:
            seen = len(self._rest)
            if seen - self._at > self._limit or not self._more():
                return self._take(len(self._rest) - self._at) or None
            seen -= self._shifted
        line = self._take(end - self._at)
        self._take(1)
        return line

    def exactly(self, size: int) -> bytes:
        """So many bytes, or what is left of the file. Raises ValueError over the limit of a line."""
        if size > self._limit:
            raise ValueError(f"a field of {size:,} bytes is over the limit")
        while len(self._rest) - self._at < size and self._more():
            pass
        return self._take(min(size, len(self._rest) - self._at))

    def _more(self) -> bool:
        piece = next(self._pieces, b"")
        self._shifted = self._at
        self._rest, self._at = self._rest[self._at :] + piece, 0
        return bool(piece)

    def _take(self, size: int) -> bytes:
        taken = self._rest[self._at : self._at + size]
        self._at += size
        self.offset += size
        return taken


def _exported(source: Source) -> Iterator[Event | Unreadable]:
    entries = Entries(source)
    fields: Fields = {}
    raws: list[bytes] = []
    seq = start = 0
    going = True
    while going:
        at = entries.offset
        line = entries.line()
        going = line is not None
        if not line or len(raws) >= FIELDS:
            if fields:
                seq += 1
                yield _whole(fields, b"\n".join(raws), seq, start, source)
            fields, raws = {}, []
        if not line:
            continue
        start = at if not raws else start
        try:
            name, value, raw = _field(entries, line)
        except ValueError as error:
            yield source.unreadable(str(error), f"byte {at:,}")
            raws.append(line)
            continue
        raws.append(raw)
        known = fields.get(name)
        fields[name] = value if known is None else f"{known}\n{value}"


def _field(entries: Entries, line: bytes) -> tuple[str, str, bytes]:
    """Name, value and bytes of the field that begins in this line. Raises ValueError where it is none."""
    name, equals, value = line.partition(b"=")
    if not _name(name):
        raise ValueError("this is no field of a journal")
    raw = line
    if not equals:
        head = entries.exactly(8)
        size = int.from_bytes(head, "little")
        value = entries.exactly(size)
        if len(head) < 8 or len(value) < size:
            raise ValueError("the field is cut off")
        entries.exactly(1)
        raw = b"%b\n%b%b" % (line, head, value)
    return name.decode(), value.decode("utf-8", "backslashreplace"), raw


def _whole(fields: Fields, raw: bytes, seq: int, offset: int, source: Source) -> Event | Unreadable:
    try:
        return _event(fields, raw, seq, offset, "export")
    except BROKEN as error:
        return source.unreadable(str(error), f"entry {seq:,}, byte {offset:,}")


def _event(fields: Fields, raw: bytes, seq: int, offset: int | None, variant: str) -> Event:
    """Raises ValueError where the entry has no time."""
    get = fields.get
    text = get("__REALTIME_TIMESTAMP", "")
    at = _number(text)
    if at is None:
        raise ValueError(f"no time that can be read: {text[:40]!r}" if text else "the entry has no time")
    service = get("SYSLOG_IDENTIFIER") or get("_COMM") or get("_SYSTEMD_UNIT") or "journal"
    message = get("MESSAGE", "")
    says = meaning(service, message) or Meaning("", "system", cmdline=get("_CMDLINE"))
    rest: dict[str, object] = {name: value for name, value in fields.items() if name not in TAKEN and value}
    cursor = get("__CURSOR")
    return Event(
        dedup_key=f"journal:{cursor}" if cursor else None,
        ts=at,
        ts_precision="us",
        ts_desc="recorded",
        ts_raw=text,
        seq=seq,
        source_variant=variant,
        offset=offset,
        raw=raw,
        category=says.category,
        service=service,
        action=says.action or service,
        outcome=says.outcome,
        severity=SEVERITY.get(get("PRIORITY", "")),
        message=f"{service}: {message}" if message else service,
        actor_id=get("_UID"),
        actor_name=says.actor,
        src_ip=says.src_ip,
        src_port=says.src_port,
        src_host=says.src_host,
        resource_type="user" if says.target else None,
        resource_ids=[says.target] if says.target else None,
        host=get("_HOSTNAME"),
        process=get("_EXE") or get("_COMM") or service,
        pid=_number(get("_PID") or get("SYSLOG_PID") or ""),
        cmdline=says.cmdline,
        attrs=msgspec.json.encode({**says.rest, **rest}) if rest or says.rest else None,
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None
