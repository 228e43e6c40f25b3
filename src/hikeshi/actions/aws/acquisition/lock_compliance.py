"""Lock snapshots in compliance mode: after a time to cool off, nobody can take it back, the account's owner included."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

import msgspec

from hikeshi.actions.action import Call, Plan, Receipt
from hikeshi.actions.aws.acquisition.lock_snapshots import Days, locks
from hikeshi.actions.aws.acquisition.snapshots import EvidenceId, evidence
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.errors import Refused
from hikeshi.text import Text

Hours = Annotated[
    int,
    msgspec.Meta(ge=1, le=72, title="Hours to cool off", description="How long people can still take the lock off."),
]

_WHY = Text(
    en="From the end of the hours to cool off, not even the account's owner can delete the snapshot before the lock ends.",
    ja="猶予時間が過ぎると、アカウントの所有者でもロックの期限まで削除できません。",
)


class LockCompliance(Setting[AwsWorld], frozen=True, kw_only=True):
    """A lock in compliance mode, always with hours to cool off. Its own action, so that it is approved on its own.

    Source: Amazon EC2 API Reference, LockSnapshot. A wrong number of days is a bill that nobody can stop, hence effect and radius.
    """

    name: ClassVar = "aws.ebs.lock_compliance"
    provider: ClassVar = "aws"
    effect: ClassVar = "destroy"
    reversible: ClassVar = "no"
    radius: ClassVar = "account"
    target: ClassVar = "snapshot"
    title: ClassVar = Text(
        en="Lock snapshots for good (compliance mode)",
        ja="スナップショットを解除不能にロックする（コンプライアンスモード）",
    )
    what: ClassVar = Text(
        en="Locks the snapshots so that nobody at all can delete them or end the lock early, once the hours to cool off are over.",
        ja="猶予時間が過ぎると、誰も削除できず、期限前に解除することもできないロックをかけます。",
    )
    by_hand: ClassVar = Text(
        en="Only within the hours to cool off: aws ec2 unlock-snapshot --snapshot-id SNAPSHOT. Afterwards it cannot be undone by anybody.",
        ja="猶予時間内に限り: aws ec2 unlock-snapshot --snapshot-id SNAPSHOT。それ以後は誰にも元に戻せません。",
    )
    permissions: ClassVar = (
        "ec2:DescribeInstances", "ec2:DescribeLockedSnapshots", "ec2:DescribeSnapshots", "ec2:LockSnapshot",
    )  # fmt: skip

    evidence_of: EvidenceId
    days: Days
    cool_off_hours: Hours = 24

    def read(self, world: AwsWorld) -> dict[str, Any]:
        return locks(world, evidence(world, self.evidence_of))

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:  # noqa: ARG002
        """Raises `Refused` where every snapshot is locked so already: a lock for good is not made longer by the way."""
        lock = {"mode": "compliance", "days": self.days, "cool_off_hours": self.cool_off_hours}
        if before and all(now is not None and now["mode"] == "compliance" for now in before.values()):
            hint = "To make it longer, use the EC2 console: that cannot be taken back either."
            raise Refused("These snapshots are locked in compliance mode already.", hint=hint)
        return {name: lock for name, now in before.items() if now is None or now["mode"] != "compliance"}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:  # noqa: ARG002
        params = {
            "SnapshotId": part,
            "LockMode": "compliance",
            "LockDuration": new["days"],
            "CoolOffPeriod": new["cool_off_hours"],
        }
        return [Call("ec2:LockSnapshot", params, _WHY)]

    def resources(self, before: Parts) -> tuple[str, ...]:
        return tuple(before)

    def around(self, world: AwsWorld, before: Parts) -> Around:  # noqa: ARG002
        gibibytes = sum(one.gibibytes for one in evidence(world, self.evidence_of).values())
        return Around(warnings=(_bill(gibibytes, self.days, self.cool_off_hours),))

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        del world, plan  # part of the interface, and nothing here to restore
        raise Refused(f"{self.name} is never undone by Hikeshi.", hint=self.by_hand.en)


def _bill(gibibytes: int, days: int, hours: int) -> Text:
    return Text(
        en=f"Up to {gibibytes} GiB will be paid for {days} days, whatever happens; it can be taken back for {hours} hours only.",
        ja=f"最大 {gibibytes} GiB の料金が {days} 日間必ずかかります。取り消せるのは {hours} 時間以内だけです。",
    )
