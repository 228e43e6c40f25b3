"""Take a snapshot of an RDS database instance."""

from __future__ import annotations

import hashlib
from typing import Annotated, Any, ClassVar

import msgspec

from hikeshi.actions.action import Action, Call, Plan, Receipt
from hikeshi.actions.aws.tags import INCIDENT_TAG, STEP_TAG, tag_list
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.planning import make_plan, nothing_to_undo, receipt
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

DatabaseId = Annotated[
    str, msgspec.Meta(pattern=r"^[a-zA-Z](-?[a-zA-Z0-9]){0,62}$", title="Database instance", examples=["orders"])
]

_WHY = Text(en="The data as they are now, kept as evidence.", ja="現在のデータを証拠として保存します。")


def database(world: AwsWorld, database_id: str) -> dict[str, Any]:
    """The instance as DescribeDBInstances tells it. Raises `Refused` where there is none, or it is part of a cluster."""
    try:
        told = world.read("rds", "DescribeDBInstances", DBInstanceIdentifier=database_id)
    except CallFailed as failure:
        if not failure.code.startswith("DBInstanceNotFound"):
            raise
        hint = "Check the account, the region and the name."
        raise Refused(f"There is no database {database_id} in {world.account} {world.region}.", hint=hint) from None
    found: dict[str, Any] = told["DBInstances"][0]
    if cluster := found.get("DBClusterIdentifier"):
        hint = (
            "Its groups and snapshots are those of the cluster: aws.rds.snapshot_cluster and aws.rds.contain_cluster."
        )
        raise Refused(f"Database {database_id} is part of the cluster {cluster}.", hint=hint)
    return found


class DatabaseSnapshot(Action[AwsWorld], frozen=True, kw_only=True):
    """A manual snapshot, tagged in the creating call, started and not waited for. It stays when the database is deleted.

    Its name follows from the step, so that a repeat finds it. `kind` and `of` are how RDS calls the snapshot and what it is of.
    """

    provider: ClassVar = "aws"
    effect: ClassVar = "collect"
    reversible: ClassVar = "no"
    evidence_kind: ClassVar = "snapshot"
    kind: ClassVar[str]
    of: ClassVar[str]

    @property
    def subject(self) -> str:
        """The name of what is taken a snapshot of."""
        raise NotImplementedError

    def found(self, world: AwsWorld) -> dict[str, Any]:
        """It, as RDS tells it. Raises `Refused` where there is none."""
        raise NotImplementedError

    def plan(self, world: AwsWorld) -> Plan:
        found = self.found(world)
        status = found.get("DBInstanceStatus") or found.get("Status", "")
        state = {"status": status, "engine": found.get("Engine", "")}
        calls = [Call(f"rds:Create{self.kind}Snapshot", self._asked(world), _WHY)]
        after = {"snapshot": self._name(world)}
        return make_plan(world, self, resources=(self.subject,), calls=calls, before=state, after=after)

    def do(self, world: AwsWorld, plan: Plan) -> Receipt:
        del plan  # the name follows from the step
        if there := self._taken(world):
            return self._told(there, changed=False)
        world.used.add("rds:AddTagsToResource")
        world.change("rds", f"Create{self.kind}Snapshot", _WHY, **self._asked(world))
        return self._told(self._taken(world), changed=True)

    def check(self, world: AwsWorld, plan: Plan) -> Receipt:
        del plan
        return self._told(self._taken(world), changed=True)

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        del world, plan  # part of the interface, and nothing here to restore
        raise nothing_to_undo(
            self, "Snapshots are deleted only when their retention ends, by the owner of the evidence."
        )

    def _name(self, world: AwsWorld) -> str:
        return f"hikeshi-{self.subject}-{hashlib.sha256(world.step.encode()).hexdigest()[:12]}"

    def _asked(self, world: AwsWorld) -> dict[str, Any]:
        tags = tag_list({INCIDENT_TAG: world.incident, STEP_TAG: world.step})
        return {f"{self.of}Identifier": self.subject, f"{self.kind}SnapshotIdentifier": self._name(world), "Tags": tags}

    def _taken(self, world: AwsWorld) -> dict[str, Any] | None:
        try:
            asked = {f"{self.kind}SnapshotIdentifier": self._name(world)}
            told = world.read("rds", f"Describe{self.kind}Snapshots", **asked)[f"{self.kind}Snapshots"]
        except CallFailed as failure:
            if not failure.code.startswith(f"{self.kind}SnapshotNotFound"):
                raise
            return None
        return next((one for one in told if one["Status"] != "failed"), None)

    def _told(self, snapshot: dict[str, Any] | None, *, changed: bool) -> Receipt:
        if snapshot is None:
            none = Text(en="There is no snapshot.", ja="スナップショットはありません。")
            return receipt(self, "failed", none, {}, still_open=(none,))
        name, status = snapshot[f"{self.kind}SnapshotIdentifier"], snapshot["Status"]
        names = ("AllocatedStorage", "Encrypted", "Engine", "SnapshotCreateTime", "Status")
        observed = msgspec.to_builtins({one: snapshot[one] for one in names if one in snapshot})
        copying = Text(en=f"{name} is {status}: still being copied.", ja=f"{name} は {status} です（複製中）。")
        return receipt(
            self,
            "done" if changed else "already-done",
            Text(en=f"Snapshot {name} is {status}.", ja=f"スナップショット {name} の状態: {status}。"),
            {name: observed},
            grade="configured",
            still_open=() if status == "available" else (copying,),
            held_at=str(snapshot.get(f"{self.kind}SnapshotArn", name)),
        )


class SnapshotDatabase(DatabaseSnapshot, frozen=True, kw_only=True):
    """Of a database instance. Source: Amazon RDS API Reference, CreateDBSnapshot."""

    name: ClassVar = "aws.rds.snapshot"
    target: ClassVar = "database"
    kind: ClassVar = "DB"
    of: ClassVar = "DBInstance"
    title: ClassVar = Text(en="Take a snapshot of the database", ja="データベースのスナップショットを取得する")
    what: ClassVar = Text(
        en="Starts a manual snapshot of the database instance. Single-zone instances may pause for seconds.",
        ja="データベースインスタンスの手動スナップショットを開始します。シングル AZ では数秒停止することがあります。",
    )
    by_hand: ClassVar = Text(
        en="Nothing to undo. Snapshots are evidence; delete them in the RDS console only when their retention ends.",
        ja="元に戻すものはありません。スナップショットは証拠です。保存期間が終わるまで RDS コンソールで削除しないでください。",
    )
    permissions: ClassVar = (
        "rds:AddTagsToResource",
        "rds:CreateDBSnapshot",
        "rds:DescribeDBInstances",
        "rds:DescribeDBSnapshots",
    )

    database_id: DatabaseId

    @property
    def subject(self) -> str:
        return self.database_id

    def found(self, world: AwsWorld) -> dict[str, Any]:
        return database(world, self.database_id)
