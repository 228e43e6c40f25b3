"""Checking what was signed over a chain: each note, each root, each tile, against the chain itself, in one pass over its hashes."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from hikeshi.custody.checkpoint import Checkpoint, Signed, read_note, read_text, who_signed
from hikeshi.custody.merkle import TILE_HEIGHT, Roots, extend, leaf_hash
from hikeshi.custody.verify import PROBLEMS_KEPT, Kind, Problem
from hikeshi.errors import Unreadable
from hikeshi.text import Text


class StoredNote(msgspec.Struct, frozen=True):
    """A checkpoint as it is kept: what its row says (`root` in hex), and the note that was signed."""

    size: int
    root: str
    note: str


class TreeVerdict(msgspec.Struct, frozen=True, kw_only=True):
    """`count` checkpoints were read; the last one is over `size` entries. `problem_count` may exceed the `problems` kept."""

    ok: bool
    count: int
    size: int
    problem_count: int
    problems: tuple[Problem, ...]

    def with_problems(self, more: Iterable[Problem]) -> TreeVerdict:
        """The verdict with what was noticed elsewhere."""
        added = tuple(more)
        count = self.problem_count + len(added)
        return msgspec.structs.replace(self, ok=count == 0, problem_count=count, problems=(*added, *self.problems))


def verify_tree(
    hashes: Iterable[str], notes: Sequence[StoredNote], *, origin: str, publics: Sequence[str],
    tiles: Mapping[tuple[int, int], str] | None = None,
) -> TreeVerdict:  # fmt: skip
    """Check `notes`, in the order they were made, against the `hash` of every entry of the chain.

    `publics` are the keys (PEM) that may sign, each of them sound (`signing.is_sound`). `tiles` has the SHA-256 of each stored tile by (level,
    index), see `tile_digest`; without it tiles are not looked at. That the entries are what their hashes say is the work of `verify`.
    """
    check = _Check(origin, publics)
    for before, stored in zip([None, *notes], notes, strict=False):
        check.look_at(stored, before.size if before else 0)
    check.compare(hashes, notes, dict(tiles) if tiles is not None else None)
    return TreeVerdict(
        ok=check.count == 0, count=len(notes), size=max((stored.size for stored in notes), default=0),
        problem_count=check.count, problems=tuple(check.problems),
    )  # fmt: skip


def tile_digest(hashes: bytes) -> str:
    """What `verify_tree` wants of a tile: ten million entries have 320 MB of tiles, but 40,000 digests."""
    return hashlib.sha256(hashes).hexdigest()


class _Check:
    """What was noticed so far."""

    def __init__(self, origin: str, publics: Sequence[str]) -> None:
        self.origin = origin
        self.publics = publics
        self.count = 0
        self.problems: list[Problem] = []

    def look_at(self, stored: StoredNote, before: int) -> None:
        """Check a note by itself: its form, its signatures, its row, and that it does not go back."""
        try:
            note = read_note(stored.note)
            told = read_text(note.text)
        except Unreadable as error:
            self._say(
                stored.size, "note", f"The checkpoint at {stored.size} cannot be read: {error.message}.",
                f"{stored.size} 件時点のチェックポイントを読み取れません: {error.message}。",
            )  # fmt: skip
            return
        if told != Checkpoint(self.origin, stored.size, _bytes(stored.root)) or stored.root != told.root.hex():
            self._say(
                stored.size, "note", f"The checkpoint at {stored.size} is not about what its row says.",
                f"{stored.size} 件時点のチェックポイントの署名済み本文が、台帳の行と一致しません。",
            )  # fmt: skip
        if not _fully_signed(who_signed(note, self.origin, self.publics)):
            self._say(
                stored.size, "signature", f"The checkpoint at {stored.size} is not signed by our keys, and by them alone.",
                f"{stored.size} 件時点のチェックポイントに、自組織の鍵による正しい署名がありません。",
            )  # fmt: skip
        if stored.size < before:
            self._say(
                stored.size, "shrunk", f"The checkpoint at {stored.size} was signed after one at {before}.",
                f"{before} 件時点の後に、より短い {stored.size} 件時点のチェックポイントが署名されています。",
            )  # fmt: skip

    def compare(
        self, hashes: Iterable[str], notes: Sequence[StoredNote], tiles: dict[tuple[int, int], str] | None
    ) -> None:
        """Make the tree again from the chain, and compare every root and every tile on the way."""
        expected: dict[int, set[str]] = {}
        for stored in notes:
            expected.setdefault(stored.size, set()).add(stored.root)
        end = max(expected, default=0)
        roots = Roots()
        for made in extend(0, self._leaves(hashes, end, roots, expected), lambda _level, _index: b""):
            if tiles is not None and tiles.pop((made.level, made.index), "") != tile_digest(made.hashes):
                self._say_tile(made.level, made.index)
        for place in sorted(tiles or {}):
            self._say_tile(*place)
        if roots.size < end:
            first = roots.size + 1
            self._say(
                first, "cut-off", f"Entries {first} to {end} were signed for, and are gone.",
                f"署名済みのエントリー {first} から {end} までがありません。",
            )  # fmt: skip

    def _leaves(
        self, hashes: Iterable[str], end: int, roots: Roots, expected: Mapping[int, set[str]]
    ) -> Iterator[bytes]:
        for number, hashed in enumerate(hashes, 1):
            if number > end:
                return
            leaf = leaf_hash(_bytes(hashed))
            roots.add(leaf)
            if number in expected and {roots.root().hex()} != expected[number]:
                self._say(
                    number, "root", f"The entries up to {number} are not those that were signed.",
                    f"{number} 件目までのエントリーが、署名された内容と一致しません。",
                )  # fmt: skip
            yield leaf

    def _say_tile(self, level: int, index: int) -> None:
        first = (index << TILE_HEIGHT * (level + 1)) + 1
        self._say(
            first, "tile", f"Tile {index} of level {level} is not that of the entries from {first} on.",
            f"レベル {level} のタイル {index} が、エントリー {first} 以降のハッシュ値と一致しません。",
        )  # fmt: skip

    def _say(self, seq: int, kind: Kind, en: str, ja: str) -> None:
        self.count += 1
        if len(self.problems) < PROBLEMS_KEPT:
            self.problems.append(Problem(seq, kind, Text(en, ja)))


def _fully_signed(signed: Signed) -> bool:
    return bool(signed.by) and not signed.false and not signed.unknown


def _bytes(hexed: str) -> bytes:
    """The bytes of a hash; of damaged text its own bytes, which then hash to something else."""
    try:
        return bytes.fromhex(hexed)
    except ValueError:
        return hexed.encode(errors="surrogatepass")
