"""Checkpoints held outside, compared with the ledger as it is now. Whoever has the database and the key can rewrite it, but not these."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from typing import Final, Literal

import msgspec

from hikeshi.custody.chain import Entry
from hikeshi.custody.checkpoint import who_signed
from hikeshi.custody.held_notes import HeldNote
from hikeshi.custody.merkle import Roots, leaf_hash
from hikeshi.custody.verify import Verdict, verify
from hikeshi.desk.ledger import checkpoints, verbs
from hikeshi.desk.ledger.models import Chain, SigningKey
from hikeshi.errors import Unreadable
from hikeshi.text import Text

Result = Literal["equal", "ahead", "rewritten", "cut-off", "damaged", "not-signed", "foreign", "unreadable"]

FINE: Final = frozenset({"equal", "ahead"})

WORDS: Final[dict[str, Text]] = {
    "ahead": Text("The ledger continues what is held.", "台帳は控えの内容から続いています。"),
    "cut-off": Text(
        "The ledger is shorter than what is held: its end is gone.", "台帳が控えより短く、末尾が失われています。"
    ),
    "damaged": Text(
        "An entry of the ledger is not as it was written: `hikeshi audit verify`.",
        "台帳のエントリーが書かれた内容と異なります。`hikeshi audit verify` で確認してください。",
    ),
    "equal": Text("The ledger is what is held.", "台帳は控えと一致しています。"),
    "foreign": Text(
        "It names another instance or a chain that you may not read.",
        "別のインスタンス、または閲覧できないチェーンの控えです。",
    ),
    "not-signed": Text("No key of this instance signed it.", "このインスタンスの鍵による署名がありません。"),
    "rewritten": Text("The ledger was rewritten since it was signed.", "署名後に台帳が書き換えられています。"),
    "unreadable": Text("It is no signed checkpoint.", "署名済みチェックポイントとして読み取れません。"),
}
"""What each result means, in both languages."""


class Compared(msgspec.Struct, frozen=True, kw_only=True):
    """One held note and how the ledger stands to it. `size` is the note's, `now` the ledger's; `signed_by` are fingerprints."""

    place: str
    origin: str
    size: int
    result: Result
    now: int
    signed_by: tuple[str, ...]


def compare(notes: Iterable[HeldNote | Unreadable], *, find: Callable[[str], Chain | None]) -> list[Compared]:
    """Each note in its order. `find` gives a chain by name, or None for one that is not there or may not be read.

    Every chain concerned is read once, from its first entry, with every hash recomputed: what tiles and rows of checkpoints in the same
    database say is not relied on.
    """
    held = list(notes)
    sizes: defaultdict[str, set[int]] = defaultdict(set)
    for one in held:
        if isinstance(one, HeldNote):
            sizes[one.checkpoint.origin].add(one.checkpoint.size)
    chains = {origin: _chain(origin, find) for origin in sizes}
    states = {origin: _State(chain, sizes[origin]) for origin, chain in chains.items() if chain is not None}
    return [_compare(one, states) for one in held]


class _State:
    """A chain as it is now: the roots at the sizes asked for, and whether its entries are whole."""

    def __init__(self, chain: Chain, sizes: set[int]) -> None:
        self.roots: dict[int, bytes] = {}
        self.size = chain.head_seq
        tree = Roots()
        verdict: Verdict = verify(
            self._leaves(verbs.lines(chain), tree, sizes), expected_head=(chain.head_seq, chain.head_hash)
        )
        if 0 in sizes:
            self.roots[0] = Roots().root()
        self.damaged_from = min((problem.seq for problem in verdict.problems), default=None)

    def _leaves(self, entries: Iterable[Entry], tree: Roots, sizes: set[int]) -> Iterator[Entry]:
        for entry in entries:
            tree.add(leaf_hash(_digest(entry.hash)))
            if tree.size in sizes:
                self.roots[tree.size] = tree.root()
            yield entry


def _compare(one: HeldNote | Unreadable, states: dict[str, _State]) -> Compared:
    if isinstance(one, Unreadable):
        return Compared(place=str(one), origin="", size=0, result="unreadable", now=0, signed_by=())
    said, state = one.checkpoint, states.get(one.checkpoint.origin)
    signed_by = who_signed(one.note, said.origin, checkpoints.publics()).by
    result: Result = "foreign" if state is None else _result(one, state) if signed_by else "not-signed"
    return Compared(
        place=one.place,
        origin=said.origin,
        size=said.size,
        result=result,
        now=state.size if state else 0,
        signed_by=signed_by,
    )


def _result(one: HeldNote, state: _State) -> Result:
    size = one.checkpoint.size
    if size not in state.roots:
        return "cut-off"
    if state.roots[size] != one.checkpoint.root:
        return "rewritten"
    if state.damaged_from is not None and state.damaged_from <= size:
        return "damaged"
    return "equal" if size == state.size else "ahead"


def _chain(origin: str, find: Callable[[str], Chain | None]) -> Chain | None:
    """The chain an origin names, where it is one of this instance."""
    name = origin.partition("/")[2]
    ours = SigningKey.objects.exists() and origin == checkpoints.origin(name)
    return find(name) if ours else None


def _digest(hashed: str) -> bytes:
    """A damaged row may hold anything: it only must not give the right root."""
    try:
        return bytes.fromhex(hashed)
    except ValueError:
        return hashed.encode()
