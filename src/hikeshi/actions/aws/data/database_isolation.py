"""What containing a database has in common, of an instance and of a cluster: our group without rules, and RDS at its own pace."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final

import msgspec

from hikeshi.actions.action import Plan, Receipt
from hikeshi.actions.aws.network import isolation_group
from hikeshi.actions.aws.network.isolation_group import EMPTY
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Setting
from hikeshi.errors import Failed
from hikeshi.text import Text

PART: Final = "Settings"
"""The part that has the groups."""
READY: Final = frozenset({"available", "storage-full", "storage-optimization"})
"""In any other state RDS refuses to modify a database, or is doing so."""
AGAIN_IN: Final = 30.0
"""Seconds: RDS takes from half a minute to several to change groups and address."""

CUT: Final = Text(en="Nobody reaches the database, and nobody deletes it.", ja="接続も削除もできないようにします。")
BACK: Final = Text(en="As saved in the plan.", ja="計画に保存された値に戻します。")
USERS: Final = Text(
    en="Every application that uses the database loses it for new connections.",
    ja="このデータベースを使うすべてのアプリケーションは、新しい接続ができなくなります。",
)
LEFT: Final = (
    Text(
        en="Connections that are open already are tracked and go on until they end; reboot it or end the sessions in it.",
        ja="確立済みの接続は追跡されているため続きます。再起動するか、データベース内でセッションを終了してください。",
    ),
    Text(
        en="The Data API, snapshots shared before, read replicas, and passwords that were read: rotate the secret as well.",
        ja="Data API、共有済みのスナップショット、リードレプリカ、読み取られたパスワード。シークレットの更新も必要です。",
    ),
)
GROUP_PERMISSIONS: Final = (
    "ec2:AuthorizeSecurityGroupEgress",
    "ec2:AuthorizeSecurityGroupIngress",
    "ec2:CreateSecurityGroup",
    "ec2:CreateTags",
    "ec2:DescribeSecurityGroupRules",
    "ec2:DescribeSecurityGroups",
    "ec2:RevokeSecurityGroupEgress",
    "ec2:RevokeSecurityGroupIngress",
)


def active_groups(listed: Iterable[dict[str, Any]]) -> list[str]:
    """The security groups of a database, sorted; those on their way out do not count."""
    return sorted(str(one["VpcSecurityGroupId"]) for one in listed if one["Status"] in ("active", "adding"))


class DatabaseIsolation(Setting[AwsWorld], frozen=True, kw_only=True):
    """Asynchronous: pending until RDS shows it. The group is made when it is done, so that a plan changes nothing."""

    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    target: ClassVar = "database"

    @property
    def subject(self) -> str:
        """Its name, for people."""
        raise NotImplementedError

    def status(self, world: AwsWorld) -> str:
        """As RDS has it: "available", "modifying" ..."""
        raise NotImplementedError

    def vpc(self, world: AwsWorld) -> str:
        """The network it is in."""
        raise NotImplementedError

    def do(self, world: AwsWorld, plan: Plan) -> Receipt:
        world.guard(plan.resources)
        if self.read(world)[PART] == plan.before["parts"][PART]:
            self._wait_for_its_turn(world)
            isolation_group.prepared_group(world, self.vpc(world))
        return self._patient(world, Setting.do(self, world, self._resolved(world, plan)))

    def check(self, world: AwsWorld, plan: Plan) -> Receipt:
        return self._patient(world, Setting.check(self, world, self._resolved(world, plan)))

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        resolved = self._resolved(world, plan)
        if self.read(world)[PART] == resolved.after["parts"].get(PART):
            self._wait_for_its_turn(world)
        return self._patient(world, Setting.undo(self, world, resolved))

    def _resolved(self, world: AwsWorld, plan: Plan) -> Plan:
        """The plan with the group that was made since."""
        group = self.group(world)
        parts = plan.after["parts"]
        if group is None or PART not in parts or parts[PART]["VpcSecurityGroupIds"] != [EMPTY.placeholder]:
            return plan
        settings = {**parts[PART], "VpcSecurityGroupIds": [group]}
        return msgspec.structs.replace(plan, after={**plan.after, "parts": {**parts, PART: settings}})

    def _wait_for_its_turn(self, world: AwsWorld) -> None:
        if (status := self.status(world)) not in READY:
            hint = "RDS changes one thing at a time; repeat the step in a minute."
            raise Failed(f"Database {self.subject} is {status}.", permanent=False, hint=hint)

    def _patient(self, world: AwsWorld, told: Receipt) -> Receipt:
        """What does not show yet is pending while RDS is at work."""
        if told.outcome not in ("failed", "refused") or told.grade != "none":
            return told
        if self.status(world) != "modifying":
            return told
        return msgspec.structs.replace(told, outcome="pending", again_in=AGAIN_IN)

    def group(self, world: AwsWorld) -> str | None:
        vpc = self.vpc(world)
        return next(iter(isolation_group.our_groups(world, [vpc]).get(vpc, ())), None)
