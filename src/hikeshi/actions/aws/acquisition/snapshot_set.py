"""Take snapshots of every EBS volume of an instance in one call, consistent across the volumes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

from hikeshi.actions.action import Action, Call, Grade, Outcome, Plan, Receipt
from hikeshi.actions.aws.acquisition.snapshots import EVIDENCE_TAG
from hikeshi.actions.aws.machines import InstanceId, has_instance_store, living_instance, tags_of
from hikeshi.actions.aws.tags import INCIDENT_TAG, MAX_TAGS, STEP_TAG, tag_list, tag_specification
from hikeshi.actions.aws.world import PAUSES, AwsWorld
from hikeshi.actions.planning import make_plan, nothing_to_undo, receipt
from hikeshi.aws.failures import DENIED, CallFailed, NoAnswer
from hikeshi.errors import Failed, Refused
from hikeshi.text import Text

PURPOSE_TAG = "hikeshi:purpose"
OUR_TAGS = 4

PENDING_QUOTA = 100
"""Snapshots that an account may have pending, by default (Service Quotas)."""
AT_THE_QUOTA = frozenset({"ConcurrentSnapshotLimitExceeded", "PendingSnapshotLimitExceeded", "SnapshotLimitExceeded"})

_WHY = Text(
    en="One call for the whole instance, so that all volumes show the same moment.",
    ja="すべてのボリュームが同じ時点を示すよう、インスタンス全体を 1 回の呼び出しで取得します。",
)
_WHY_ONE = Text(
    en="This volume is not in the set: a snapshot of its own, from a slightly different moment.",
    ja="このボリュームはまとめての取得に含まれていないため、個別に取得します（時点がわずかに異なります）。",
)
_STORE = Text(
    en="The instance type has instance store disks: no snapshot holds them, and they are lost when the instance stops.",
    ja="このインスタンスタイプにはインスタンスストアがあります。スナップショットには含まれず、停止すると失われます。",
)


class SnapshotSet(Action[AwsWorld], frozen=True, kw_only=True):
    """Crash-consistent snapshots of all EBS volumes, tagged in the creating call. Started within a second, never waited for.

    Source: Amazon EC2 API Reference, CreateSnapshots. A snapshot holds the moment of the call even while it is pending.
    """

    name: ClassVar = "aws.ebs.snapshot_set"
    provider: ClassVar = "aws"
    effect: ClassVar = "collect"
    reversible: ClassVar = "no"
    evidence_kind: ClassVar = "snapshot"
    target: ClassVar = "instance"
    title: ClassVar = Text(en="Take snapshots of all volumes", ja="全ボリュームのスナップショットを取得する")
    what: ClassVar = Text(
        en="Starts snapshots of every EBS volume of the instance at one moment. The instance is not disturbed.",
        ja="インスタンスの全 EBS ボリュームのスナップショットを同じ時点で取得し始めます。インスタンスには影響しません。",
    )
    by_hand: ClassVar = Text(
        en="Nothing to undo. Snapshots are evidence; delete them in the EC2 console only when their retention ends.",
        ja="元に戻すものはありません。スナップショットは証拠です。保存期間が終わるまで EC2 コンソールで削除しないでください。",
    )
    permissions: ClassVar = (
        "ec2:CreateSnapshot",
        "ec2:CreateSnapshots",
        "ec2:CreateTags",
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeInstances",
        "ec2:DescribeSnapshots",
        "ec2:DescribeVolumes",
    )

    instance_id: InstanceId

    def plan(self, world: AwsWorld) -> Plan:
        """Raises `Refused` for an unknown or terminated instance, or one without EBS volumes."""
        instance = living_instance(world, self.instance_id)
        if not instance.volumes:
            hint = "Capture what is on it through its operating system."
            raise Refused(f"Instance {self.instance_id} has no EBS volume to take a snapshot of.", hint=hint)
        store = has_instance_store(world, instance.type)
        volumes = {volume.id: volume.device for volume in instance.volumes}
        told = _volumes(world, volumes)
        copied = _tags_fit(told)
        return make_plan(
            world,
            self,
            resources=(self.instance_id, *volumes),
            calls=[Call("ec2:CreateSnapshots", self._whole(world, copied=copied), _WHY)],
            before={"volumes": volumes, "instance_store": store},
            after={"snapshots_of": sorted(volumes), "tags_copied": copied},
            warnings=[*([_STORE] if store else ()), *_shared_disks(told), *_crowded(world, len(volumes))],
        )

    def do(self, world: AwsWorld, plan: Plan) -> Receipt:
        """Only what is missing: snapshots made by an earlier attempt are recognised by the tag of the step."""
        instance = living_instance(world, self.instance_id)
        volumes = set(plan.before["volumes"]) | {volume.id for volume in instance.volumes}
        have = self._taken(world)
        missing = volumes - set(have)
        whole = self._whole(world, copied=plan.after.get("tags_copied", False))
        failures = self._take(world, missing, None if have else whole) if missing else {}
        return self._report(world, volumes, failures, changed=bool(missing))

    def check(self, world: AwsWorld, plan: Plan) -> Receipt:
        """Pending snapshots count as taken, and are named."""
        return self._report(world, set(plan.before["volumes"]), {}, changed=True)

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        del world, plan  # part of the interface, and nothing here to restore
        raise nothing_to_undo(
            self, "Snapshots are deleted only when their retention ends, by the owner of the evidence."
        )

    def _take(self, world: AwsWorld, missing: Iterable[str], whole: dict[str, Any] | None) -> dict[str, CallFailed]:
        """The `whole` set in one call where nothing is there yet; one by one what is missing of it. Raises `Failed` at a quota."""
        if whole:
            try:
                world.change("ec2", "CreateSnapshots", _WHY, **whole)
            except NoAnswer as failure:
                return dict.fromkeys(missing, failure)
            except CallFailed as failure:
                _wait_at(failure)
                if not failure.permanent or failure.code in DENIED:
                    raise
            else:
                return {}
        return self._take_one_by_one(world, missing)

    def _take_one_by_one(self, world: AwsWorld, missing: Iterable[str]) -> dict[str, CallFailed]:
        failures: dict[str, CallFailed] = {}
        for volume in sorted(missing):
            params: dict[str, Any] = {
                "VolumeId": volume,
                "Description": self._description(world),
                "TagSpecifications": self._tags(world),
            }
            try:
                world.change("ec2", "CreateSnapshot", _WHY_ONE, **params)
            except CallFailed as failure:
                _wait_at(failure)
                failures[volume] = failure
        return failures

    def _whole(self, world: AwsWorld, *, copied: bool) -> dict[str, Any]:
        return {
            "InstanceSpecification": {"InstanceId": self.instance_id, "ExcludeBootVolume": False},
            "Description": self._description(world),
            "TagSpecifications": self._tags(world),
            **({"CopyTagsFromSource": "volume"} if copied else {}),
        }

    def _description(self, world: AwsWorld) -> str:
        return f"Evidence of {self.instance_id}, incident {world.incident}"[:255]

    def _tags(self, world: AwsWorld) -> list[dict[str, Any]]:
        tags = {
            INCIDENT_TAG: world.incident,
            STEP_TAG: world.step,
            PURPOSE_TAG: "forensic",
            EVIDENCE_TAG: self.instance_id,
        }
        return [tag_specification("snapshot", tags)]

    def _taken(self, world: AwsWorld) -> dict[str, dict[str, Any]]:
        """Volume to its snapshot with the tag of this step; a failed snapshot does not count."""
        wanted = tag_list({STEP_TAG: world.step, PURPOSE_TAG: "forensic", EVIDENCE_TAG: self.instance_id})
        only = [{"Name": f"tag:{tag['Key']}", "Values": [tag["Value"]]} for tag in wanted]
        told = world.pages("ec2", "DescribeSnapshots", "Snapshots", OwnerIds=["self"], Filters=only)
        return {snapshot["VolumeId"]: snapshot for snapshot in told if snapshot["State"] != "error"}

    def _report(
        self, world: AwsWorld, volumes: set[str], failures: Mapping[str, CallFailed], *, changed: bool
    ) -> Receipt:
        refused = {volume for volume, failure in failures.items() if not isinstance(failure, NoAnswer)}
        taken = self._seen(world, volumes - refused, patient=changed)
        missing = sorted(volumes - set(taken))
        pending = sorted(s["SnapshotId"] for s in taken.values() if s["State"] != "completed")
        summary = Text(
            en=f"{len(volumes) - len(missing)} of {len(volumes)} volumes have a snapshot; {len(pending)} are still being copied.",
            ja=f"{len(volumes)} 個のボリュームのうち {len(volumes) - len(missing)} 個を取得しました（{len(pending)} 個は複製中）。",
        )
        still_open = [
            *(_missing(volume, failures.get(volume)) for volume in missing),
            *(_pending(one) for one in pending),
        ]
        lost = any(isinstance(failures.get(volume), NoAnswer) for volume in missing)
        outcome = _outcome(len(volumes), len(missing), lost=lost, changed=changed)
        observed = {volume: _observed(snapshot) for volume, snapshot in sorted(taken.items())}
        grade: Grade = "none" if missing else "configured"
        held_at = " ".join(sorted(snapshot["SnapshotId"] for snapshot in taken.values()))
        state = {"snapshots": observed}
        return receipt(self, outcome, summary, state, grade=grade, still_open=still_open, held_at=held_at)

    def _seen(self, world: AwsWorld, expected: set[str], *, patient: bool) -> dict[str, dict[str, Any]]:
        """What AWS shows; asked again within bounds while snapshots it has accepted do not appear yet."""
        for pause in PAUSES if patient else ():
            taken = self._taken(world)
            if expected <= set(taken):
                return taken
            world.pause(pause)
        return self._taken(world)


def _volumes(world: AwsWorld, names: Iterable[str]) -> list[dict[str, Any]]:
    return list(world.pages("ec2", "DescribeVolumes", "Volumes", VolumeIds=sorted(names)))


def _tags_fit(volumes: Iterable[Mapping[str, Any]]) -> bool:
    """Whether the volumes' own tags can be copied: beside ours, and with none of the same name, which EC2 might refuse."""
    tags = [tags_of(volume.get("Tags")) for volume in volumes]
    return all(len(one) <= MAX_TAGS - OUR_TAGS and not any(key.startswith("hikeshi:") for key in one) for one in tags)


def _shared_disks(volumes: Iterable[Mapping[str, Any]]) -> Iterable[Text]:
    for volume in volumes:
        others = len(volume.get("Attachments", ())) - 1
        if volume.get("MultiAttachEnabled") or others > 0:
            yield Text(
                en=f"{volume['VolumeId']} can be written by several instances at once: its snapshot is one moment of the disk, not of their caches.",
                ja=f"{volume['VolumeId']} は複数のインスタンスから同時に書き込めます。スナップショットはディスクの一時点であり、各インスタンスのキャッシュは含みません。",
            )


def _crowded(world: AwsWorld, wanted: int) -> Iterable[Text]:
    only = [{"Name": "status", "Values": ["pending"]}]
    pending = sum(1 for _ in world.pages("ec2", "DescribeSnapshots", "Snapshots", OwnerIds=["self"], Filters=only))
    if pending + wanted > PENDING_QUOTA:
        yield Text(
            en=f"{pending} snapshots are being copied already; beyond {PENDING_QUOTA} an account is made to wait, and this step will try again.",
            ja=f"すでに {pending} 個のスナップショットを複製中です。{PENDING_QUOTA} 個を超えると待たされるため、この手順は再試行されます。",
        )


def _wait_at(failure: CallFailed) -> None:
    """Raises `Failed`, to be tried again, where a quota of snapshots at once is reached."""
    if failure.code in AT_THE_QUOTA:
        hint = "It is tried again; should it stay so, raise the quota of pending snapshots, or delete pending ones that are no evidence."
        raise Failed(f"Too many snapshots are being copied ({failure.code}).", permanent=False, hint=hint) from failure


def _outcome(volumes: int, missing: int, *, lost: bool, changed: bool) -> Outcome:
    if not missing:
        return "done" if changed else "already-done"
    if lost:
        return "unknown"
    return "failed" if missing == volumes else "partial"


def _observed(snapshot: Mapping[str, Any]) -> dict[str, Any]:
    started = snapshot.get("StartTime")
    return {
        "snapshot": snapshot["SnapshotId"],
        "state": snapshot["State"],
        "gibibytes": snapshot.get("VolumeSize", 0),
        "encrypted": bool(snapshot.get("Encrypted", False)),
        "started": started.isoformat() if started else "",
    }


def _missing(volume: str, failure: CallFailed | None) -> Text:
    if failure is None:
        return Text(en=f"{volume} has no snapshot.", ja=f"{volume} のスナップショットがありません。")
    return Text(
        en=f"{volume} has no snapshot: {failure}",
        ja=f"{volume} のスナップショットがありません（{failure.permission}, {failure.code}）。",
    )


def _pending(snapshot: str) -> Text:
    return Text(
        en=f"{snapshot} is still being copied; it already holds the moment of the call.",
        ja=f"{snapshot} は複製中です。内容は取得を開始した時点のものです。",
    )
