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
from typing import Annotated, Any, Final, NamedTuple

import msgspec

from hikeshi.custody.canonical import INTEGER_LIMIT, canonical
from hikeshi.errors import Refused, Unreadable

LINE_LIMIT = 16 * 1024 * 1024
"""Bytes of one exported line. A larger one is not ours."""


class Head(NamedTuple):
    """The last entry of a chain: its number and its hash. Noted elsewhere, it proves that nothing was cut off or rewritten."""

    seq: int
    hash: str


EMPTY: Final = Head(0, "0" * 64)
"""The head of a chain without entries; its hash is `prev` of the first entry."""


Place = Annotated[int, msgspec.Meta(ge=1, le=INTEGER_LIMIT)]


class Entry(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One line of the ledger. `seq` counts from 1; `time` is RFC 3339 UTC with six digits and "Z".

    `sealed` is the `data` of the exported line as its canonical JSON, byte for byte: what was hashed is what is hashed again, without
    reading it. The fields stand in the order of their exported names, so that encoding an entry gives its canonical line.
    """

    actor: str
    chain: str
    sealed: msgspec.Raw = msgspec.field(name="data")
    door: str
    hash: str
    object: str
    prev: str
    seq: Place
    time: str
    verb: str

    @property
    def data(self) -> dict[str, Any]:
        """What the entry says, as plain JSON, read anew each time. Raises `msgspec.DecodeError` where it is not JSON any more."""
        decoded: dict[str, Any] = msgspec.json.decode(self.sealed)
        return decoded

    @property
    def head(self) -> Head:
        return Head(self.seq, self.hash)


class _Hashed(msgspec.Struct, frozen=True):
    """Everything of an entry but its hash, in the order of canonical JSON."""

    actor: str
    chain: str
    data: msgspec.Raw
    door: str
    object: str
    prev: str
    seq: int
    time: str
    verb: str


_encode = msgspec.json.Encoder().encode
# msgspec escapes text exactly as RFC 8785 asks (tests/custody/test_chain.py compares every character that could differ).


def entry_hash(entry: Entry) -> str:
    """What `entry.hash` has to be."""
    fields = _Hashed(
        entry.actor, entry.chain, entry.sealed, entry.door, entry.object, entry.prev, entry.seq, entry.time, entry.verb
    )
    return hashlib.sha256(_encode(fields)).hexdigest()


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
    # The canonical form is kept: later changes to the caller's dictionary do not reach the sealed entry.
    sealed = msgspec.Raw(canonical(dict(data)))
    fields = _Hashed(actor, chain, sealed, door, object, prev, seq + 1, timestamp(time), verb)
    try:
        hashed = hashlib.sha256(_encode(fields)).hexdigest()
    except UnicodeEncodeError as error:
        raise Refused(
            f"The entry contains half a surrogate pair, which UTF-8 cannot carry: {error.object!r:.80}"
        ) from error
    return Entry(
        actor=actor, chain=chain, sealed=sealed, door=door, hash=hashed, object=object, prev=prev, seq=fields.seq,
        time=fields.time, verb=verb,
    )  # fmt: skip


def timestamp(time: datetime) -> str:
    """RFC 3339 UTC with six digits, such as 2026-11-06T17:31:00.000000Z. Raises `Refused` for a time without a zone."""
    if time.utcoffset() is None:
        raise Refused(
            f"The time {time.isoformat()} has no time zone.", hint="Give an aware datetime, in UTC if possible."
        )
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ").zfill(27)


def to_line(entry: Entry) -> bytes:
    """The exported form: canonical JSON and a newline."""
    return _encode(entry) + b"\n"


def from_line(line: bytes, *, source: str = "chain", place: str = "") -> Entry:
    """The entry of one exported line. Says nothing about its hash: that is `verify`.

    Raises `Unreadable` for anything but exactly our form: a field twice, or an unknown one, could show one thing to a person and
    another to a verifier.
    """
    if len(line) > LINE_LIMIT:
        raise Unreadable(f"the line is longer than {LINE_LIMIT} bytes", source=source, place=place)
    try:
        entry = msgspec.json.decode(line, type=Entry)
        same = _encode(entry) == line.rstrip(b"\r\n") and canonical(entry.data) == bytes(entry.sealed)
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
