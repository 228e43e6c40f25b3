"""Contain an RDS database instance: not public, in the isolation group, protected from deletion."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from hikeshi.actions.action import Call
from hikeshi.actions.aws.data.database_isolation import (
    BACK,
    CUT,
    GROUP_PERMISSIONS,
    LEFT,
    PART,
    USERS,
    DatabaseIsolation,
    active_groups,
)
from hikeshi.actions.aws.data.snapshot_database import DatabaseId, database
from hikeshi.actions.aws.network import isolation_group
from hikeshi.actions.aws.network.isolation_group import EMPTY
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts
from hikeshi.text import Text


class ContainDatabase(DatabaseIsolation, frozen=True, kw_only=True):
    """One call for all three, so that there is no state in between.

    Source: Amazon RDS API Reference, ModifyDBInstance with ApplyImmediately. Instances of a cluster are refused.
    """

    name: ClassVar = "aws.rds.contain"
    title: ClassVar = Text(en="Isolate the database", ja="データベースを隔離する")
    what: ClassVar = Text(
        en="Takes the public address away, gives the instance a group without rules and protects it from deletion.",
        ja="公開アドレスを外し、ルールのないグループに入れ、削除保護を有効にします。",
    )
    by_hand: ClassVar = Text(
        en="RDS console, the database, Modify, apply immediately: public access, security groups and deletion protection as saved in the plan.",
        ja="RDS コンソールのデータベース［変更］（すぐに適用）で、パブリックアクセス、セキュリティグループ、削除保護を計画に保存された値に戻します。",
    )
    permissions: ClassVar = (*GROUP_PERMISSIONS, "rds:DescribeDBInstances", "rds:ModifyDBInstance")
    needs_evidence: ClassVar = ("aws.rds.snapshot",)

    database_id: DatabaseId

    def read(self, world: AwsWorld) -> dict[str, Any]:
        found = database(world, self.database_id)
        settings = {
            "DeletionProtection": bool(found.get("DeletionProtection")),
            "PubliclyAccessible": bool(found.get("PubliclyAccessible")),
            "VpcSecurityGroupIds": active_groups(found["VpcSecurityGroups"]),
        }
        return {PART: settings}

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del before
        return {PART: _contained(self.group(world) or EMPTY.placeholder)}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del part, now
        if EMPTY.placeholder in new["VpcSecurityGroupIds"]:
            yield from isolation_group.planned_calls(self.vpc(world), {EMPTY.role: {}}, {})
        which = {"DBInstanceIdentifier": self.database_id, "ApplyImmediately": True}
        yield Call("rds:ModifyDBInstance", {**which, **new}, BACK if new["PubliclyAccessible"] else CUT)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world, before
        return Around(dependants=(USERS,), will_not_stop=LEFT)

    @property
    def subject(self) -> str:
        return self.database_id

    def status(self, world: AwsWorld) -> str:
        return str(database(world, self.database_id)["DBInstanceStatus"])

    def vpc(self, world: AwsWorld) -> str:
        return str(database(world, self.database_id).get("DBSubnetGroup", {}).get("VpcId", ""))


def _contained(group: str) -> dict[str, Any]:
    return {"DeletionProtection": True, "PubliclyAccessible": False, "VpcSecurityGroupIds": [group]}
