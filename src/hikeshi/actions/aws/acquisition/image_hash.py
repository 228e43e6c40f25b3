"""The hash of a whole image from blocks that come from far away: read side by side, hashed in order, zeros where there are none.

Knows no cloud: `read` gives the bytes of one block, checked against what their source says of them. The image is `blocks` times
`block_bytes` long; a block that is not listed is zeros. The Merkle tree (RFC 6962) has the SHA-256 of each block as its leaf data,
in order, so that one block can be proven to belong to the image without the others.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final

import msgspec

from hikeshi.actions.aws.acquisition.resumable_sha256 import ResumableSha256
from hikeshi.errors import Failed
from hikeshi.hash_tree import Roots, leaf_hash

AT_ONCE: Final = 32
"""Blocks that are read at the same time: a block takes some 30 ms from EBS, and the published bucket is 1 000 a second."""
AHEAD: Final = 2 * AT_ONCE
"""Blocks held in memory at most, the ones being read included: 32 MiB of them."""


class Listed(msgspec.Struct, frozen=True):
    """One block that has data: its place in the image, and the name under which it is asked for."""

    index: int
    token: str


class Read(msgspec.Struct, frozen=True):
    """One block as read, and its SHA-256."""

    index: int
    data: bytes
    digest: bytes


ReadBlock = Callable[[Listed], Read]


class ImageHash:
    """The hash and the tree of an image so far. `state` and `peaks` are what it takes to go on elsewhere."""

    def __init__(self, block_bytes: int, *, at: int = 0, state: str = "", peaks: Iterable[bytes] = ()) -> None:
        """`at`: blocks that have passed already."""
        self.at = at
        self._sha256 = ResumableSha256(state)
        self._tree = Roots(at, peaks)
        self._zeros = bytes(block_bytes)
        self._zero_leaf = leaf_hash(hashlib.sha256(self._zeros).digest())

    @property
    def state(self) -> str:
        return self._sha256.state

    @property
    def peaks(self) -> list[bytes]:
        return list(self._tree.peaks)

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()

    @property
    def merkle_root(self) -> str:
        return self._tree.root().hex()

    def zeros_until(self, index: int) -> None:
        """What is not there reads as zeros, up to this block."""
        while self.at < index:
            self._sha256.update(self._zeros)
            self._tree.add(self._zero_leaf)
            self.at += 1

    def add(self, block: Read) -> None:
        """The next block that is there. Raises `Failed` where the source has lost its order: then no hash is worth anything."""
        if block.index < self.at:
            raise Failed(
                f"Block {block.index} came after block {self.at - 1}.", hint="Nothing was recorded; look at the source."
            )
        self.zeros_until(block.index)
        self._sha256.update(block.data)
        self._tree.add(leaf_hash(block.digest))
        self.at += 1


def in_order(
    listed: Iterable[Listed], read: ReadBlock, *, at_once: int = AT_ONCE, ahead: int = AHEAD
) -> Iterator[Read]:
    """The listed blocks, read by `at_once` threads and given in the order of the list. What a thread raises is raised here."""
    with ThreadPoolExecutor(at_once) as pool:
        waiting: deque[Future[Read]] = deque()
        try:
            for one in listed:
                waiting.append(pool.submit(read, one))
                if len(waiting) >= ahead:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def hash_blocks(image: ImageHash, listed: Iterable[Listed], read: ReadBlock, *, until: int) -> list[tuple[int, str]]:
    """Hash the blocks up to `until` (excluded) into `image`, zeros included; the index and the SHA-256 in hex of each that is there."""
    there: list[tuple[int, str]] = []
    for block in in_order(listed, read):
        image.add(block)
        there.append((block.index, block.digest.hex()))
    image.zeros_until(until)
    return there
