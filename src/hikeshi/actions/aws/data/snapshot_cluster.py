"""Take a snapshot of an Aurora or Multi-AZ cluster."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

import msgspec

from hikeshi.actions.aws.data.snapshot_database import DatabaseSnapshot
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

ClusterId = Annotated[
    str, msgspec.Meta(pattern=r"^[a-zA-Z](-?[a-zA-Z0-9]){0,62}$", title="Database cluster", examples=["orders"])
]


def cluster(world: AwsWorld, cluster_id: str) -> dict[str, Any]:
    """The cluster as DescribeDBClusters tells it. Raises `Refused` where there is none."""
    try:
        told = world.read("rds", "DescribeDBClusters", DBClusterIdentifier=cluster_id)
    except CallFailed as failure:
        if not failure.code.startswith("DBClusterNotFound"):
            raise
        hint = "Check the account, the region and the name."
        raise Refused(
            f"There is no database cluster {cluster_id} in {world.account} {world.region}.", hint=hint
        ) from None
    found: dict[str, Any] = told["DBClusters"][0]
    return found


class SnapshotCluster(DatabaseSnapshot, frozen=True, kw_only=True):
    """Of a whole cluster: its volume is shared by all of its instances. Source: Amazon RDS API Reference, CreateDBClusterSnapshot."""

    name: ClassVar = "aws.rds.snapshot_cluster"
    target: ClassVar = "database"
    kind: ClassVar = "DBCluster"
    of: ClassVar = "DBCluster"
    title: ClassVar = Text(
        en="Take a snapshot of the database cluster", ja="データベースクラスターのスナップショットを取得する"
    )
    what: ClassVar = Text(
        en="Starts a manual snapshot of the Aurora or Multi-AZ cluster. The cluster goes on meanwhile.",
        ja="Aurora またはマルチ AZ クラスターの手動スナップショットを開始します。クラスターは稼働を続けます。",
    )
    by_hand: ClassVar = Text(
        en="Nothing to undo. Snapshots are evidence; delete them in the RDS console only when their retention ends.",
        ja="元に戻すものはありません。スナップショットは証拠です。保存期間が終わるまで RDS コンソールで削除しないでください。",
    )
    permissions: ClassVar = (
        "rds:AddTagsToResource",
        "rds:CreateDBClusterSnapshot",
        "rds:DescribeDBClusterSnapshots",
        "rds:DescribeDBClusters",
    )

    cluster_id: ClusterId

    @property
    def subject(self) -> str:
        return self.cluster_id

    def found(self, world: AwsWorld) -> dict[str, Any]:
        return cluster(world, self.cluster_id)
