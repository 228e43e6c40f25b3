"""Copy snapshots to a key of this account: in the forensic account, of what was shared with it; or here, before sharing."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec

from hikeshi.actions.action import Action, Call, Plan, Receipt
from hikeshi.actions.aws.acquisition.share_snapshots import KeyArn
from hikeshi.actions.aws.acquisition.snapshots import EVIDENCE_TAG, find_snapshot
from hikeshi.actions.aws.tags import INCIDENT_TAG, STEP_TAG, tag_list, tag_specification
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.planning import make_plan, nothing_to_undo, receipt
from hikeshi.aws.failures import CallFailed, NoAnswer
from hikeshi.errors import Failed
from hikeshi.text import Text

SnapshotId = Annotated[
    str,
    msgspec.Meta(pattern=r"^snap-([0-9a-f]{8}|[0-9a-f]{17})$", title="Snapshot", examples=["snap-0abc1234def567890"]),
]
FOR_NOW = ("ResourceLimitExceeded", "ConcurrentSnapshotLimitExceeded")
"""Twenty copies at once to one region: refused now, and not for good."""

_WHY = Text(
    en="A copy under a key of this account, which whoever owns the original can neither delete nor close.",
    ja="このアカウントの鍵で複製します。元の所有者は削除も閲覧の遮断もできません。",
)


class CopySnapshot(Action[AwsWorld], frozen=True, kw_only=True):
    """A copy of one snapshot, encrypted under a customer key, tagged in the call that makes it.

    Source: Amazon EC2 API Reference, CopySnapshot. The account is the one the step acts in; the source may belong to another that shares it.
    """

    name: ClassVar = "aws.ebs.copy"
    provider: ClassVar = "aws"
    effect: ClassVar = "collect"
    reversible: ClassVar = "no"
    evidence_kind: ClassVar = "snapshot"
    target: ClassVar = "snapshot"
    title: ClassVar = Text(en="Copy a snapshot to a key of its own", ja="スナップショットを専用の鍵で複製する")
    what: ClassVar = Text(
        en="Copies the snapshot into this account, encrypted under the key given. Lock the copy afterwards.",
        ja="スナップショットをこのアカウントに複製し、指定した鍵で暗号化します。複製後にロックしてください。",
    )
    by_hand: ClassVar = Text(
        en="Nothing to undo. The copy is evidence; it is deleted only when its retention ends.",
        ja="元に戻すものはありません。複製は証拠です。保存期間が終わるまで削除しないでください。",
    )
    permissions: ClassVar = (
        "ec2:CopySnapshot", "ec2:CreateTags", "ec2:DescribeSnapshots", "kms:CreateGrant", "kms:DescribeKey",
        "kms:GenerateDataKeyWithoutPlaintext", "kms:ReEncryptFrom", "kms:ReEncryptTo",
    )  # fmt: skip

    snapshot_id: SnapshotId
    key: Annotated[KeyArn, msgspec.Meta(min_length=1)]

    def plan(self, world: AwsWorld) -> Plan:
        source = find_snapshot(world, self.snapshot_id)
        warnings = [_pending(source.id)] if source.pending else []
        return make_plan(
            world, self, resources=(self.snapshot_id,), calls=[Call("ec2:CopySnapshot", self._params(world), _WHY)],
            before={"source": msgspec.to_builtins(source)}, after={"encrypted_under": self.key}, warnings=warnings,
        )  # fmt: skip

    def do(self, world: AwsWorld, plan: Plan) -> Receipt:  # noqa: ARG002
        """A copy that an earlier attempt has begun is recognised by the tag of the step. Raises `Failed`, to be tried again, at the limit."""
        if made := self._made(world):
            return self._told(made, "already-done")
        if find_snapshot(world, self.snapshot_id).pending:
            raise Failed(f"{self.snapshot_id} cannot be copied before it is complete.", permanent=False)
        try:
            world.change("ec2", "CopySnapshot", _WHY, **self._params(world))
        except NoAnswer:
            if not self._made(world):
                raise
        except CallFailed as failure:
            if failure.code in FOR_NOW:
                raise Failed(str(failure), permanent=False, hint="Copies wait for each other.") from failure
            raise
        return self._told(self._made(world), "done")

    def check(self, world: AwsWorld, plan: Plan) -> Receipt:  # noqa: ARG002
        return self._told(self._made(world), "done")

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        del world, plan  # part of the interface, and nothing here to restore
        raise nothing_to_undo(self, "The copy is deleted only when its retention ends.")

    def _params(self, world: AwsWorld) -> dict[str, Any]:
        tags = {INCIDENT_TAG: world.incident, STEP_TAG: world.step, EVIDENCE_TAG: self.snapshot_id}
        return {
            "SourceSnapshotId": self.snapshot_id, "SourceRegion": world.region, "Encrypted": True, "KmsKeyId": self.key,
            "Description": f"Evidence: copy of {self.snapshot_id}, incident {world.incident}"[:255],
            "TagSpecifications": [tag_specification("snapshot", tags)],
        }  # fmt: skip

    def _made(self, world: AwsWorld) -> dict[str, Any] | None:
        wanted = tag_list({STEP_TAG: world.step, EVIDENCE_TAG: self.snapshot_id})
        only = [{"Name": f"tag:{tag['Key']}", "Values": [tag["Value"]]} for tag in wanted]
        told = world.pages("ec2", "DescribeSnapshots", "Snapshots", OwnerIds=["self"], Filters=only)
        return next((one for one in told if one["State"] != "error"), None)

    def _told(self, made: dict[str, Any] | None, outcome: Any) -> Receipt:
        if made is None:
            return receipt(self, "failed", Text(en="There is no copy.", ja="複製がありません。"), {})
        name, under = made["SnapshotId"], made.get("KmsKeyId", "")
        if under != self.key:
            en, ja = (
                f"{name} is encrypted under another key: {under or 'none'}.",
                f"{name} は別の鍵で暗号化されています。",
            )
            return receipt(self, "failed", Text(en=en, ja=ja), {"copy": name, "key": under}, held_at=name)
        summary = Text(
            en=f"{self.snapshot_id} is copied as {name}.", ja=f"{self.snapshot_id} を {name} として複製しました。"
        )
        waiting = [_pending(name)] if made["State"] != "completed" else []
        return receipt(
            self, outcome, summary, {"copy": name, "key": under, "state": made["State"]}, grade="configured", still_open=waiting,
            held_at=name,
        )  # fmt: skip


def _pending(name: str) -> Text:
    return Text(en=f"{name} is still being copied.", ja=f"{name} は複製中です。")
