"""Contain an RDS database instance: not public, in the isolation group, protected from deletion."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final

import msgspec

from hikeshi.actions.action import Call, Plan, Receipt
from hikeshi.actions.aws.data.snapshot_database import DatabaseId, database
from hikeshi.actions.aws.network import isolation_group
from hikeshi.actions.aws.network.isolation_group import EMPTY
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.errors import Failed
from hikeshi.text import Text

PART: Final = "Settings"
READY: Final = frozenset({"available", "storage-full", "storage-optimization"})
"""In any other state RDS refuses to modify an instance, or is doing so."""
AGAIN_IN: Final = 30.0
"""Seconds: RDS takes from half a minute to several to change groups and address."""

_CUT = Text(en="Nobody reaches the database, and nobody deletes it.", ja="接続も削除もできないようにします。")
_BACK = Text(en="As saved in the plan.", ja="計画に保存された値に戻します。")
_USERS = Text(
    en="Every application that uses the database loses it for new connections.",
    ja="このデータベースを使うすべてのアプリケーションは、新しい接続ができなくなります。",
)
_LEFT = (
    Text(
        en="Connections that are open already are tracked and go on until they end; reboot it or end the sessions in it.",
        ja="確立済みの接続は追跡されているため続きます。再起動するか、データベース内でセッションを終了してください。",
    ),
    Text(
        en="The Data API, snapshots shared before, read replicas, and passwords that were read: rotate the secret as well.",
        ja="Data API、共有済みのスナップショット、リードレプリカ、読み取られたパスワード。シークレットの更新も必要です。",
    ),
)


class ContainDatabase(Setting[AwsWorld], frozen=True, kw_only=True):
    """One call for all three, so that there is no state in between. Asynchronous: pending until RDS shows it.

    Source: Amazon RDS API Reference, ModifyDBInstance with ApplyImmediately. Instances of a cluster are refused.
    """

    name: ClassVar = "aws.rds.contain"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    target: ClassVar = "database"
    title: ClassVar = Text(en="Isolate the database", ja="データベースを隔離する")
    what: ClassVar = Text(
        en="Takes the public address away, gives the instance a group without rules and protects it from deletion.",
        ja="公開アドレスを外し、ルールのないグループに入れ、削除保護を有効にします。",
    )
    by_hand: ClassVar = Text(
        en="RDS console, the database, Modify, apply immediately: public access, security groups and deletion protection as saved in the plan.",
        ja="RDS コンソールのデータベース［変更］（すぐに適用）で、パブリックアクセス、セキュリティグループ、削除保護を計画に保存された値に戻します。",
    )
    permissions: ClassVar = (
        "ec2:AuthorizeSecurityGroupEgress",
        "ec2:AuthorizeSecurityGroupIngress",
        "ec2:CreateSecurityGroup",
        "ec2:CreateTags",
        "ec2:DescribeSecurityGroupRules",
        "ec2:DescribeSecurityGroups",
        "ec2:RevokeSecurityGroupEgress",
        "ec2:RevokeSecurityGroupIngress",
        "rds:DescribeDBInstances",
        "rds:ModifyDBInstance",
    )
    needs_evidence: ClassVar = ("aws.rds.snapshot",)

    database_id: DatabaseId

    def read(self, world: AwsWorld) -> dict[str, Any]:
        found = database(world, self.database_id)
        groups = [
            one["VpcSecurityGroupId"] for one in found["VpcSecurityGroups"] if one["Status"] in ("active", "adding")
        ]
        settings = {
            "DeletionProtection": bool(found.get("DeletionProtection")),
            "PubliclyAccessible": bool(found.get("PubliclyAccessible")),
            "VpcSecurityGroupIds": sorted(groups),
        }
        return {PART: settings}

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del before
        return {PART: _contained(self._group(world) or EMPTY.placeholder)}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del part, now
        if EMPTY.placeholder in new["VpcSecurityGroupIds"]:
            yield from isolation_group.planned_calls(self._vpc(world), {EMPTY.role: {}}, {})
        which = {"DBInstanceIdentifier": self.database_id, "ApplyImmediately": True}
        yield Call("rds:ModifyDBInstance", {**which, **new}, _BACK if new["PubliclyAccessible"] else _CUT)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world, before
        return Around(dependants=(_USERS,), will_not_stop=_LEFT)

    def do(self, world: AwsWorld, plan: Plan) -> Receipt:
        world.guard(plan.resources)
        if self.read(world)[PART] == plan.before["parts"][PART]:
            self._wait_for_its_turn(world)
            isolation_group.prepared_group(world, self._vpc(world))
        return self._patient(world, Setting.do(self, world, self._resolved(world, plan)))

    def check(self, world: AwsWorld, plan: Plan) -> Receipt:
        return self._patient(world, Setting.check(self, world, self._resolved(world, plan)))

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        resolved = self._resolved(world, plan)
        if self.read(world)[PART] == resolved.after["parts"][PART]:
            self._wait_for_its_turn(world)
        return self._patient(world, Setting.undo(self, world, resolved))

    def _resolved(self, world: AwsWorld, plan: Plan) -> Plan:
        """The plan with the group that was made since."""
        group = self._group(world)
        planned = plan.after["parts"][PART]["VpcSecurityGroupIds"]
        if group is None or planned != [EMPTY.placeholder]:
            return plan
        return msgspec.structs.replace(plan, after={"parts": {PART: _contained(group)}})

    def _wait_for_its_turn(self, world: AwsWorld) -> None:
        status = str(database(world, self.database_id)["DBInstanceStatus"])
        if status not in READY:
            hint = "RDS changes one thing at a time; repeat the step in a minute."
            raise Failed(f"Database {self.database_id} is {status}.", permanent=False, hint=hint)

    def _patient(self, world: AwsWorld, told: Receipt) -> Receipt:
        """What does not show yet is pending while RDS is at work."""
        if told.outcome not in ("failed", "refused") or told.grade != "none":
            return told
        if str(database(world, self.database_id)["DBInstanceStatus"]) != "modifying":
            return told
        return msgspec.structs.replace(told, outcome="pending", again_in=AGAIN_IN)

    def _vpc(self, world: AwsWorld) -> str:
        return str(database(world, self.database_id).get("DBSubnetGroup", {}).get("VpcId", ""))

    def _group(self, world: AwsWorld) -> str | None:
        vpc = self._vpc(world)
        return next(iter(isolation_group.our_groups(world, [vpc]).get(vpc, ())), None)


def _contained(group: str) -> dict[str, Any]:
    return {"DeletionProtection": True, "PubliclyAccessible": False, "VpcSecurityGroupIds": [group]}
