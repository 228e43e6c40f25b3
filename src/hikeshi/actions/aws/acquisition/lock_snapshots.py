"""Lock snapshots, so that nobody deletes the evidence by mistake or with the keys of the account."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Annotated, Any, ClassVar

import msgspec

from hikeshi.actions.action import Call, Plan, Receipt
from hikeshi.actions.aws.acquisition.snapshots import EvidenceId, evidence
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.planning import nothing_to_undo
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.text import Text

Days = Annotated[int, msgspec.Meta(ge=1, le=3650, title="Days", description="How long the lock stands.")]

_WHY = Text(
    en="A locked snapshot cannot be deleted; it may be locked while it is still being copied.",
    ja="ロックしたスナップショットは削除できません。複製中でもロックできます。",
)
_UNLOCKED_BY = Text(
    en="Whoever may call ec2:UnlockSnapshot in this account can take the lock off: a copy in another account is out of their reach.",
    ja="このアカウントで ec2:UnlockSnapshot を実行できる者はロックを解除できます。別アカウントへの複製には手が届きません。",
)


class LockSnapshots(Setting[AwsWorld], frozen=True, kw_only=True):
    """Locks in governance mode at once, also while a snapshot is pending. A lock that is there already is never shortened.

    Source: Amazon EC2 API Reference, LockSnapshot; EBS User Guide, "Amazon EBS snapshot lock". Nothing here ever unlocks.
    """

    name: ClassVar = "aws.ebs.lock"
    provider: ClassVar = "aws"
    effect: ClassVar = "collect"
    reversible: ClassVar = "no"
    target: ClassVar = "snapshot"
    title: ClassVar = Text(en="Lock snapshots (governance mode)", ja="スナップショットをロックする（ガバナンスモード）")
    what: ClassVar = Text(
        en="Locks the snapshots so that they cannot be deleted for a number of days.",
        ja="指定した日数のあいだ削除できないように、スナップショットをロックします。",
    )
    by_hand: ClassVar = Text(
        en="Somebody with that right, and not Hikeshi: aws ec2 unlock-snapshot --snapshot-id SNAPSHOT",
        ja="権限を持つ担当者が手動で解除します（Hikeshi は解除しません）: aws ec2 unlock-snapshot --snapshot-id SNAPSHOT",
    )
    permissions: ClassVar = (
        "ec2:DescribeInstances", "ec2:DescribeLockedSnapshots", "ec2:DescribeSnapshots", "ec2:LockSnapshot",
    )  # fmt: skip
    eventually: ClassVar = ("InvalidSnapshot.NotFound",)

    evidence_of: EvidenceId
    days: Days = 90

    def read(self, world: AwsWorld) -> dict[str, Any]:
        return locks(world, evidence(world, self.evidence_of))

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:  # noqa: ARG002
        """What is locked longer, or in compliance mode, stays as it is."""
        lock = {"mode": "governance", "days": self.days}
        return {name: now if stronger(now, self.days) else lock for name, now in before.items()}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:  # noqa: ARG002
        params = {"SnapshotId": part, "LockMode": new["mode"], "LockDuration": new["days"]}
        return [Call("ec2:LockSnapshot", params, _WHY)]

    def resources(self, before: Parts) -> tuple[str, ...]:
        return tuple(before)

    def around(self, world: AwsWorld, before: Parts) -> Around:  # noqa: ARG002
        return Around(will_not_stop=(_UNLOCKED_BY,))

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        del world, plan  # part of the interface, and nothing here to restore
        raise nothing_to_undo(self, "A lock protects evidence; people take it off, in the EC2 console.")


def locks(world: AwsWorld, names: Iterable[str]) -> dict[str, Any]:
    """Each snapshot's lock: its mode and days; None where there is none, or it has run out."""
    names = list(names)
    told = world.pages("ec2", "DescribeLockedSnapshots", "Snapshots", SnapshotIds=names)
    found = {one["SnapshotId"]: _lock(one) for one in told if one["LockState"] != "expired"}
    return {name: found.get(name) for name in names}


def stronger(now: Any, days: int) -> bool:
    """Whether the lock that is there protects at least as well as a governance lock of so many days."""
    return now is not None and (now["mode"] == "compliance" or now["days"] >= days)


def _lock(told: Mapping[str, Any]) -> dict[str, Any]:
    mode = "compliance" if told["LockState"].startswith("compliance") else "governance"
    cool_off = {"cool_off_hours": told["CoolOffPeriod"]} if told.get("CoolOffPeriod") else {}
    return {"mode": mode, "days": told["LockDuration"], **cool_off}
