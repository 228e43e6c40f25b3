"""Linux login records: wtmp, utmp and btmp of glibc on 64-bit and 32-bit little-endian machines (384 bytes a record).

A record has no mark: a file is taken for one where the first records have a known type, a time that is possible, clean texts and an
empty reserve. btmp has the same records for failed logins and nothing in them says so: only a file where every record is of type
LOGIN_PROCESS or USER_PROCESS with line `ssh:notty` and the like gives failures. ARM64 and other layouts (400 bytes) are not read. The
time is seconds since 1970 in 32 bits, which after 2038 count on without a sign.

References:
  https://man7.org/linux/man-pages/man5/utmp.5.html
  https://sourceware.org/git/?p=glibc.git;a=blob;f=sysdeps/gnu/bits/utmpx.h
"""

from __future__ import annotations

import socket
import struct
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.events.addresses import address
from hikeshi.events.event import Event
from hikeshi.events.source import Source

NAME = "wtmp"
VERSION = "1"

LAYOUT = struct.Struct("<hxxi32s4s32s256shhiII16s20s")


class Kind(NamedTuple):
    """What a type of record means."""

    name: str
    action: str
    category: str = "system"
    outcome: str | None = None


KINDS = {
    0: Kind("EMPTY", "empty"),
    1: Kind("RUN_LVL", "runlevel"),
    2: Kind("BOOT_TIME", "boot"),
    3: Kind("NEW_TIME", "clock set: new"),
    4: Kind("OLD_TIME", "clock set: old"),
    5: Kind("INIT_PROCESS", "init process"),
    6: Kind("LOGIN_PROCESS", "login prompt", "login"),
    7: Kind("USER_PROCESS", "login", "login", "success"),
    8: Kind("DEAD_PROCESS", "logout", "login"),
    9: Kind("ACCOUNTING", "accounting"),
}


class Record(NamedTuple):
    """One record as it lies in the file."""

    kind: int
    pid: int
    line: bytes
    id: bytes
    user: bytes
    host: bytes
    termination: int
    exit: int
    session: int
    seconds: int
    microseconds: int
    address: bytes
    reserve: bytes


def recognises(head: bytes) -> bool:
    first = [head[at : at + LAYOUT.size] for at in range(0, min(len(head), 16 * LAYOUT.size), LAYOUT.size)]
    whole = [Record._make(LAYOUT.unpack(one)) for one in first if len(one) == LAYOUT.size]
    possible = [record for record in whole if _possible(record)]
    return any(record.seconds for record in possible) and _possible(whole[0]) and len(possible) * 2 > len(whole)


def _possible(record: Record) -> bool:
    texts = (record.line, record.user, record.host)
    return (
        record.kind in KINDS
        and not record.reserve.strip(b"\0")
        and record.microseconds < 1_000_000
        and all(_clean(text) for text in texts)
        and (record.seconds > 0 or record.kind == 0)
    )


def _clean(text: bytes) -> bool:
    """Printable up to the first zero. Old records leave remains behind it."""
    return all(byte >= 32 for byte in text.partition(b"\0")[0])


def events(source: Source) -> Iterator[Event | Unreadable]:
    """Every record but empty ones."""
    failed = _is_btmp(source.head)
    seq, rest = 0, b""
    for piece in source.chunks():
        data = rest + piece
        end = len(data) - len(data) % LAYOUT.size
        rest = data[end:]
        for at in range(0, end, LAYOUT.size):
            seq += 1
            raw = data[at : at + LAYOUT.size]
            record = Record._make(LAYOUT.unpack(raw))
            if record.kind == 0 and not record.seconds:
                continue
            if _possible(record):
                yield _event(record, raw, seq, failed=failed)
            else:
                yield source.unreadable("this is no login record", f"record {seq:,}")
    if rest:
        yield source.unreadable(f"{len(rest)} bytes at the end are no whole record", f"record {seq + 1:,}")


def _is_btmp(head: bytes) -> bool:
    records = [Record._make(one) for one in LAYOUT.iter_unpack(head[: len(head) - len(head) % LAYOUT.size])]
    return bool(records) and all(record.kind in {6, 7} and b"notty" in record.line for record in records)


def _text(raw: bytes) -> str:
    return raw.partition(b"\0")[0].decode("utf-8", "backslashreplace")


def _address(raw: bytes) -> str | None:
    """IPv4 in the first four bytes, else IPv6; zeros where there is none."""
    if not raw.strip(b"\0"):
        return None
    if not raw[4:].strip(b"\0"):
        return socket.inet_ntop(socket.AF_INET, raw[:4])
    return address(socket.inet_ntop(socket.AF_INET6, raw))


def _event(record: Record, raw: bytes, seq: int, *, failed: bool) -> Event:
    kind = (
        KINDS[record.kind]._replace(action="login", category="login", outcome="failure")
        if failed
        else KINDS[record.kind]
    )
    user, line, host = _text(record.user), _text(record.line), _text(record.host)
    src_ip = (_address(record.address) or address(host)) if record.kind in {6, 7, 8} else None
    place = f" from {host or src_ip}" if host or src_ip else ""
    rest = {
        "type": kind.name,
        "line": line,
        "id": _text(record.id),
        "host": host,
        "session": record.session,
        "exit": record.exit,
    }
    return Event(
        ts=record.seconds * 1_000_000 + record.microseconds,
        ts_precision="us" if record.microseconds else "s",
        ts_desc="recorded",
        ts_raw=f"{record.seconds}.{record.microseconds:06}",
        seq=seq,
        source_variant="btmp" if failed else "wtmp",
        offset=(seq - 1) * LAYOUT.size,
        raw=raw,
        category=kind.category,
        service="login",
        action=kind.action,
        outcome=kind.outcome,
        message=f"{kind.action}: {user or '-'} on {line or '-'}{place}" + (" (failure)" if failed else ""),
        actor_name=user or None if kind.category == "login" else None,
        src_ip=src_ip,
        src_host=host or None if address(host) is None and record.kind in {6, 7, 8} else None,
        pid=record.pid if record.pid > 0 else None,
        attrs=msgspec.json.encode({name: value for name, value in rest.items() if value}),
    )
