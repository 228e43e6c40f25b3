"""The blocks of a snapshot through the EBS direct APIs, without an instance: listed page by page, read and checked one by one.

Source: Amazon EBS User Guide, "Use EBS direct APIs"; ListSnapshotBlocks and GetSnapshotBlock. Only completed snapshots can be read. A page
may be shorter than asked for, or empty; only an absent token ends the list. Page tokens are good for 60 minutes, block tokens for
7 days, and both are other ones the next time: so a piece of the image is listed again whenever it is read.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from hikeshi.actions.aws.acquisition.image_hash import Listed, Read
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.errors import Failed

GIBIBYTE: Final = 2**30
PAGE: Final = 10_000
"""Blocks of a page at most."""
TRIES: Final = 3
"""Readings of a block whose bytes do not match their checksum, before it is given up."""


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """How large the image is, and how it is cut."""

    bytes: int
    block_bytes: int

    @property
    def blocks(self) -> int:
        return self.bytes // self.block_bytes


class SnapshotBlocks:
    """The blocks of one snapshot. `read` may be used by many threads at once."""

    def __init__(self, world: AwsWorld, snapshot: str) -> None:
        self._world = world
        self._snapshot = snapshot

    def image(self) -> Image:
        """The size of the image. Raises `CallFailed` where the snapshot cannot be read through these APIs."""
        told = self._page({"MaxResults": 100})
        block_bytes = int(told["BlockSize"])
        return Image(bytes=int(told["VolumeSize"]) * GIBIBYTE, block_bytes=block_bytes)

    def listed(self, first: int, end: int) -> Iterator[Listed]:
        """The blocks from `first` up to `end` (excluded) that have data, in order."""
        told = self._page({"MaxResults": PAGE, "StartingBlockIndex": first})
        while True:
            for block in told.get("Blocks", ()):
                if block["BlockIndex"] >= end:
                    return
                yield Listed(int(block["BlockIndex"]), str(block["BlockToken"]))
            if not (token := told.get("NextToken")):
                return
            told = self._page({"MaxResults": PAGE, "NextToken": token})

    def read(self, block: Listed) -> Read:
        """One block, whose SHA-256 is what EBS says it is. Raises `Failed` where it is not, again and again."""
        for _ in range(TRIES):
            told = self._world.read(
                "ebs", "GetSnapshotBlock", SnapshotId=self._snapshot, BlockIndex=block.index, BlockToken=block.token
            )
            data: bytes = told["BlockData"].read()
            digest = hashlib.sha256(data).digest()
            if told.get("Checksum") == base64.b64encode(digest).decode():
                return Read(block.index, data, digest)
        raise Failed(
            f"Block {block.index} of {self._snapshot} does not match the checksum that EBS gives for it.",
            permanent=False,
            hint="It was read three times. Should it stay so, make a copy of the snapshot and hash that, and tell AWS.",
        )

    def _page(self, asked: dict[str, Any]) -> dict[str, Any]:
        return self._world.read("ebs", "ListSnapshotBlocks", SnapshotId=self._snapshot, **asked)
