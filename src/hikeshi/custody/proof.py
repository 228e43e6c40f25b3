"""The proof of one entry that needs nobody but a public key: C2SP tlog-proof (https://c2sp.org/tlog-proof).

c2sp.org/tlog-proof@v1
extra eyJhY3RvciI6...            base64 of the exported line of the entry (custody/chain.py)
index 41                         the entry's number less one
gSKyXoYZUgZ6jduWYrkDOARinOM...   siblings on the way to the root, the leaf's own first

hikeshi.0123456789abcdef/INC-2026-001    the signed checkpoint, as in custody/checkpoint.py
...
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from hikeshi.custody.chain import LINE_LIMIT, Entry, entry_hash, from_line, to_line
from hikeshi.custody.checkpoint import (
    NOTE_LIMIT,
    NUMBER,
    Checkpoint,
    Note,
    from_base64,
    read_note,
    read_text,
    to_base64,
    who_signed,
)
from hikeshi.custody.merkle import HASH, consistent, includes, leaf_hash
from hikeshi.errors import Unreadable
from hikeshi.text import Text

FIRST_LINE: Final = "c2sp.org/tlog-proof@v1"
SUFFIX: Final = ".tlog-proof"
MOST_SIBLINGS: Final = 63
PROOF_LIMIT: Final = 4 * (LINE_LIMIT // 3) + NOTE_LIMIT + 8192
"""Bytes of one proof. A larger one is not ours."""

EDITED: Final = Text("The entry's content does not match its hash.", "エントリーの内容がハッシュ値と一致しません。")
NOT_CONTINUED: Final = Text(
    "The newer checkpoint does not continue the older one: entries were changed or removed.",
    "新しいチェックポイントが古いものの続きになっていません。エントリーが変更または削除されています。",
)
NOT_INCLUDED: Final = Text(
    "The hashes do not lead from the entry to the root that was signed.",
    "エントリーから署名済みのルートまで、ハッシュ値がつながりません。",
)
OTHER_CHAIN: Final = Text(
    "The proof is not about the older checkpoint given.", "証明の対象が、指定された古いチェックポイントと異なります。"
)
OTHER_PLACE: Final = Text(
    "The entry is not of the chain, or not at the place, that the proof is about.",
    "エントリーのチェーンまたは位置が、証明の対象と異なります。",
)
UNSIGNED: Final = Text(
    "No signature under the checkpoint is by the key given.",
    "チェックポイントに、指定された鍵による有効な署名がありません。",
)


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """A proof taken apart; nothing is said yet of whether it holds. `siblings` are 32 bytes each."""

    index: int
    siblings: tuple[bytes, ...]
    entry: Entry
    note: Note
    checkpoint: Checkpoint


class Proven(msgspec.Struct, frozen=True, kw_only=True):
    """What a proof shows. `signed_by` are fingerprints; `problems` is empty where it holds."""

    ok: bool
    origin: str
    size: int
    signed_by: tuple[str, ...]
    problems: tuple[Text, ...]


def write_proof(entry: Entry, siblings: Iterable[bytes], note: str) -> str:
    lines = [FIRST_LINE, f"extra {to_base64(to_line(entry))}", f"index {entry.seq - 1}", *map(to_base64, siblings)]
    return "\n".join(lines) + f"\n\n{note}"


def read_proof(text: str, *, source: str = "proof") -> Proof:
    """Take a proof apart. Raises `Unreadable` for anything but exactly the form above."""
    if len(text) > PROOF_LIMIT:
        raise Unreadable(f"the proof is longer than {PROOF_LIMIT} bytes", source=source)
    head, _, signed = text.partition("\n\n")
    lines = head.split("\n")
    if lines[0] != FIRST_LINE or len(lines) < 3:
        raise Unreadable(f"the first line is not {FIRST_LINE}, or the next two are absent", source=source)
    _, extra, index, *siblings = lines
    if not extra.startswith("extra "):
        raise Unreadable("the entry is not in it (a line that begins with extra)", source=source, place="line 2")
    if not index.startswith("index ") or not NUMBER.fullmatch(index.removeprefix("index ")):
        raise Unreadable("no index", source=source, place="line 3")
    if len(siblings) > MOST_SIBLINGS:
        raise Unreadable(f"more than {MOST_SIBLINGS} hashes", source=source)
    note = read_note(signed, source=source)
    line = from_base64(extra.removeprefix("extra "), source=source, place="line 2")
    return Proof(
        index=int(index.removeprefix("index ")),
        siblings=_hashes(siblings, 4, source),
        entry=from_line(line, source=source, place="line 2"),
        note=note,
        checkpoint=read_text(note.text, source=source),
    )


class Continued(msgspec.Struct, frozen=True, kw_only=True):
    """A consistency proof taken apart."""

    old: int
    hashes: tuple[bytes, ...]
    note: Note
    checkpoint: Checkpoint


def write_consistency(old: int, hashes: Iterable[bytes], note: str) -> str:
    return "\n".join([f"old {old}", *map(to_base64, hashes)]) + f"\n\n{note}"


def read_consistency(text: str, *, source: str = "proof") -> Continued:
    """Take a consistency proof apart. Raises `Unreadable` for anything but exactly the form above."""
    head, _, signed = text.partition("\n\n")
    first, *hashes = head.split("\n")
    if not first.startswith("old ") or not NUMBER.fullmatch(first.removeprefix("old ")) or len(hashes) > MOST_SIBLINGS:
        raise Unreadable("the first line is not the older size, or there are too many hashes", source=source)
    note = read_note(signed, source=source)
    return Continued(
        old=int(first.removeprefix("old ")), hashes=_hashes(hashes, 2, source), note=note,
        checkpoint=read_text(note.text, source=source),
    )  # fmt: skip


def check_consistency(older: str, proof: Continued, publics: Sequence[str]) -> Proven:
    """Whether `proof` shows that its signed checkpoint continues the signed checkpoint `older`, which somebody kept."""
    before = read_note(older, source="older checkpoint")
    told, newer = read_text(before.text, source="older checkpoint"), proof.checkpoint
    both = [who_signed(note, told.origin, publics) for note in (before, proof.note)]
    holds = consistent(told.size, told.root, newer.size, newer.root, proof.hashes)
    problems = tuple(
        text
        for wrong, text in (
            (any(one.false or not one.by for one in both), UNSIGNED),
            (told.origin != newer.origin or told.size != proof.old, OTHER_CHAIN),
            (not holds, NOT_CONTINUED),
        )
        if wrong
    )
    return Proven(
        ok=not problems, origin=newer.origin, size=newer.size, signed_by=both[1].by, problems=problems
    )  # fmt: skip


def check_proof(proof: Proof, publics: Iterable[str]) -> Proven:
    """Whether one of the keys `publics` (PEM) signed a tree that holds exactly this entry at exactly this place."""
    told = proof.checkpoint
    signed = who_signed(proof.note, told.origin, publics)
    problems = tuple(text for wrong, text in _questions(proof, bool(signed.by), bool(signed.false)) if wrong)
    return Proven(ok=not problems, origin=told.origin, size=told.size, signed_by=signed.by, problems=problems)


def _questions(proof: Proof, signed: bool, false: bool) -> tuple[tuple[bool, Text], ...]:
    """Everything that must not be so, with what to say where it is."""
    entry, told = proof.entry, proof.checkpoint
    leaf = leaf_hash(bytes.fromhex(entry_hash(entry)))
    elsewhere = entry.seq != proof.index + 1 or told.origin.rpartition("/")[2] != entry.chain
    return (
        (false or not signed, UNSIGNED),
        (entry_hash(entry) != entry.hash, EDITED),
        (elsewhere, OTHER_PLACE),
        (not includes(leaf, proof.index, told.size, proof.siblings, told.root), NOT_INCLUDED),
    )


def _hashes(lines: Iterable[str], first: int, source: str) -> tuple[bytes, ...]:
    """One hash per line; `first` is the number of the first line."""
    return tuple(
        from_base64(line, source=source, place=f"line {number}", length=HASH)
        for number, line in enumerate(lines, first)
    )
