"""Give an instance another profile, so that what it asks for from now on belongs to a role that can only talk to Systems Manager.

Replaced and not removed: without a profile the SSM agent loses its identity, and with it every way to collect from the inside.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from hikeshi.actions.action import Call
from hikeshi.actions.aws.identity.principals import GONE, IdentitySetting, Name, last_part
from hikeshi.actions.aws.machines import InstanceId, containable_instance
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

_THERE = Text(
    en="New credentials of the instance belong to the forensic role.",
    ja="インスタンスに新しく渡される認証情報は、フォレンジック用ロールのものになります。",
)
_BACK = Text(en="The instance gets its profile back.", ja="インスタンスのプロファイルを元に戻します。")
_CACHED = Text(
    en="Credentials already taken from the instance go on until they expire (about 6 hours): aws.iam.revoke_instance_sessions ends them.",
    ja="すでに取り出された認証情報は期限（約 6 時間）まで有効です。aws.iam.revoke_instance_sessions で無効にしてください。",
)
_SERVED = Text(
    en="The instance may go on serving the old role's credentials for some minutes.",
    ja="インスタンスが元のロールの認証情報を数分間返し続けることがあります。",
)
_WORKLOAD = Text(
    en="What runs on the instance loses its permissions.",
    ja="インスタンス上の処理は権限を失います。",
)
_AGENT = Text(
    en="The SSM agent signs in anew with the other role; that can take some minutes.",
    ja="SSM エージェントは新しいロールで接続し直します。数分かかることがあります。",
)


class SwapProfile(IdentitySetting, frozen=True, kw_only=True):
    """Replace the instance profile. Source: EC2 API Reference, ReplaceIamInstanceProfileAssociation.

    Undoing makes an association with a new id, which nothing else refers to.
    """

    name: ClassVar = "aws.ec2.swap_profile"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    target: ClassVar = "instance"
    title: ClassVar = Text(en="Swap the instance profile", ja="インスタンスプロファイルを差し替える")
    what: ClassVar = Text(
        en="Gives the instance a forensic profile instead of its own: its software loses its permissions, Systems Manager keeps working.",
        ja="インスタンスのプロファイルをフォレンジック用に差し替えます。ソフトウェアは権限を失い、Systems Manager は引き続き使えます。",
    )
    by_hand: ClassVar = Text(
        en="EC2 console, the instance, Actions, Security, Modify IAM role: choose the role the plan names.",
        ja="EC2 コンソールのインスタンスで［アクション］→［セキュリティ］→［IAM ロールを変更］を開き、計画に記載のロールを選びます。",
    )
    permissions: ClassVar = (
        "ec2:AssociateIamInstanceProfile",
        "ec2:DescribeIamInstanceProfileAssociations",
        "ec2:DescribeInstances",
        "ec2:DisassociateIamInstanceProfile",
        "ec2:ReplaceIamInstanceProfileAssociation",
        "iam:GetInstanceProfile",
        "iam:PassRole",
    )

    instance_id: InstanceId
    profile: Name = "hikeshi-forensic"

    def read(self, world: AwsWorld) -> dict[str, Any]:
        containable_instance(world, self.instance_id)
        association = self._association(world)
        return {self.instance_id: association["IamInstanceProfile"]["Arn"] if association else None}

    def _association(self, world: AwsWorld) -> dict[str, Any] | None:
        only = [{"Name": "instance-id", "Values": [self.instance_id]}]
        told = world.pages(
            "ec2", "DescribeIamInstanceProfileAssociations", "IamInstanceProfileAssociations", Filters=only
        )
        return next((one for one in told if one["State"] in ("associating", "associated")), None)

    def resources(self, before: Parts) -> tuple[str, ...]:
        del before
        return (self.instance_id,)

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        """Raises `Refused` where the forensic profile does not exist or holds no role."""
        del before
        try:
            told = world.read("iam", "GetInstanceProfile", InstanceProfileName=self.profile)["InstanceProfile"]
        except CallFailed as failure:
            if failure.code not in GONE:
                raise
            told = {"Roles": []}
        if not told["Roles"]:
            hint = "deploy/ has a template for it: a role that may only be managed by Systems Manager."
            raise Refused(f"There is no instance profile {self.profile} with a role in it.", hint=hint)
        return {self.instance_id: told["Arn"]}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        association = self._association(world)
        why = _THERE if last_part(new or "") == self.profile else _BACK
        profile = {"IamInstanceProfile": {"Arn": new}}
        if new is None:
            if association:
                yield Call("ec2:DisassociateIamInstanceProfile", {"AssociationId": association["AssociationId"]}, why)
        elif now is None or association is None:
            yield Call("ec2:AssociateIamInstanceProfile", {"InstanceId": part, **profile}, why)
        else:
            params = {"AssociationId": association["AssociationId"], **profile}
            yield Call("ec2:ReplaceIamInstanceProfileAssociation", params, why)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world
        had = (_WORKLOAD,) if before[self.instance_id] else ()
        return Around(dependants=(*had, _AGENT), will_not_stop=(_CACHED, _SERVED))
