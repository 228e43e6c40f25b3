"""Deny a user or a role every way that AWS has into a shell on a machine, and nothing else.

For a principal that must go on working, such as a person's or a pipeline's: who has no such need is denied everything
(aws.iam.deny_user). Source: Service Authorization Reference, Systems Manager, EC2 Instance Connect, EC2, ECS.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from hikeshi.actions.action import Call
from hikeshi.actions.aws.identity import inline
from hikeshi.actions.aws.identity.principals import (
    RACE,
    IdentitySetting,
    PrincipalArn,
    find_principal,
    kind_of,
    last_part,
    named,
)
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts
from hikeshi.text import Text

POLICY: Final = "HikeshiDenyShells"
SHELLS: Final = (
    "ec2-instance-connect:*",
    "ec2:EnableSerialConsoleAccess",
    "ecs:ExecuteCommand",
    "ssm:ResumeSession",
    "ssm:SendCommand",
    "ssm:StartSession",
)
"""A key pushed over SSH, through an endpoint or to the serial console is all ec2-instance-connect."""

_LEFT = (
    Text(
        en="Sessions that are open go on: end them on each instance (aws.ssm.end_sessions).",
        ja="開いているセッションは続きます。インスタンスごとに終了してください（aws.ssm.end_sessions）。",
    ),
    Text(
        en="SSH and RDP with a key or a password that the machine knows already, and what automations and associations of Systems Manager run.",
        ja="マシンに登録済みのキーやパスワードによる SSH と RDP、Systems Manager のオートメーションと関連付けによる実行は止まりません。",
    ),
    Text(
        en="Everything else that the principal may do, such as giving its shells to another one.",
        ja="対象に許可されているそのほかの操作は止まりません。別の主体にシェルの権限を与えることもできます。",
    ),
)
_SHARED = Text(
    en="Everybody who uses the role, or the user's keys, loses these ways too.",
    ja="同じロールまたは同じユーザーのキーの利用者は全員、これらの手段を使えなくなります。",
)


class DenyShells(IdentitySetting, frozen=True, kw_only=True):
    """One inline policy of ours. It holds at once for sessions of the role that exist."""

    name: ClassVar = "aws.iam.deny_shells"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    radius: ClassVar = "shared"
    target: ClassVar = "principal"
    title: ClassVar = Text(en="Deny shells to a user or role", ja="ユーザーまたはロールのシェル接続を拒否する")
    what: ClassVar = Text(
        en="Adds a deny for Session Manager, Run Command, EC2 Instance Connect, the serial console and ECS Exec. All other work goes on.",
        ja="Session Manager、Run Command、EC2 Instance Connect、シリアルコンソール、ECS Exec への拒否を加えます。ほかの操作は続けられます。",
    )
    by_hand: ClassVar = Text(
        en=f"IAM console, the user or role, Permissions: delete the inline policy {POLICY}.",
        ja=f"IAM コンソールのユーザーまたはロールの［許可］で、インラインポリシー {POLICY} を削除します。",
    )
    permissions: ClassVar = (
        "iam:DeleteRolePolicy",
        "iam:DeleteUserPolicy",
        "iam:GetRole",
        "iam:GetRolePolicy",
        "iam:GetUser",
        "iam:GetUserPolicy",
        "iam:ListRolePolicies",
        "iam:ListUserPolicies",
        "iam:PutRolePolicy",
        "iam:PutUserPolicy",
        "sts:GetCallerIdentity",
    )

    arn: PrincipalArn

    def read(self, world: AwsWorld) -> dict[str, Any]:
        find_principal(world, self.arn)
        name = last_part(self.arn)
        return {name: inline.inline(world, kind_of(self.arn), name, POLICY)}

    def resources(self, before: Parts) -> tuple[str, ...]:
        del before
        return named(self.arn)

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        text = inline.deny(POLICY, actions=SHELLS)
        for name in before:
            inline.refuse_if_full(world, kind_of(self.arn), name, POLICY, text)
        return dict.fromkeys(before, text)

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del world
        yield inline.swap(kind_of(self.arn), part, POLICY, now, new)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world, before
        return Around(dependants=(_SHARED,), will_not_stop=(*_LEFT, RACE))
