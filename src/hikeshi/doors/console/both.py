"""Two people changed the same text: what each changed, and both changes in one where they do not touch. Pure, no database."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Final, NamedTuple

TOKEN: Final = re.compile(r"[A-Za-z0-9_]+|.", re.DOTALL)
"""A word of Latin letters or digits; of Japanese each character, for it has no spaces."""
MOST: Final = 20_000
"""Characters up to which texts are compared in pieces; longer ones are shown whole."""


class Piece(NamedTuple):
    """Part of a text against the one before: `kept`, `gone` or `new`."""

    kind: str
    text: str


class _Edit(NamedTuple):
    """Base tokens from `start` to `end` became `text`."""

    start: int
    end: int
    text: str


def pieces(base: str, text: str) -> list[Piece]:
    """`text` as what was kept of `base`, taken out of it and put in."""
    if len(base) + len(text) > MOST:
        return [Piece("new", text)]
    old, found, at = TOKEN.findall(base), [], 0
    for edit in _edits(base, text):
        found.append(Piece("kept", "".join(old[at : edit.start])))
        found.append(Piece("gone", "".join(old[edit.start : edit.end])))
        found.append(Piece("new", edit.text))
        at = edit.end
    found.append(Piece("kept", "".join(old[at:])))
    return [piece for piece in found if piece.text]


def merged(base: str, saved: str, own: str) -> str | None:
    """Both changes made to `base`, or None where they touch each other and a person has to decide."""
    if len(base) + len(saved) + len(own) > MOST:
        return None
    edits = sorted([*_edits(base, saved), *_edits(base, own)])
    for before, after in pairwise(edits):
        if after.start <= before.end and before != after:
            return None
    old, out, at = TOKEN.findall(base), [], 0
    for edit in dict.fromkeys(edits):
        out += ["".join(old[at : edit.start]), edit.text]
        at = edit.end
    return "".join([*out, *old[at:]])


def _edits(base: str, text: str) -> list[_Edit]:
    old, new = TOKEN.findall(base), TOKEN.findall(text)
    codes = SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    return [_Edit(a, b, "".join(new[c:d])) for kind, a, b, c, d in codes if kind != "equal"]
