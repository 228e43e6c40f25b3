"""Contain an Aurora or Multi-AZ cluster: in the isolation group, protected from deletion, and none of its instances public."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final

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
from hikeshi.actions.aws.data.snapshot_cluster import ClusterId, cluster
from hikeshi.actions.aws.network import isolation_group
from hikeshi.actions.aws.network.isolation_group import EMPTY
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts
from hikeshi.text import Text

MEMBER: Final = "Public address of "

_PRIVATE = Text(en="The instance has no public address.", ja="インスタンスの公開アドレスを外します。")
_GLOBAL = Text(
    en="Other regions of a global database, and clones made from it.",
    ja="グローバルデータベースのほかのリージョンと、作成済みのクローン。",
)


class ContainDatabaseCluster(DatabaseIsolation, frozen=True, kw_only=True):
    """Groups and protection are the cluster's, public addresses are those of its instances, one call each.

    Source: Amazon RDS API Reference, ModifyDBCluster and ModifyDBInstance with ApplyImmediately, DescribeDBSubnetGroups.
    """

    name: ClassVar = "aws.rds.contain_cluster"
    title: ClassVar = Text(en="Isolate the database cluster", ja="データベースクラスターを隔離する")
    what: ClassVar = Text(
        en="Gives the cluster a group without rules, protects it from deletion, and takes the public address of each instance away.",
        ja="クラスターをルールのないグループに入れ、削除保護を有効にし、各インスタンスの公開アドレスを外します。",
    )
    by_hand: ClassVar = Text(
        en="RDS console, the cluster, Modify, apply immediately: groups and deletion protection; each instance: public access, as in the plan.",
        ja="RDS コンソールのクラスター［変更］（すぐに適用）で、グループと削除保護を、各インスタンスのパブリックアクセスを、計画に保存された値に戻します。",
    )
    permissions: ClassVar = (
        *GROUP_PERMISSIONS,
        "rds:DescribeDBClusters",
        "rds:DescribeDBInstances",
        "rds:DescribeDBSubnetGroups",
        "rds:ModifyDBCluster",
        "rds:ModifyDBInstance",
    )
    needs_evidence: ClassVar = ("aws.rds.snapshot_cluster",)

    cluster_id: ClusterId

    def resources(self, before: Parts) -> tuple[str, ...]:
        return self.cluster_id, *(part.removeprefix(MEMBER) for part in before if part.startswith(MEMBER))

    def read(self, world: AwsWorld) -> dict[str, Any]:
        found = cluster(world, self.cluster_id)
        settings = {
            "DeletionProtection": bool(found.get("DeletionProtection")),
            "VpcSecurityGroupIds": active_groups(found["VpcSecurityGroups"]),
        }
        members = sorted(str(one["DBInstanceIdentifier"]) for one in found.get("DBClusterMembers", ()))
        return {PART: settings, **{f"{MEMBER}{one}": _public(world, one) for one in members}}

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        group = self.group(world) or EMPTY.placeholder
        private = {part: False for part, public in before.items() if part.startswith(MEMBER) and public}
        return {PART: {"DeletionProtection": True, "VpcSecurityGroupIds": [group]}, **private}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del now
        if part.startswith(MEMBER):
            which = {"DBInstanceIdentifier": part.removeprefix(MEMBER), "ApplyImmediately": True}
            yield Call("rds:ModifyDBInstance", {**which, "PubliclyAccessible": new}, BACK if new else _PRIVATE)
            return
        if EMPTY.placeholder in new["VpcSecurityGroupIds"]:
            yield from isolation_group.planned_calls(self.vpc(world), {EMPTY.role: {}}, {})
        why = CUT if new["VpcSecurityGroupIds"] == [self.group(world) or EMPTY.placeholder] else BACK
        yield Call(
            "rds:ModifyDBCluster", {"DBClusterIdentifier": self.cluster_id, "ApplyImmediately": True, **new}, why
        )

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world, before
        return Around(dependants=(USERS,), will_not_stop=(*LEFT, _GLOBAL))

    @property
    def subject(self) -> str:
        return self.cluster_id

    def status(self, world: AwsWorld) -> str:
        return str(cluster(world, self.cluster_id)["Status"])

    def vpc(self, world: AwsWorld) -> str:
        name = str(cluster(world, self.cluster_id).get("DBSubnetGroup", ""))
        told = world.read("rds", "DescribeDBSubnetGroups", DBSubnetGroupName=name)["DBSubnetGroups"]
        return str(told[0]["VpcId"])


def _public(world: AwsWorld, instance: str) -> bool:
    told = world.read("rds", "DescribeDBInstances", DBInstanceIdentifier=instance)["DBInstances"]
    return bool(told[0].get("PubliclyAccessible"))
