"""Stop sharing an EBS snapshot: nobody but its owner may make volumes from it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

import msgspec

from hikeshi.actions.action import Call
from hikeshi.actions.aws.data.sharing import LEFT, NOBODY, attribute, permissions, shared_text
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.text import Text

SnapshotId = Annotated[
    str,
    msgspec.Meta(pattern=r"^snap-([0-9a-f]{8}|[0-9a-f]{17})$", title="Snapshot", examples=["snap-0abc1234def567890"]),
]


class UnshareSnapshot(Setting[AwsWorld], frozen=True, kw_only=True):
    """Take every account and the public off a snapshot's permissions.

    Source: Amazon EC2 API Reference, DescribeSnapshotAttribute, ModifySnapshotAttribute.
    """

    name: ClassVar = "aws.ec2.unshare_snapshot"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    target: ClassVar = "snapshot"
    title: ClassVar = Text(en="Stop sharing the snapshot", ja="スナップショットの共有を止める")
    what: ClassVar = Text(
        en="Removes every account and the public from the snapshot's permissions.",
        ja="スナップショットの権限から、すべてのアカウントと公開設定を外します。",
    )
    by_hand: ClassVar = Text(
        en="EC2 console, Snapshots, Modify permissions: add the accounts saved in the plan.",
        ja="EC2 コンソールの［スナップショット］［アクセス許可の変更］で、計画に保存されたアカウントを追加します。",
    )
    permissions: ClassVar = ("ec2:DescribeSnapshotAttribute", "ec2:ModifySnapshotAttribute")

    snapshot_id: SnapshotId

    def read(self, world: AwsWorld) -> dict[str, Any]:
        which = {"SnapshotId": self.snapshot_id, "Attribute": "createVolumePermission"}
        told = attribute(world, "DescribeSnapshotAttribute", "InvalidSnapshot", f"snapshot {self.snapshot_id}", **which)
        shared = permissions(told.get("CreateVolumePermissions", ()))
        return {
            kind: [one[name] for one in shared if name in one]
            for kind, name in (("UserIds", "UserId"), ("GroupNames", "Group"))
        }

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del world
        return {kind: [] for kind, listed in before.items() if listed}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del world
        which = {"SnapshotId": self.snapshot_id, "Attribute": "createVolumePermission"}
        for how, whom in (("add", new), ("remove", now)):
            if listed := [one for one in whom if one not in (now if how == "add" else new)]:
                yield Call("ec2:ModifySnapshotAttribute", {**which, "OperationType": how, part: listed}, NOBODY)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world
        return Around(dependants=(shared_text(before["UserIds"] + before["GroupNames"]),), will_not_stop=LEFT)
