"""The ledger's hash chain, as pure functions.

An entry carries the SHA-256 of the entry before it and its own SHA-256 over everything but that hash, as RFC 8785 canonical JSON.
Whoever changes, removes, adds or moves an entry has to recompute every later one; the head noted elsewhere then shows it.

One line of an export is the canonical JSON of the whole entry. To check one by hand, with nothing of ours (`jq -j` writes no
newline; jq agrees with RFC 8785 here because floats and long integers are refused and keys outside the basic plane are rare):

    jq -jcS 'del(.hash)' <<< "$line" | sha256sum
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import msgspec

from hikeshi.custody.canonical import canonical
from hikeshi.errors import Refused, Unreadable

LINE_LIMIT = 16 * 1024 * 1024
"""Bytes of one exported line. A larger one is not ours."""


class Head(NamedTuple):
    """The last entry of a chain: its number and its hash. Noted elsewhere, it proves that nothing was cut off or rewritten."""

    seq: int
    hash: str


EMPTY: Final = Head(0, "0" * 64)
"""The head of a chain without entries; its hash is `prev` of the first entry."""


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of the ledger. `seq` counts from 1; `time` is RFC 3339 UTC with six digits and "Z"; `data` is plain JSON."""

    chain: str
    seq: int
    time: str
    actor: str
    door: str
    verb: str
    object: str
    data: Mapping[str, Any]
    prev: str
    hash: str

    @property
    def head(self) -> Head:
        return Head(self.seq, self.hash)


def entry_hash(entry: Entry) -> str:
    """What `entry.hash` has to be. Raises `Refused` where a field has no canonical form."""
    return _hash({name: getattr(entry, name) for name in Entry.__struct_fields__ if name != "hash"})


def seal_entry(
    after: tuple[int, str] = EMPTY,
    *,
    chain: str,
    time: datetime,
    actor: str,
    door: str,
    verb: str,
    object: str,  # noqa: A002 - the field's name in every exported line
    data: Mapping[str, Any],
) -> Entry:
    """The next entry of `chain` after the head `after`.

    `data` is plain JSON without floats and without integers beyond 2^53 - 1; `time` is timezone-aware. Raises `Refused` otherwise.
    """
    seq, prev = after
    fields: dict[str, Any] = {
        "chain": chain,
        "seq": seq + 1,
        "time": timestamp(time),
        "actor": actor,
        "door": door,
        "verb": verb,
        "object": object,
        # Read back from its canonical form: later changes to the caller's dictionary do not reach the sealed entry.
        "data": msgspec.json.decode(canonical(dict(data))),
        "prev": prev,
    }
    return Entry(**fields, hash=_hash(fields))


def timestamp(time: datetime) -> str:
    """RFC 3339 UTC with six digits, such as 2026-11-06T17:31:00.000000Z. Raises `Refused` for a time without a zone."""
    if time.utcoffset() is None:
        raise Refused(
            f"The time {time.isoformat()} has no time zone.", hint="Give an aware datetime, in UTC if possible."
        )
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").zfill(27)


def to_line(entry: Entry) -> bytes:
    """The exported form: canonical JSON and a newline."""
    return canonical({name: getattr(entry, name) for name in Entry.__struct_fields__}, name="entry") + b"\n"


def from_line(line: bytes, *, source: str = "chain", place: str = "") -> Entry:
    """The entry of one exported line. Says nothing about its hash: that is `verify`.

    Raises `Unreadable` for anything but exactly our form: a field twice, or an unknown one, could show one thing to a person and
    another to a verifier.
    """
    if len(line) > LINE_LIMIT:
        raise Unreadable(f"the line is longer than {LINE_LIMIT} bytes", source=source, place=place)
    try:
        entry = msgspec.json.decode(line, type=Entry)
        same = to_line(entry).rstrip(b"\n") == line.rstrip(b"\r\n")
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Unreadable(f"not an entry: {error}", source=source, place=place) from error
    except Refused as error:
        raise Unreadable(error.message, source=source, place=place) from error
    if not same:
        raise Unreadable(
            "the entry is not in canonical form", source=source, place=place, hint="Export the chain again."
        )
    return entry


def read_lines(lines: Iterable[bytes], *, source: str) -> Iterator[Entry | Unreadable]:
    """The entries of an exported chain. An unreadable line is a value, so that `verify` names it and goes on."""
    for number, line in enumerate(lines, start=1):
        if line.strip():
            try:
                yield from_line(line, source=source, place=f"line {number}")
            except Unreadable as error:
                yield error


def _hash(fields: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical(dict(fields), name="entry")).hexdigest()
