"""End the stolen credentials of one instance, and of that one only: a deny on its role for sessions named after the instance.

EC2 names the session it makes for an instance after the instance's id, so `aws:userid` of its credentials is "<role id>:<instance id>"
(IAM User Guide, "IAM JSON policy elements: variables", table of principal values). Other users of the role do not notice.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

import msgspec

from hikeshi.actions.action import Call
from hikeshi.actions.aws.identity import inline
from hikeshi.actions.aws.identity.principals import GONE, RACE, IdentitySetting, find_role, last_part, named
from hikeshi.actions.aws.machines import InstanceId, find_instance
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

SWAP = "aws.ec2.swap_profile"

_AGENT = Text(
    en="The SSM agent of the instance uses the same credentials: collect memory first, or swap the profile first"
    " (aws.ec2.swap_profile).",
    ja="インスタンスの SSM エージェントも同じ認証情報を使います。先にメモリを取得するか、プロファイルを差し替えてください"
    "（aws.ec2.swap_profile）。",
)
_CHAINED = Text(
    en="Sessions of other roles that were assumed with the stolen credentials go on, as do keys and users made with them.",
    ja="盗まれた認証情報で引き受けた別のロールのセッションや、作成されたキーとユーザーは残ります。",
)
_SIGNED = Text(
    en="Once the deny is taken away, unexpired stolen credentials work again (they last about 6 hours).",
    ja="拒否を外すと、期限内の盗まれた認証情報が再び使えるようになります（有効期間は約 6 時間です）。",
)


class RevokeInstanceSessions(IdentitySetting, frozen=True, kw_only=True):
    """Deny everything to the sessions of one instance. The role is found through the instance profile, never by its name.

    A profile that this incident has swapped away is remembered from the saved plan, since the stolen credentials are of its role.
    """

    name: ClassVar = "aws.iam.revoke_instance_sessions"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    target: ClassVar = "instance"
    title: ClassVar = Text(en="End the credentials of one instance", ja="1 台のインスタンスの認証情報を使えなくする")
    what: ClassVar = Text(
        en="Adds a deny to the instance's role that fits only this instance's sessions. Others that share the role do not notice.",
        ja="このインスタンスのセッションだけに当てはまる拒否をロールに加えます。同じロールを使うほかのものには影響しません。",
    )
    by_hand: ClassVar = Text(
        en="IAM console, the role, Permissions: delete the inline policy HikeshiRevoke-<instance id>.",
        ja="IAM コンソールのロールの［許可］で、インラインポリシー HikeshiRevoke-<インスタンス ID> を削除します。",
    )
    permissions: ClassVar = (
        "ec2:DescribeInstances",
        "iam:DeleteRolePolicy",
        "iam:GetInstanceProfile",
        "iam:GetRole",
        "iam:GetRolePolicy",
        "iam:ListRolePolicies",
        "iam:PutRolePolicy",
        "sts:GetCallerIdentity",
    )

    instance_id: InstanceId
    role: Annotated[str, msgspec.Meta(pattern=r"^[\w+=,.@-]{0,128}$", title="Role it had")] = ""
    """Only where the instance is gone, or its profile was changed by somebody else: the role it had."""

    @property
    def policy(self) -> str:
        return f"HikeshiRevoke-{self.instance_id}"

    def read(self, world: AwsWorld) -> dict[str, Any]:
        """Part by role name. Raises `Refused` where the instance has no role."""
        roles = [self.role] if self.role else self._roles(world)
        found = {name: find_role(world, name) for name in roles}
        parts: dict[str, Any] = {name: inline.inline(world, "Role", name, self.policy) for name in roles}
        return {**parts, "roles": [role["Arn"] for role in found.values()]}

    def _roles(self, world: AwsWorld) -> list[str]:
        swaps = [
            plan for plan in world.earlier if plan.action == SWAP and plan.inputs["instance_id"] == self.instance_id
        ]
        # The forensic profile is left out: the SSM agent needs its credentials, and nobody has stolen them.
        forensic = {plan.after["parts"][self.instance_id] for plan in swaps}
        profiles = [find_instance(world, self.instance_id).profile]
        profiles += [plan.before["parts"][self.instance_id] for plan in swaps]
        profiles = [profile for profile in profiles if profile not in forensic]
        names = dict.fromkeys(name for profile in profiles if profile for name in roles_of(world, profile))
        if not names:
            hint = "Name the role it had, where it had one: credentials outlive an instance."
            raise Refused(f"Instance {self.instance_id} has no role now.", hint=hint)
        return list(names)

    def resources(self, before: Parts) -> tuple[str, ...]:
        return self.instance_id, *(name for arn in before["roles"] for name in named(arn))

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        text = inline.deny("HikeshiRevoke", {"StringLike": {"aws:userid": f"*:{self.instance_id}"}})
        roles = [last_part(arn) for arn in before["roles"]]
        for role in roles:
            inline.refuse_if_full(world, "Role", role, self.policy, text)
        return dict.fromkeys(roles, text)

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del world
        yield inline.swap("Role", part, self.policy, now, new)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world, before
        return Around(dependants=(_AGENT,), will_not_stop=(_CHAINED, RACE), warnings=(_SIGNED,))


def roles_of(world: AwsWorld, profile: str) -> list[str]:
    """The role names in an instance profile, given its ARN; none where the profile is gone."""
    try:
        told = world.read("iam", "GetInstanceProfile", InstanceProfileName=last_part(profile))
    except CallFailed as failure:
        if failure.code not in GONE:
            raise
        return []
    return [role["RoleName"] for role in told["InstanceProfile"]["Roles"]]
