"""Launch a replacement of a suspect instance from a known-good image, with nothing of the old one that could be the attacker's."""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Annotated, Any, ClassVar, Final

import msgspec

from hikeshi.actions.action import Action, Call, Plan, Receipt
from hikeshi.actions.aws.data.rotate_secret import secrets_read
from hikeshi.actions.aws.data.unshare_image import ImageId
from hikeshi.actions.aws.identity.revoke_instance_sessions import roles_of
from hikeshi.actions.aws.machines import InstanceId
from hikeshi.actions.aws.network.isolation_group import ROLE_TAG
from hikeshi.actions.aws.network.quarantine_subnet import SubnetId
from hikeshi.actions.aws.tags import INCIDENT_TAG, STEP_TAG, tag_specification
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.planning import make_plan, receipt
from hikeshi.errors import Refused
from hikeshi.text import Text

ROLE: Final = "rebuilt"
COPIED: Final = "<user data of the old instance>"
ASK_AGAIN: Final = 15.0
LIVING: Final = ("pending", "running", "stopping", "stopped")

Moment = Annotated[
    datetime,
    msgspec.Meta(tz=True, title="First event of the attack", description="The image must be older; with time zone."),
]
Groups = Annotated[
    tuple[Annotated[str, msgspec.Meta(pattern=r"^sg-[0-9a-f]{8,17}$")], ...],
    msgspec.Meta(min_length=1, max_length=5, title="Security groups", examples=[["sg-0abc1234def567890"]]),
]
Profile = Annotated[str, msgspec.Meta(pattern=r"^[\w+=,.@-]{0,128}$", title="Instance profile of the new one")]
KeyPair = Annotated[str, msgspec.Meta(pattern=r"^[ -~]{0,255}$", title="Key pair of the new one")]
Hash = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^([0-9a-f]{64})?$",
        title="SHA-256 of the user data",
        description="Only where the old instance's user data was read by somebody, and is to be used again.",
    ),
]

_LAUNCH: Final = Text(
    en="A new instance from the image named, with nothing else of the old one.",
    ja="指定したイメージから新しいインスタンスを起動します。元のインスタンスからはほかに何も引き継ぎません。",
)
_START: Final = Text(en="The replacement was stopped before.", ja="停止されていた代わりのインスタンスを起動します。")
_STOP: Final = Text(
    en="Stopped and kept: Hikeshi has no right to terminate.", ja="停止して残します（終了する権限は持ちません）。"
)
_LEFT: Final = Text(
    en="The old instance goes on as it is, and the way in is open in the new one as well unless the image closes it.",
    ja="元のインスタンスはそのままです。イメージで塞がれていない限り、侵入経路は新しいインスタンスにも残ります。",
)
_NOT_TAKEN: Final = Text(
    en="Not taken: its image, disks, user data, launch template, tags, profile, key pair, security groups, addresses, load balancer.",
    ja="引き継がないもの: イメージ、ディスク、ユーザーデータ、起動テンプレート、タグ、プロファイル、キーペア、セキュリティグループ、アドレス、ロードバランサー。",
)
_NOT_OURS: Final = Text(
    en="The image belongs neither to this account nor to AWS: whoever owns it decides what is in it.",
    ja="イメージの所有者は、このアカウントでも AWS でもありません。内容は所有者が決められます。",
)
_IN_USER_DATA: Final = Text(
    en="Whatever stood in the old instance's user data: anybody on it could read it.",
    ja="元のインスタンスのユーザーデータに書かれていた秘密（インスタンス上の誰でも読めます）。",
)


class Rebuild(Action[AwsWorld], frozen=True, kw_only=True):
    """RunInstances with a client token that follows from the step, so that a repeat is the same instance.

    The image is what people name, and is refused where it could hold what the attacker left: made from the suspect, or not older than
    `clean_before`; the suspect's own image only with a reason. Undoing stops the new instance and keeps it: no right to terminate is
    given to automation, and what ran there for a while may be evidence. No launch template is used: its versions can be changed by
    whoever had the account. Source: Amazon EC2 API Reference, RunInstances, DescribeImages.
    """

    name: ClassVar = "aws.ec2.rebuild"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "with-loss"
    target: ClassVar = "instance"
    title: ClassVar = Text(en="Launch a clean replacement", ja="安全なイメージから代わりを起動する")
    what: ClassVar = Text(
        en="Launches a new instance from an image older than the attack, with groups, profile and key pair of its own, and lists what has to be"
        " rotated.",
        ja="攻撃より前に作られたイメージから、専用のセキュリティグループ、プロファイル、キーペアで新しいインスタンスを起動し、更新が必要な認証情報を一覧にします。",
    )
    by_hand: ClassVar = Text(
        en="EC2 console, Instances, the new one (tag hikeshi:role = rebuilt): stop it, and terminate it once nobody needs it.",
        ja="EC2 コンソールの［インスタンス］で新しいインスタンス（タグ hikeshi:role = rebuilt）を停止し、不要になれば終了します。",
    )
    permissions: ClassVar = (
        "cloudtrail:LookupEvents",
        "ec2:CreateTags",
        "ec2:DescribeImages",
        "ec2:DescribeInstanceAttribute",
        "ec2:DescribeInstances",
        "ec2:DescribeSnapshots",
        "ec2:RunInstances",
        "ec2:StartInstances",
        "ec2:StopInstances",
        "iam:GetInstanceProfile",
        "iam:PassRole",
    )

    instance_id: InstanceId
    image_id: ImageId
    clean_before: Moment
    group_ids: Groups
    subnet_id: SubnetId | None = None
    """Where it is launched; left out: beside the old one."""
    new_profile: Profile = ""
    key_pair: KeyPair = ""
    user_data_sha256: Hash = ""
    known_good: str = ""
    """Why the image is good although the suspect was launched from it; empty: such an image is refused."""

    def plan(self, world: AwsWorld) -> Plan:
        """Raises `Refused` where the image, the groups, the profile or the key pair could be the attacker's."""
        old, image = self._told(world), self._image(world)
        self._refuse_image(world, old, image)
        self._refuse_reuse(old)
        resources = (self.instance_id, self.image_id, *self.group_ids)
        world.guard(resources)
        params, held = self._params(world, old), self._held(world, old)
        if self._user_data(world) is not None:
            params["UserData"] = COPIED
        told = [group["GroupId"] for group in old.get("SecurityGroups", ())]
        shared = sorted(set(told).intersection(self.group_ids))
        foreign = image.get("OwnerId") != world.account and image.get("ImageOwnerAlias") != "amazon"
        return make_plan(
            world, self, resources=resources, calls=[Call("ec2:RunInstances", params, _LAUNCH)],
            before={"held": held, "params": params}, after={"image": self.image_id, "state": "running"},
            warnings=(self._taken(params), _NOT_TAKEN, *((_NOT_OURS,) if foreign else ()), *map(_shared, shared)),
            will_not_stop=(_LEFT, *_to_rotate(held)),
        )  # fmt: skip

    def do(self, world: AwsWorld, plan: Plan) -> Receipt:
        world.guard(plan.resources)
        made = self._made(world)
        if made is None:
            old, params = self._told(world), dict(plan.before["params"])
            self._refuse_image(world, old, self._image(world))
            if "UserData" in params:
                params["UserData"] = self._user_data(world)
            world.change("ec2", "RunInstances", _LAUNCH, **params)
        stopped = made is not None and made["State"]["Name"] == "stopped"
        if made is not None and stopped:
            world.change("ec2", "StartInstances", _START, InstanceIds=[made["InstanceId"]])
        return self._answer(world, plan, changed=made is None or stopped)

    def check(self, world: AwsWorld, plan: Plan) -> Receipt:
        return self._answer(world, plan, changed=True)

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        """Stops the new instance; `already-done` where there is none, or it does not run."""
        del plan
        made = self._made(world)
        name, state = (made["InstanceId"], made["State"]["Name"]) if made else ("", "none")
        stop = state in ("pending", "running")
        if stop:
            world.change("ec2", "StopInstances", _STOP, InstanceIds=[name])
        summary = Text(
            en=f"The replacement {name or 'was never launched'} does not run.",
            ja=f"代わりのインスタンス {name} は動いていません。",
        )
        return receipt(self, "done" if stop else "already-done", summary, {"instance": name, "state_before": state})

    def _answer(self, world: AwsWorld, plan: Plan, *, changed: bool) -> Receipt:
        made = self._made(world)
        if made is None:
            none = Text(en="There is no replacement.", ja="代わりのインスタンスがありません。")
            return receipt(self, "failed", none, {"instance": ""}, still_open=(none,))
        name, state = made["InstanceId"], made["State"]["Name"]
        observed = {"instance": name, "image": made.get("ImageId", ""), "state": state}
        summary = Text(
            en=f"{name}, launched from {self.image_id}, is {state}.",
            ja=f"{self.image_id} から起動した {name} の状態: {state}。",
        )
        if state == "pending":
            return receipt(self, "pending", summary, observed, still_open=plan.will_not_stop, again_in=ASK_AGAIN)
        if state != "running":
            return receipt(self, "failed", summary, observed, still_open=(summary,))
        outcome: Any = "done" if changed else "already-done"
        return receipt(self, outcome, summary, observed, grade="configured", still_open=plan.will_not_stop)

    def _told(self, world: AwsWorld) -> dict[str, Any]:
        """The suspect; it may be gone already as long as AWS still tells of it."""
        only = [{"Name": "instance-id", "Values": [self.instance_id]}]
        found = list(world.pages("ec2", "DescribeInstances", "Reservations", Filters=only))
        if not found:
            hint = "Check the account, the region and the id. What is long gone is launched anew by hand."
            raise Refused(f"There is no instance {self.instance_id} in {world.account} {world.region}.", hint=hint)
        told: dict[str, Any] = found[0]["Instances"][0]
        return told

    def _image(self, world: AwsWorld) -> dict[str, Any]:
        only = [{"Name": "image-id", "Values": [self.image_id]}]
        found = list(world.pages("ec2", "DescribeImages", "Images", Filters=only))
        if not found or found[0].get("State") != "available":
            raise Refused(f"There is no image {self.image_id} to launch from.", hint="Check the region and the id.")
        return found[0]

    def _refuse_image(self, world: AwsWorld, old: Mapping[str, Any], image: Mapping[str, Any]) -> None:
        if self.clean_before > world.now():
            raise Refused(
                "The first event of the attack lies in the future.", hint="Give the time of the earliest sign."
            )
        made = datetime.fromisoformat(str(image["CreationDate"]))
        if made >= self.clean_before:
            hint = "Name one from before the first sign; a copy counts from when it was copied."
            raise Refused(f"The image {self.image_id} is of {made.isoformat()}, not older than the attack.", hint=hint)
        if image.get("SourceInstanceId") == self.instance_id or self._of_its_disks(world, old, image):
            hint = "Whatever was on its disks would be in the new instance as well. Name an image from your build."
            raise Refused(f"The image {self.image_id} was made from {self.instance_id}.", hint=hint)
        if old.get("ImageId") == self.image_id and not self.known_good.strip():
            hint = "Name another one, or say why this one is known to be good (known_good)."
            raise Refused(f"{self.instance_id} itself was launched from {self.image_id}.", hint=hint)

    def _of_its_disks(self, world: AwsWorld, old: Mapping[str, Any], image: Mapping[str, Any]) -> bool:
        snapshots = [one["Ebs"]["SnapshotId"] for one in image.get("BlockDeviceMappings", ()) if _snapshot(one)]
        disks = {one["Ebs"]["VolumeId"] for one in old.get("BlockDeviceMappings", ()) if "Ebs" in one}
        if not snapshots or not disks:
            return False
        # By the disks: a filter that fits nothing is no error, while an AWS image's snapshots are not ours to ask for.
        only = [{"Name": "volume-id", "Values": sorted(disks)}]
        of_disks = world.pages("ec2", "DescribeSnapshots", "Snapshots", Filters=only, OwnerIds=["self"])
        return not {one["SnapshotId"] for one in of_disks}.isdisjoint(snapshots)

    def _refuse_reuse(self, old: Mapping[str, Any]) -> None:
        profile = old.get("IamInstanceProfile", {}).get("Arn", "").rpartition("/")[2]
        if self.new_profile and self.new_profile == profile:
            hint = "Its sessions are in somebody else's hands: give the new one a profile with a role of its own."
            raise Refused(f"{self.new_profile} is the profile of {self.instance_id}.", hint=hint)
        if self.key_pair and self.key_pair == old.get("KeyName"):
            raise Refused(
                f"{self.key_pair} is the key pair of {self.instance_id}.", hint="Make a new one, or give none."
            )

    def _params(self, world: AwsWorld, old: Mapping[str, Any]) -> dict[str, Any]:
        interface = {
            "DeviceIndex": 0, "SubnetId": self.subnet_id or old.get("SubnetId", ""), "Groups": sorted(self.group_ids),
            "AssociatePublicIpAddress": False, "DeleteOnTermination": True,
        }  # fmt: skip
        tags = {INCIDENT_TAG: world.incident, ROLE_TAG: ROLE, STEP_TAG: world.step}
        return {
            "ImageId": self.image_id,
            "InstanceType": old["InstanceType"],
            "MinCount": 1,
            "MaxCount": 1,
            "ClientToken": _token(world),
            "InstanceInitiatedShutdownBehavior": "stop",
            "MetadataOptions": {"HttpEndpoint": "enabled", "HttpPutResponseHopLimit": 1, "HttpTokens": "required"},
            "NetworkInterfaces": [interface],
            "TagSpecifications": [
                tag_specification(kind, tags) for kind in ("instance", "network-interface", "volume")
            ],
            **({"IamInstanceProfile": {"Name": self.new_profile}} if self.new_profile else {}),
            **({"KeyName": self.key_pair} if self.key_pair else {}),
        }

    def _user_data(self, world: AwsWorld) -> bytes | None:
        """The old user data where it is to be taken; it must be exactly what somebody has looked at."""
        if not self.user_data_sha256:
            return None
        which = {"InstanceId": self.instance_id, "Attribute": "userData"}
        told = world.read("ec2", "DescribeInstanceAttribute", **which).get("UserData", {}).get("Value", "")
        data = base64.b64decode(told)
        if (now := hashlib.sha256(data).hexdigest()) != self.user_data_sha256:
            hint = "Read what it says now; it may hold what keeps the attacker in."
            raise Refused(f"The user data of {self.instance_id} has the SHA-256 {now}, not the one given.", hint=hint)
        return data

    def _made(self, world: AwsWorld) -> dict[str, Any] | None:
        """What this step has launched. The tag finds it, and the client token, which only AWS writes, proves it."""
        only = [
            {"Name": f"tag:{STEP_TAG}", "Values": [world.step]},
            {"Name": "instance-state-name", "Values": list(LIVING)},
        ]
        told = world.pages("ec2", "DescribeInstances", "Reservations", Filters=only)
        all_ = (one for reservation in told for one in reservation["Instances"])
        return next((one for one in all_ if one.get("ClientToken") == _token(world)), None)

    def _taken(self, params: Mapping[str, Any]) -> Text:
        place = params["NetworkInterfaces"][0]["SubnetId"]
        also_en, also_ja = (", user data", "、ユーザーデータ") if self.user_data_sha256 else ("", "")
        return Text(
            en=f"Taken from {self.instance_id}: its type ({params['InstanceType']})"
            f"{'' if self.subnet_id else f', its subnet ({place})'}{also_en}.",
            ja=f"{self.instance_id} から引き継ぐもの: タイプ（{params['InstanceType']}）"
            f"{'' if self.subnet_id else f'、サブネット（{place}）'}{also_ja}。",
        )

    def _held(self, world: AwsWorld, old: Mapping[str, Any]) -> dict[str, Any]:
        """The credentials that the old instance held, as far as AWS tells."""
        profile = old.get("IamInstanceProfile", {}).get("Arn", "")
        return {
            "key_pair": old.get("KeyName", ""),
            "roles": roles_of(world, profile) if profile else [],
            "secrets": sorted(set(secrets_read(world, self.instance_id))),
        }


def _snapshot(mapping: Mapping[str, Any]) -> bool:
    return bool(mapping.get("Ebs", {}).get("SnapshotId"))


def _token(world: AwsWorld) -> str:
    """The same on every repeat of the step: EC2 launches once for one token."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"hikeshi:{world.incident}:{world.step}:rebuild"))


def _to_rotate(held: Mapping[str, Any]) -> Iterator[Text]:
    for role in held["roles"]:
        yield Text(
            en=f"The role {role}: revoke its sessions (aws.iam.revoke_role_sessions).",
            ja=f"ロール {role}: セッションを無効にしてください（aws.iam.revoke_role_sessions）。",
        )
    if key := held["key_pair"]:
        yield Text(
            en=f"The key pair {key}: take it off every other host that knows it.",
            ja=f"キーペア {key}: 登録されているほかのホストからも外してください。",
        )
    for secret in held["secrets"]:
        yield Text(
            en=f"The secret {secret}: it was read there; rotate it (aws.secretsmanager.rotate).",
            ja=f"シークレット {secret}: 読み取られています。ローテーションしてください（aws.secretsmanager.rotate）。",
        )
    yield _IN_USER_DATA


def _shared(group: str) -> Text:
    return Text(
        en=f"{group} is on the old instance as well: read its rules, the attacker may have added some.",
        ja=f"{group} は元のインスタンスにも付いています。攻撃者がルールを加えていないか確認してください。",
    )
