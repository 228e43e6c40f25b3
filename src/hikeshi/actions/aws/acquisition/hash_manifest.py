"""What is kept of a hash in the evidence bucket: the manifest in parts, and at the end the record of the image.

    <prefix>/<incident>/<step>/ebs-<snapshot>/snapshot.json      the snapshot as EC2 described it when the hash began
    <prefix>/<incident>/<step>/ebs-<snapshot>/blocks-000000.txt  a header in JSON, then "<index> <SHA-256>" for each block that has data
    <prefix>/<incident>/<step>/ebs-<snapshot>/image.json         size, SHA-256, Merkle root, and the SHA-256 of the last part

A part's header says how the hash goes on after it, so a worker that takes over begins behind the last part that is there; and it has the
SHA-256 of the part before, so that the last one stands for all. Nothing is written that is not evidence, since a bucket with Object
Lock keeps everything.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final, TypeVar

import msgspec
import rfc8785

from hikeshi.actions.aws.acquisition.evidence_folder import EvidenceFolder
from hikeshi.actions.aws.acquisition.image_hash import ImageHash
from hikeshi.actions.aws.acquisition.snapshot_blocks import Image
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.errors import Failed
from hikeshi.text import Text

T = TypeVar("T")

FORMAT: Final = "hikeshi.ebs-hash.1"
PART_BLOCKS: Final = 2048
"""Blocks of a part: one GiB, and some ten seconds of reading."""

_SNAPSHOT = Text(
    en="The snapshot as it is when the hash begins.", ja="ハッシュ計算開始時点のスナップショットの情報を記録します。"
)
_PART = Text(
    en="The hashes of the next blocks, so that nothing is read twice.",
    ja="続きのブロックのハッシュを記録し、読み直しを不要にします。",
)
_IMAGE = Text(
    en="The hash of the whole image, with the hashes of all parts.",
    ja="イメージ全体のハッシュと各部分のハッシュを記録します。",
)


class Header(msgspec.Struct, frozen=True, kw_only=True):
    """The first line of a part: what it is about, and where the hash stands behind it (`state`, `peaks`, `present`)."""

    format: str
    snapshot: str
    block_bytes: int
    first: int
    end: int
    present: int
    """Blocks that have data, from the beginning of the image to the end of this part."""
    previous: str
    """SHA-256 of the part before; empty in the first."""
    state: str
    peaks: tuple[str, ...]

    def image_hash(self) -> ImageHash:
        """The hash as it stood behind this part."""
        return ImageHash(self.block_bytes, at=self.end, state=self.state, peaks=map(bytes.fromhex, self.peaks))


class Part(msgspec.Struct, frozen=True):
    """A part that is in the bucket."""

    header: Header
    sha256: str


class ImageRecord(msgspec.Struct, frozen=True, kw_only=True):
    """`image.json`: what was acquired and how it is proven. `finished` is UTC, RFC 3339."""

    format: str
    snapshot: str
    bytes: int
    block_bytes: int
    blocks: int
    present: int
    sha256: str
    merkle_root: str
    last_part: str
    finished: str
    simulated: bool


class Manifest:
    """The folder of one snapshot's hash in the evidence bucket."""

    def __init__(self, world: AwsWorld, snapshot: str) -> None:
        self._world = world
        self._snapshot = snapshot
        self.folder = EvidenceFolder(world, f"ebs-{snapshot}")

    @property
    def address(self) -> str:
        return self.folder.address("image.json")

    def begun(self) -> bool:
        return "snapshot.json" in self.folder.names()

    def begin(self, described: Mapping[str, Any]) -> None:
        self.folder.put("snapshot.json", rfc8785.dumps(dict(described)), _SNAPSHOT)

    def record(self) -> ImageRecord | None:
        """The finished record; None while there is none."""
        body = self.folder.get("image.json")
        return None if body is None else _read(body, ImageRecord)

    def last(self) -> Part | None:
        """The last part of the unbroken row of parts that is there."""
        parts = [name for name in self.folder.names() if name.startswith("blocks-")]
        row = [name for place, name in enumerate(parts) if name == part_name(place)]
        body = self.folder.get(row[-1]) if row else None
        return None if body is None else Part(_read(body.partition(b"\n")[0], Header), hashlib.sha256(body).hexdigest())

    def add(
        self, image: ImageHash, there: Sequence[tuple[int, str]], *, first: int, block_bytes: int, before: Part | None
    ) -> Part:
        """Write the part from block `first` to where `image` stands: the hashes of the blocks that are `there`."""
        header = Header(
            format=FORMAT, snapshot=self._snapshot, block_bytes=block_bytes, first=first, end=image.at,
            present=len(there) + (before.header.present if before else 0), previous=before.sha256 if before else "",
            state=image.state, peaks=tuple(peak.hex() for peak in image.peaks),
        )  # fmt: skip
        lines = [msgspec.json.encode(header).decode(), *(f"{index} {digest}" for index, digest in there)]
        body = "\n".join([*lines, ""]).encode()
        self.folder.put(part_name(first // PART_BLOCKS), body, _PART)
        return Part(header, hashlib.sha256(body).hexdigest())

    def finish(self, cut: Image, image: ImageHash, last: Part) -> ImageRecord:
        record = ImageRecord(
            format=FORMAT, snapshot=self._snapshot, bytes=cut.bytes, block_bytes=cut.block_bytes, blocks=cut.blocks,
            present=last.header.present, sha256=image.sha256, merkle_root=image.merkle_root, last_part=last.sha256,
            finished=self._world.now().isoformat(timespec="seconds"), simulated=self._world.simulated,
        )  # fmt: skip
        self.folder.put("image.json", rfc8785.dumps(msgspec.to_builtins(record)), _IMAGE)
        return record


def part_name(place: int) -> str:
    return f"blocks-{place:06d}.txt"


def _read(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as reason:
        hint = "Somebody else has written into the evidence bucket: keep what is there and begin with a new step."
        raise Failed(f"A part of the manifest cannot be read: {reason}", hint=hint) from None
