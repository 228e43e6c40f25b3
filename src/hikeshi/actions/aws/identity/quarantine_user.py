"""Attach AWS's own quarantine policy to a user: an extra beside a deny, never instead of one.

AWSCompromisedKeyQuarantineV3 denies what is mostly misused, and leaves much: sts:AssumeRole, s3:PutObject, ec2:TerminateInstances,
ec2:DeleteSnapshot, ssm:SendCommand, secretsmanager:GetSecretValue, cloudtrail:StopLogging and rds:Delete* among others.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from hikeshi.actions.action import Call
from hikeshi.actions.aws.identity.principals import RACE, IdentitySetting, UserName, find_user, named
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts
from hikeshi.text import Text

QUARANTINE: Final = "AWSCompromisedKeyQuarantineV3"

_ATTACH = Text(en="An extra beside the deny.", ja="拒否に加える補助の対策です。")
_DETACH = Text(
    en="Only what we attached is detached: AWS attaches the same policy itself.",
    ja="こちらで付けたものだけを外します（同じポリシーを AWS 自身が付けることもあります）。",
)
_GAPS = Text(
    en="This policy alone is no containment: the user may still assume roles, write to S3, terminate instances, delete snapshots, send"
    " commands, read secrets, stop trails and delete databases. Deny the user as well (aws.iam.deny_user).",
    ja="このポリシーだけでは封じ込めになりません。ロールの引き受け、S3 への書き込み、インスタンスの終了、スナップショットの削除、"
    "コマンドの送信、シークレットの参照、証跡の停止、データベースの削除は引き続き可能です。aws.iam.deny_user も実行してください。",
)


class QuarantineUser(IdentitySetting, frozen=True, kw_only=True):
    """Attach the managed policy where it is not attached yet. Source: IAM API Reference, AttachUserPolicy."""

    name: ClassVar = "aws.iam.quarantine_user"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    target: ClassVar = "principal"
    title: ClassVar = Text(en="Attach AWS's quarantine policy", ja="AWS の隔離用ポリシーを付ける")
    what: ClassVar = Text(
        en="Attaches AWSCompromisedKeyQuarantineV3 to the user. It stops what thieves of keys do most, and much it does not stop.",
        ja="ユーザーに AWSCompromisedKeyQuarantineV3 を付けます。よくある悪用は止まりますが、止まらないものも多くあります。",
    )
    by_hand: ClassVar = Text(
        en=f"IAM console, the user, Permissions: remove {QUARANTINE}, if the plan says it was not there before.",
        ja=f"IAM コンソールのユーザーの［許可］で {QUARANTINE} を外します（計画で、以前は付いていなかった場合）。",
    )
    permissions: ClassVar = (
        "iam:AttachUserPolicy",
        "iam:DetachUserPolicy",
        "iam:GetUser",
        "iam:ListAttachedUserPolicies",
        "sts:GetCallerIdentity",
    )

    user: UserName

    def read(self, world: AwsWorld) -> dict[str, Any]:
        arn = find_user(world, self.user)["Arn"]
        attached = world.pages("iam", "ListAttachedUserPolicies", "AttachedPolicies", UserName=self.user)
        return {"arn": arn, QUARANTINE: any(one["PolicyName"] == QUARANTINE for one in attached)}

    def resources(self, before: Parts) -> tuple[str, ...]:
        return named(before["arn"])

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del world, before
        return {QUARANTINE: True}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del now
        partition = find_user(world, self.user)["Arn"].split(":")[1]
        params = {"UserName": self.user, "PolicyArn": f"arn:{partition}:iam::aws:policy/{part}"}
        yield Call("iam:AttachUserPolicy", params, _ATTACH) if new else Call("iam:DetachUserPolicy", params, _DETACH)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world, before
        return Around(will_not_stop=(_GAPS, RACE))
