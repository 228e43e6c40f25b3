"""What the actions on snapshots read about them: one by its id, or all that an incident has taken of an instance."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec

from hikeshi.actions.aws.machines import find_instance, tags_of
from hikeshi.actions.aws.tags import INCIDENT_TAG
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused

EVIDENCE_TAG = "hikeshi:evidence"

EvidenceId = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^(i|snap)-([0-9a-f]{8}|[0-9a-f]{17})$",
        title="Snapshot, or instance (all of its snapshots of this incident)",
        examples=["snap-0abc1234def567890"],
    ),
]


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """One snapshot as DescribeSnapshots tells it."""

    id: str
    volume: str
    owner: str
    state: str
    progress: str
    gibibytes: int
    encrypted: bool
    key: str
    """ARN of the KMS key; empty where it is not encrypted."""
    keys: tuple[str, ...]
    """ARNs of associated keys, which open it as well."""
    started: str
    tags: Mapping[str, str]

    @property
    def pending(self) -> bool:
        return self.state not in ("completed", "error")


def evidence(world: AwsWorld, evidence_of: str) -> dict[str, Snapshot]:
    """The snapshot, or all snapshots that this incident has taken of the instance, by id. Raises `Refused` where there is none.

    They are found by tag, and tags are only a hint: a snapshot counts when its volume is one of the instance's, now or in a saved plan.
    """
    if evidence_of.startswith("snap-"):
        return {evidence_of: find_snapshot(world, evidence_of)}
    volumes = {volume.id for volume in find_instance(world, evidence_of).volumes} | _saved_volumes(world, evidence_of)
    tags = {INCIDENT_TAG: world.incident, EVIDENCE_TAG: evidence_of}
    only = [{"Name": f"tag:{key}", "Values": [value]} for key, value in sorted(tags.items())]
    told = world.pages("ec2", "DescribeSnapshots", "Snapshots", OwnerIds=["self"], Filters=only)
    found = {one.id: one for one in map(_snapshot, told) if one.volume in volumes and one.state != "error"}
    if not found:
        hint = "Take them first (aws.ebs.snapshot_set), or name a snapshot."
        raise Refused(f"{world.incident} has no snapshot of {evidence_of}.", hint=hint)
    return dict(sorted(found.items()))


def find_snapshot(world: AwsWorld, snapshot: str) -> Snapshot:
    """One snapshot. Raises `Refused` where there is none, or where it has failed and holds nothing."""
    try:
        told = list(world.pages("ec2", "DescribeSnapshots", "Snapshots", SnapshotIds=[snapshot]))
    except CallFailed as failure:
        if failure.code not in ("InvalidSnapshot.NotFound", "InvalidSnapshotID.Malformed"):
            raise
        told = []
    if not told:
        raise Refused(f"There is no snapshot {snapshot} in {world.account} {world.region}.", hint="Check the region.")
    found = _snapshot(told[0])
    if found.state == "error":
        raise Refused(f"Snapshot {snapshot} has failed: it holds no image.", hint="Take another one.")
    return found


def _saved_volumes(world: AwsWorld, instance: str) -> set[str]:
    plans = (plan for plan in world.earlier if plan.action == "aws.ebs.snapshot_set")
    return {volume for plan in plans if plan.inputs.get("instance_id") == instance for volume in plan.before["volumes"]}


def _snapshot(told: Mapping[str, Any]) -> Snapshot:
    started = told.get("StartTime")
    return Snapshot(
        id=told["SnapshotId"],
        volume=told.get("VolumeId", ""),
        owner=told.get("OwnerId", ""),
        state=told.get("State", ""),
        progress=told.get("Progress", ""),
        gibibytes=int(told.get("VolumeSize", 0)),
        encrypted=bool(told.get("Encrypted", False)),
        key=told.get("KmsKeyId", ""),
        keys=tuple(sorted(one["KmsKeyId"] for one in told.get("AssociatedKmsKeys", ()))),
        started=started.isoformat() if started else "",
        tags=tags_of(told.get("Tags")),
    )
