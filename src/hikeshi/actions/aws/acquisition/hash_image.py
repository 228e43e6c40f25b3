"""Hash the whole image of a snapshot through the EBS direct APIs, without launching anything."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import ClassVar, Final

import msgspec

from hikeshi.actions.action import Action, Call, Outcome, Plan, Receipt
from hikeshi.actions.aws.acquisition.evidence_folder import need_bucket
from hikeshi.actions.aws.acquisition.hash_manifest import PART_BLOCKS, ImageRecord, Manifest, Part
from hikeshi.actions.aws.acquisition.image_hash import ImageHash, hash_blocks
from hikeshi.actions.aws.acquisition.snapshot_blocks import Image, SnapshotBlocks
from hikeshi.actions.aws.acquisition.snapshots import EvidenceId, Snapshot, evidence, find_snapshot
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.planning import make_plan, nothing_to_undo, receipt
from hikeshi.errors import Failed
from hikeshi.text import Text

SLICE_SECONDS: Final = 10.0
"""How long a turn may take before it says "pending": its parts are kept, and the next turn goes on behind them."""
BLOCKS_A_GIBIBYTE: Final = 2048
BLOCKS_A_SECOND: Final = 500
"""What we ask of GetSnapshotBlock at most: half of the published 1 000 a second."""
ASK_AGAIN: Final = 15.0

_WHY = Text(
    en="The manifest and the hash are kept beside the other evidence.",
    ja="マニフェストとハッシュをほかの証拠と同じ場所に保存します。",
)


class HashImage(Action[AwsWorld], frozen=True, kw_only=True):
    """SHA-256 over the whole image, a manifest of every block and a Merkle root; in turns, each of which is kept.

    Source: Amazon EBS User Guide, "Use EBS direct APIs". Every block is compared with the checksum that EBS gives for it; blocks that are
    not there are zeros. Only a completed snapshot can be read: until then the outcome is `pending`.
    """

    name: ClassVar = "aws.ebs.hash"
    provider: ClassVar = "aws"
    effect: ClassVar = "collect"
    reversible: ClassVar = "no"
    target: ClassVar = "snapshot"
    title: ClassVar = Text(en="Hash the whole image of a snapshot", ja="スナップショット全体のハッシュを計算する")
    what: ClassVar = Text(
        en="Reads every block of the snapshot, checks it, and keeps the SHA-256 of the image with a manifest of all blocks. No instance is launched.",
        ja="スナップショットの全ブロックを読み取って検証し、イメージの SHA-256 と全ブロックのマニフェストを保存します。インスタンスは起動しません。",
    )
    by_hand: ClassVar = Text(
        en="Nothing to undo: nothing is changed but the evidence bucket, which keeps the hashes.",
        ja="元に戻すものはありません。証拠バケットにハッシュを保存するだけです。",
    )
    permissions: ClassVar = (
        "ebs:GetSnapshotBlock", "ebs:ListSnapshotBlocks", "ec2:DescribeSnapshots", "kms:Decrypt", "s3:GetObject", "s3:ListBucket",
        "s3:PutObject",
    )  # fmt: skip

    evidence_of: EvidenceId

    def plan(self, world: AwsWorld) -> Plan:
        """Raises `Refused` where there is no snapshot to hash, or no evidence bucket to keep the hash in."""
        need_bucket(world)
        snapshots = evidence(world, self.evidence_of)
        manifests = [Manifest(world, snapshot) for snapshot in snapshots]
        plan = make_plan(
            world,
            self,
            resources=(*snapshots, *(manifest.address for manifest in manifests)),
            calls=[Call("s3:PutObject", one.folder.place("<part>"), _WHY) for one in manifests],
            before={"snapshots": {name: msgspec.to_builtins(one) for name, one in snapshots.items()}},
            after={"manifests": [manifest.address for manifest in manifests]},
            warnings=[_pending(one) for one in snapshots.values() if one.pending],
        )
        seconds = sum(one.gibibytes for one in snapshots.values()) * BLOCKS_A_GIBIBYTE / BLOCKS_A_SECOND
        return msgspec.structs.replace(plan, estimate_seconds=plan.estimate_seconds + seconds)

    def do(self, world: AwsWorld, plan: Plan) -> Receipt:
        """One turn of it; outcome `pending` as long as there is more to do, or a snapshot is not completed."""
        for name, described in plan.before["snapshots"].items():
            manifest = Manifest(world, name)
            if not manifest.begun():
                manifest.begin(described)
        return self._turn(world, plan)

    def check(self, world: AwsWorld, plan: Plan) -> Receipt:
        """The records in the bucket; where one is not there yet, the next turn of what `do` has begun."""
        if not all(Manifest(world, name).begun() for name in plan.before["snapshots"]):
            summary = Text(en="Nothing has been hashed yet.", ja="ハッシュ計算はまだ始まっていません。")
            return receipt(self, "failed", summary, {})
        return self._turn(world, plan)

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        del world, plan  # part of the interface, and nothing here to restore
        raise nothing_to_undo(self, "Hashes are kept as long as the evidence they stand for.")

    def _turn(self, world: AwsWorld, plan: Plan) -> Receipt:
        """Every snapshot in its turn, until the time of this turn is over."""
        ends, sent = time.monotonic() + SLICE_SECONDS, len(world.sent)
        records: list[ImageRecord] = []
        for name in plan.before["snapshots"]:
            snapshot = find_snapshot(world, name)
            if snapshot.pending:
                return receipt(self, "pending", _pending(snapshot), {}, again_in=ASK_AGAIN)
            record = Turn(world, name, ends).record()
            if isinstance(record, Text):
                return receipt(self, "pending", record, {}, again_in=0.1)
            records.append(record)
        return self._held(world, records, "done" if len(world.sent) > sent else "already-done")

    def _held(self, world: AwsWorld, records: Sequence[ImageRecord], outcome: Outcome) -> Receipt:
        """Effect-proven: every block has matched the checksum of EBS, and the manifest in the bucket is the one the record was made over."""
        altered = [one for one in records if not _whole(Manifest(world, one.snapshot), one)]
        told = "; ".join(f"{one.snapshot} {one.bytes} bytes {one.sha256}" for one in records)
        summary = Text(en=f"SHA-256 of the image: {told}", ja=f"イメージの SHA-256: {told}")
        return receipt(
            self, "failed" if altered else outcome, summary, {"images": msgspec.to_builtins(records)},
            grade="none" if altered else "effect-proven", still_open=map(_altered, altered),
            held_at=" ".join(Manifest(world, one.snapshot).address for one in records),
        )  # fmt: skip


class Turn:
    """One snapshot, as far as the time allows."""

    def __init__(self, world: AwsWorld, snapshot: str, ends: float) -> None:
        """`ends`: on the monotonic clock."""
        self._manifest = Manifest(world, snapshot)
        self._blocks = SnapshotBlocks(world, snapshot)
        self._ends = ends

    def record(self) -> ImageRecord | Text:
        """The finished record, or how far it is."""
        if record := self._manifest.record():
            return record
        cut, last = self._blocks.image(), self._manifest.last()
        image = last.header.image_hash() if last and last.header.state else ImageHash(cut.block_bytes)
        last = last if image.at else None
        while image.at < cut.blocks:
            last = self._part(cut, image, last)
            if time.monotonic() > self._ends and image.at < cut.blocks:
                return _under_way(last.header.snapshot, image.at / cut.blocks)
        if last is None:
            raise Failed("The snapshot says that it has no blocks at all.", hint="Look at it in the EC2 console.")
        return self._manifest.finish(cut, image, last)

    def _part(self, cut: Image, image: ImageHash, before: Part | None) -> Part:
        first, until = image.at, min(image.at + PART_BLOCKS, cut.blocks)
        there = hash_blocks(image, self._blocks.listed(first, until), self._blocks.read, until=until)
        return self._manifest.add(image, there, first=first, block_bytes=cut.block_bytes, before=before)


def _whole(manifest: Manifest, record: ImageRecord) -> bool:
    last = manifest.last()
    return last is not None and (last.sha256, last.header.end) == (record.last_part, record.blocks)


def _under_way(snapshot: str, share: float) -> Text:
    return Text(en=f"{snapshot}: {share:.0%} is hashed.", ja=f"{snapshot}: {share:.0%} まで計算しました。")


def _pending(snapshot: Snapshot) -> Text:
    return Text(
        en=f"{snapshot.id} is still being copied ({snapshot.progress or '0%'}): it can be read when it is complete.",
        ja=f"{snapshot.id} は複製中です（{snapshot.progress or '0%'}）。完了するまで読み取れません。",
    )


def _altered(record: ImageRecord) -> Text:
    return Text(
        en=f"{record.snapshot}: the manifest in the bucket is not the one this hash was made over. Look at the versions of its objects.",
        ja=f"{record.snapshot}: バケット内のマニフェストが計算時のものと一致しません。オブジェクトのバージョンを確認してください。",
    )
