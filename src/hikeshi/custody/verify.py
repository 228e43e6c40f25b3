"""Checking a chain: every place where it is not what was written, in one pass and constant memory."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

import msgspec

from hikeshi.custody.chain import EMPTY, Entry, Head, entry_hash
from hikeshi.errors import Unreadable
from hikeshi.text import Text

PROBLEMS_KEPT = 1000
"""A chain damaged throughout is counted to the end, but only this many places are kept."""

Kind = Literal[
    "edited", "broken-link", "missing", "out-of-order", "other-chain", "unreadable", "cut-off", "rewritten",
    "note", "signature", "root", "shrunk", "tile", "key",  # of checkpoints, see verify_tree.py
]  # fmt: skip

OF_CHECKPOINTS: Final = frozenset({"note", "signature", "root", "shrunk", "tile", "key"})
"""The kinds that say nothing against an entry itself."""


class Problem(msgspec.Struct, frozen=True):
    """One place where the chain is not whole. `seq` is the entry concerned; for missing entries, the first one missing.

    Of a checkpoint it is the size, the last entry under it; of a tile the first entry under it; of a key 0.
    """

    seq: int
    kind: Kind
    what: Text


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """`count` entries were read and the chain ends at `head`. `problem_count` may exceed the number of `problems` kept."""

    ok: bool
    count: int
    head: Head
    problem_count: int
    problems: tuple[Problem, ...]


def verify(
    entries: Iterable[Entry | Unreadable],
    *,
    expected_head: tuple[int, str] | None = None,
    after: tuple[int, str] = EMPTY,
) -> Verdict:
    """Check a chain from its first entry on, or from the one that follows the head `after`.

    `expected_head` is a head noted elsewhere (a checkpoint, a printed page). Without it, a tail that was cut off, or a chain
    recomputed as a whole, cannot be noticed: no chain can prove by itself where it ended. A chain that has grown since is fine.
    """
    check = _Check(Head(*expected_head) if expected_head else None, Head(*after))
    for entry in entries:
        check.add(entry)
    return check.verdict()


class _Check:
    """The state of one pass: the last entry in order, and what was noticed."""

    def __init__(self, expected: Head | None, after: Head) -> None:
        self.expected = expected
        self.last = after
        self.chain: str | None = None
        self.count = 0
        self.problem_count = 0
        self.problems: list[Problem] = []
        self._compare_expected(after)

    def add(self, entry: Entry | Unreadable) -> None:
        if isinstance(entry, Unreadable):
            self._say(
                self.last.seq + 1,
                "unreadable",
                f"Cannot be read: {entry.message} ({entry.place}).",
                f"読み取れません: {entry.message} ({entry.place})。",
            )
            return
        self.count += 1
        self._look_inside(entry)
        if entry.seq <= self.last.seq:
            self._say(
                entry.seq,
                "out-of-order",
                f"Entry {entry.seq} stands after entry {self.last.seq}: inserted, repeated or moved.",
                f"エントリー {entry.seq} がエントリー {self.last.seq} の後にあります。挿入、重複または移動です。",
            )
            return
        self._look_back(entry)
        self._compare_expected(entry.head)
        self.last = entry.head

    def verdict(self) -> Verdict:
        if self.expected and self.last.seq < self.expected.seq:
            first, end = self.last.seq + 1, self.expected.seq
            self._say(
                first,
                "cut-off",
                f"The tail is cut off: entries {first} to {end} are gone.",
                f"末尾が切り取られています。エントリー {first} から {end} までがありません。",
            )
        return Verdict(
            ok=self.problem_count == 0,
            count=self.count,
            head=self.last,
            problem_count=self.problem_count,
            problems=tuple(self.problems),
        )

    def _look_inside(self, entry: Entry) -> None:
        """Check the entry by itself: its hash, and the chain it names."""
        if entry_hash(entry) != entry.hash:
            self._say(
                entry.seq,
                "edited",
                f"Entry {entry.seq} was edited: its content does not match its hash.",
                f"エントリー {entry.seq} は書き換えられています。内容がハッシュ値と一致しません。",
            )
        if self.chain is None:
            self.chain = entry.chain
        elif entry.chain != self.chain:
            self._say(
                entry.seq,
                "other-chain",
                f"Entry {entry.seq} belongs to the chain {entry.chain}, not {self.chain}.",
                f"エントリー {entry.seq} は {self.chain} ではなく {entry.chain} のものです。",
            )

    def _look_back(self, entry: Entry) -> None:
        """Check the entry against the one before it."""
        first, end = self.last.seq + 1, entry.seq - 1
        if first <= end:
            self._say(
                first,
                "missing",
                f"Entries {first} to {end} are missing." if first < end else f"Entry {first} is missing.",
                f"エントリー {first} から {end} までがありません。"
                if first < end
                else f"エントリー {first} がありません。",
            )
        elif entry.prev != self.last.hash:
            self._say(
                entry.seq,
                "broken-link",
                f"Entry {entry.seq} does not follow the entry before it: one of the two was replaced.",
                f"エントリー {entry.seq} が直前のエントリーにつながりません。どちらかが差し替えられています。",
            )

    def _compare_expected(self, head: Head) -> None:
        if self.expected and head.seq == self.expected.seq and head.hash != self.expected.hash:
            self._say(
                head.seq,
                "rewritten",
                f"Entry {head.seq} is not the one noted as the head: the chain was rewritten up to here.",
                f"エントリー {head.seq} が控えの先頭ハッシュ値と一致しません。ここまでの連鎖が書き直されています。",
            )

    def _say(self, seq: int, kind: Kind, en: str, ja: str) -> None:
        self.problem_count += 1
        if len(self.problems) < PROBLEMS_KEPT:
            self.problems.append(Problem(seq, kind, Text(en, ja)))
