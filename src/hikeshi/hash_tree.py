"""The hashes of a Merkle tree, and its root as leaves come: RFC 6962 section 2.1 (the same in RFC 9162).

A leaf is SHA-256(0x00 || data), a node SHA-256(0x01 || left || right), the empty tree SHA-256(""). The chain of the record is such a tree
(`custody/merkle.py`), and so are the blocks of an acquired image.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Final

HASH: Final = 32
EMPTY_ROOT: Final = hashlib.sha256(b"").digest()


def leaf_hash(data: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + data).digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    return hashlib.sha256(b"\x01" + left + right).digest()


class Roots:
    """The root after each leaf, in one pass over the leaves and constant memory.

    `size` and `peaks` are all there is to it: who keeps them can go on later.
    """

    def __init__(self, size: int = 0, peaks: Iterable[bytes] = ()) -> None:
        self.size = size
        self.peaks = list(peaks)
        """The roots of the complete subtrees, widest first: one per set bit of `size`."""

    def add(self, leaf: bytes) -> None:
        """`leaf` is a leaf hash."""
        carried, bits = leaf, self.size
        while bits & 1:
            carried = node_hash(self.peaks.pop(), carried)
            bits >>= 1
        self.peaks.append(carried)
        self.size += 1

    def root(self) -> bytes:
        if not self.peaks:
            return EMPTY_ROOT
        found = self.peaks[-1]
        for peak in reversed(self.peaks[:-1]):
            found = node_hash(peak, found)
        return found
