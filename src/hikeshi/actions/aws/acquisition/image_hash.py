"""The hash of a whole image from blocks that come from far away: read side by side, hashed in order, zeros where there are none.

Knows no cloud: `read` gives the bytes of one block, checked against what their source says of them. The image is `blocks` times
`block_bytes` long; a block that is not listed is zeros. The Merkle tree (RFC 6962) has the SHA-256 of each block as its leaf data,
in order, so that one block can be proven to belong to the image without the others.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import count, islice
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Final

import msgspec

from hikeshi.actions.aws.acquisition.resumable_sha256 import ResumableSha256
from hikeshi.errors import Failed
from hikeshi.hash_tree import Roots, leaf_hash

AT_ONCE: Final = 32
"""Blocks that are read at the same time: a block takes some 30 ms from EBS, and the published bucket is 1 000 a second."""
TOGETHER: Final = 2
"""Blocks that a reader is given at a time: half as many hand-overs, which take the processor's time from hashing."""
AHEAD: Final = 2 * AT_ONCE * TOGETHER
"""Blocks held in memory at most, the ones being read included: 64 MiB of them."""


LEAVES: Final = 1024
"""Leaves that wait for the tree at most: 32 KiB of them."""


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
        self._zero_digest = hashlib.sha256(self._zeros).digest()
        self._waiting: list[bytes] = []

    @property
    def state(self) -> str:
        return self._sha256.state

    @property
    def peaks(self) -> list[bytes]:
        return list(self._grown().peaks)

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()

    @property
    def merkle_root(self) -> str:
        return self._grown().root().hex()

    def _grown(self) -> Roots:
        """The tree with the blocks that have passed since."""
        for digest in self._waiting:
            self._tree.add(leaf_hash(digest))
        self._waiting.clear()
        return self._tree

    def _leaf(self, digest: bytes) -> None:
        """Many at once: a small hash between two large ones costs two to three times as much as among its like."""
        self._waiting.append(digest)
        if len(self._waiting) == LEAVES:
            self._grown()
        self.at += 1

    def zeros_until(self, index: int) -> None:
        """What is not there reads as zeros, up to this block."""
        while self.at < index:
            self._sha256.update(self._zeros)
            self._leaf(self._zero_digest)

    def add(self, block: Read) -> None:
        """The next block that is there. Raises `Failed` where the source has lost its order: then no hash is worth anything."""
        if block.index < self.at:
            raise Failed(
                f"Block {block.index} came after block {self.at - 1}.", hint="Nothing was recorded; look at the source."
            )
        self.zeros_until(block.index)
        self._sha256.update(block.data)
        self._leaf(block.digest)


Asked = SimpleQueue[tuple[int, tuple[Listed, ...]] | None]
Told = SimpleQueue[tuple[int, list[Read] | BaseException]]
"""By the number of the batch. None: there is nothing more to read."""


def in_order(
    listed: Iterable[Listed], read: ReadBlock, *, at_once: int = AT_ONCE, ahead: int = AHEAD
) -> Iterator[Read]:
    """The listed blocks, read by `at_once` threads and given in the order of the list. What a thread raises is raised here.

    Two plain queues, and no future for each block: who asks hashes between two blocks, and should not wait for anything else.
    """
    asked, told = Asked(), Told()
    threads = [Thread(target=_reader, args=(read, asked, told), daemon=True) for _ in range(at_once)]
    for thread in threads:
        thread.start()
    try:
        coming = iter(listed)
        batches = iter(lambda: tuple(islice(coming, TOGETHER)), ())
        for batch in _sorted(batches, asked, told, ahead // TOGETHER):
            yield from batch
    finally:
        with suppress(Empty):  # what nobody waits for any more
            while True:
                asked.get_nowait()
        for _ in threads:
            asked.put(None)
        for thread in threads:
            thread.join()


def _sorted(batches: Iterable[tuple[Listed, ...]], asked: Asked, told: Told, ahead: int) -> Iterator[list[Read]]:
    """Ask for `ahead` batches, and for one more with each that is given on."""
    coming, early = enumerate(batches), dict[int, list[Read] | BaseException]()
    out = 0
    for one in islice(coming, ahead):
        asked.put(one)
        out += 1
    for place in count():
        if place == out:
            return
        while place not in early:
            number, batch = told.get()
            early[number] = batch
        found = early.pop(place)
        if isinstance(found, BaseException):
            raise found
        if (more := next(coming, None)) is not None:
            asked.put(more)
            out += 1
        yield found


def _reader(read: ReadBlock, asked: Asked, told: Told) -> None:
    while (one := asked.get()) is not None:
        number, batch = one
        try:
            told.put((number, [read(block) for block in batch]))
        except BaseException as problem:  # noqa: BLE001  raised where the batch is waited for
            told.put((number, problem))


def hash_blocks(image: ImageHash, listed: Iterable[Listed], read: ReadBlock, *, until: int) -> list[tuple[int, str]]:
    """Hash the blocks up to `until` (excluded) into `image`, zeros included; the index and the SHA-256 in hex of each that is there."""
    there: list[tuple[int, str]] = []
    for block in in_order(listed, read):
        image.add(block)
        there.append((block.index, block.digest.hex()))
    image.zeros_until(until)
    return there
