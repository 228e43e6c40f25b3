"""Everything the control plane knows about an instance, as one canonical JSON document with its hash."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, Final

import msgspec
import rfc8785

from hikeshi.actions.action import Action, Call, Plan, Receipt
from hikeshi.actions.aws.acquisition.evidence_folder import EvidenceFolder, need_bucket
from hikeshi.actions.aws.machines import InstanceId, find_instance
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.planning import make_plan, nothing_to_undo, receipt
from hikeshi.aws.failures import CallFailed
from hikeshi.text import Text

OBJECT: Final = "metadata.json"
TEMPLATE_TAG: Final = "aws:ec2launchtemplate:id"

_WHY = Text(
    en="What the control plane knows now is gone when somebody changes it.",
    ja="コントロールプレーンの現在の情報は、誰かが変更すると失われます。",
)

Told = dict[str, Any]
Section = Callable[[AwsWorld, Told], Any]
"""What one section reads, given what the ones before it have told."""


class Metadata(Action[AwsWorld], frozen=True, kw_only=True):
    """Instance, interfaces, groups with rules, ACLs, routes, volumes, image, user data, profile, scaling group, target groups.

    Kept as RFC 8785 canonical JSON in the evidence bucket, because user data often holds secrets, which have no place in the record. A
    section that cannot be read is named and left out. Times and lists are as AWS gave them.
    """

    name: ClassVar = "aws.ec2.metadata"
    provider: ClassVar = "aws"
    effect: ClassVar = "collect"
    reversible: ClassVar = "no"
    target: ClassVar = "instance"
    title: ClassVar = Text(en="Keep what AWS knows about an instance", ja="インスタンスに関する AWS 側の情報を保存する")
    what: ClassVar = Text(
        en="Reads everything that the AWS APIs tell about the instance and keeps it as one document with its hash. Nothing is changed.",
        ja="インスタンスについて AWS API から得られる情報をすべて読み取り、ハッシュ付きの 1 つの文書として保存します。何も変更しません。",
    )
    by_hand: ClassVar = Text(en="Nothing to undo.", ja="元に戻すものはありません。")
    permissions: ClassVar = (
        "autoscaling:DescribeAutoScalingGroups", "autoscaling:DescribeAutoScalingInstances", "ec2:DescribeAddresses",
        "ec2:DescribeIamInstanceProfileAssociations", "ec2:DescribeImages", "ec2:DescribeInstanceAttribute", "ec2:DescribeInstances",
        "ec2:DescribeLaunchTemplateVersions", "ec2:DescribeNetworkAcls", "ec2:DescribeNetworkInterfaces", "ec2:DescribeRouteTables",
        "ec2:DescribeSecurityGroups", "ec2:DescribeSubnets", "ec2:DescribeVolumes", "ec2:DescribeVpcs",
        "elasticloadbalancing:DescribeTargetGroups", "elasticloadbalancing:DescribeTargetHealth", "s3:GetObject", "s3:ListBucket",
        "s3:PutObject",
    )  # fmt: skip

    instance_id: InstanceId

    def plan(self, world: AwsWorld) -> Plan:
        """A terminated instance is read as long as AWS shows it. Raises `Refused` where it does not, or where there is no evidence bucket."""
        need_bucket(world)
        instance = find_instance(world, self.instance_id)
        folder = self._folder(world)
        return make_plan(
            world, self, resources=(self.instance_id, folder.address(OBJECT)), calls=[Call("s3:PutObject", folder.place(OBJECT), _WHY)],
            before={"state": instance.state}, after={"document": folder.address(OBJECT)},
        )  # fmt: skip

    def do(self, world: AwsWorld, plan: Plan) -> Receipt:  # noqa: ARG002
        """Outcome `partial` where a section could not be read. What is kept already is not read again: it was the earlier moment."""
        folder = self._folder(world)
        kept = folder.get(OBJECT) if OBJECT in folder.names() else None
        if kept is not None:
            return self._told(folder, kept, "already-done")
        document = collected(world, self.instance_id)
        body: bytes = rfc8785.dumps(document)
        folder.put(OBJECT, body, _WHY)
        return self._told(folder, body, "done")

    def check(self, world: AwsWorld, plan: Plan) -> Receipt:  # noqa: ARG002
        folder = self._folder(world)
        kept = folder.get(OBJECT) if OBJECT in folder.names() else None
        if kept is None:
            return receipt(self, "failed", Text(en="Nothing is kept yet.", ja="まだ保存されていません。"), {})
        return self._told(folder, kept, "done")

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        del world, plan  # part of the interface, and nothing here to restore
        raise nothing_to_undo(self, "The document is kept as long as the evidence.")

    def _folder(self, world: AwsWorld) -> EvidenceFolder:
        return EvidenceFolder(world, f"metadata-{self.instance_id}")

    def _told(self, folder: EvidenceFolder, body: bytes, outcome: Any) -> Receipt:
        gaps = _gaps(body)
        digest = hashlib.sha256(body).hexdigest()
        summary = Text(
            en=f"{len(body)} bytes about {self.instance_id} are kept, SHA-256 {digest}.",
            ja=f"{self.instance_id} の情報 {len(body)} バイトを保存しました。SHA-256 {digest}。",
        )
        return receipt(
            self, "partial" if gaps else outcome, summary, {"sha256": digest, "bytes": len(body), "gaps": sorted(gaps)},
            grade="effect-proven", still_open=[_gap(*gap) for gap in gaps.items()], held_at=folder.address(OBJECT),
        )  # fmt: skip


def collected(world: AwsWorld, instance_id: str) -> dict[str, Any]:
    """The document: each section, and under "gaps" what AWS said where one could not be read."""
    told: Told = {"instance_id": instance_id}
    gaps: dict[str, str] = {}
    for name, section in SECTIONS.items():
        try:
            told[name] = plain(section(world, told))
        except CallFailed as failure:
            gaps[name] = str(failure)
    return {
        **told, "gaps": gaps, "account": world.account, "region": world.region, "incident": world.incident,
        "collected": world.now().isoformat(timespec="seconds"), "simulated": world.simulated, "format": "hikeshi.ec2-metadata.1",
    }  # fmt: skip


def plain(value: Any) -> Any:
    """An answer of the SDK as JSON: moments as RFC 3339, bytes in hex, no response metadata."""
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items() if key != "ResponseMetadata"}
    if isinstance(value, Sequence) and not isinstance(value, str | bytes):
        return [plain(one) for one in value]
    if isinstance(value, datetime):
        return value.isoformat()
    return value.hex() if isinstance(value, bytes) else value


def _instance(world: AwsWorld, told: Told) -> Any:
    found = list(world.pages("ec2", "DescribeInstances", "Reservations", InstanceIds=[told["instance_id"]]))
    return found[0]["Instances"][0]


def _listed(operation: str, items: str, **only: Callable[[Told], Any]) -> Section:
    """A section that is a list of EC2, asked for with what is told already; nothing is asked where there is nothing to ask for."""

    def section(world: AwsWorld, told: Told) -> Any:
        asked = {name: value(told) for name, value in only.items()}
        return list(world.pages("ec2", operation, items, **asked)) if all(asked.values()) else []

    return section


def _filter(name: str, values: Callable[[Told], list[str]]) -> Callable[[Told], Any]:
    return lambda told: [{"Name": name, "Values": found}] if (found := values(told)) else []


def _own(told: Told) -> list[str]:
    return [told["instance_id"]]


def _of_interfaces(key: str) -> Callable[[Told], list[str]]:
    return lambda told: sorted({one[key] for one in told.get("interfaces", ()) if one.get(key)})


def _groups(told: Told) -> list[str]:
    return sorted({group["GroupId"] for one in told.get("interfaces", ()) for group in one.get("Groups", ())})


def _volumes(told: Told) -> list[str]:
    disks = told.get("instance", {}).get("BlockDeviceMappings", ())
    return sorted(one["Ebs"]["VolumeId"] for one in disks if "Ebs" in one)


def _image(told: Told) -> list[str]:
    return [told["instance"]["ImageId"]] if told.get("instance", {}).get("ImageId") else []


def _user_data(world: AwsWorld, told: Told) -> Any:
    answer = world.read("ec2", "DescribeInstanceAttribute", InstanceId=told["instance_id"], Attribute="userData")
    return answer.get("UserData", {}).get("Value", "")


def _template(world: AwsWorld, told: Told) -> Any:
    tags = {tag["Key"]: tag["Value"] for tag in told.get("instance", {}).get("Tags", ())}
    if TEMPLATE_TAG not in tags:
        return []
    asked = {"LaunchTemplateId": tags[TEMPLATE_TAG]}
    return list(world.pages("ec2", "DescribeLaunchTemplateVersions", "LaunchTemplateVersions", **asked))


def _scaling(world: AwsWorld, told: Told) -> Any:
    answer = world.read("autoscaling", "DescribeAutoScalingInstances", InstanceIds=[told["instance_id"]])
    names = [one["AutoScalingGroupName"] for one in answer.get("AutoScalingInstances", ())]
    if not names:
        return {"instances": [], "groups": []}
    groups = world.read("autoscaling", "DescribeAutoScalingGroups", AutoScalingGroupNames=names)["AutoScalingGroups"]
    return {"instances": answer["AutoScalingInstances"], "groups": groups}


def _target_groups(world: AwsWorld, told: Told) -> Any:
    """The target groups that have the instance as a target; those of its VPC are asked."""
    found = []
    for group in world.pages("elbv2", "DescribeTargetGroups", "TargetGroups"):
        if group.get("VpcId") != told.get("instance", {}).get("VpcId"):
            continue
        health = world.read("elbv2", "DescribeTargetHealth", TargetGroupArn=group["TargetGroupArn"])[
            "TargetHealthDescriptions"
        ]
        if any(one["Target"]["Id"] == told["instance_id"] for one in health):
            found.append({"group": group, "health": health})
    return found


def _gaps(body: bytes) -> dict[str, str]:
    gaps: dict[str, str] = msgspec.json.decode(body)["gaps"]
    return gaps


def _gap(name: str, said: str) -> Text:
    return Text(en=f"{name} could not be read: {said}", ja=f"{name} を読み取れませんでした: {said}")


SECTIONS: Final[Mapping[str, Section]] = {
    "instance": _instance,
    "interfaces": _listed(
        "DescribeNetworkInterfaces", "NetworkInterfaces", Filters=_filter("attachment.instance-id", _own)
    ),
    "addresses": _listed(
        "DescribeAddresses", "Addresses", Filters=_filter("network-interface-id", _of_interfaces("NetworkInterfaceId"))
    ),
    "groups": _listed("DescribeSecurityGroups", "SecurityGroups", GroupIds=_groups),
    "subnets": _listed("DescribeSubnets", "Subnets", SubnetIds=_of_interfaces("SubnetId")),
    "networks": _listed("DescribeVpcs", "Vpcs", VpcIds=_of_interfaces("VpcId")),
    "network_acls": _listed(
        "DescribeNetworkAcls", "NetworkAcls", Filters=_filter("association.subnet-id", _of_interfaces("SubnetId"))
    ),
    "routes": _listed("DescribeRouteTables", "RouteTables", Filters=_filter("vpc-id", _of_interfaces("VpcId"))),
    "volumes": _listed("DescribeVolumes", "Volumes", VolumeIds=_volumes),
    "image": _listed("DescribeImages", "Images", ImageIds=_image),
    "profile": _listed(
        "DescribeIamInstanceProfileAssociations", "IamInstanceProfileAssociations", Filters=_filter("instance-id", _own)
    ),
    "user_data": _user_data,
    "launch_template": _template,
    "scaling": _scaling,
    "target_groups": _target_groups,
}
"""In this order: the later ones ask about what the earlier ones have told."""
