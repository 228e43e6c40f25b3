"""Deny everything to a user: to all its keys, to its console, and to the sessions made with them.

An explicit deny in the user's policies also holds for tokens of GetSessionToken and GetFederationToken, which inherit them (IAM User
Guide, "Disabling permissions for temporary security credentials"). Where the quota for inline policies is full, AWS's own policy
AWSDenyAll is attached; where that quota is full too, it becomes the user's permissions boundary.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from hikeshi.actions.action import Call
from hikeshi.actions.aws.identity import inline
from hikeshi.actions.aws.identity.principals import RACE, IdentitySetting, UserName, find_user, named
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts
from hikeshi.errors import Refused
from hikeshi.text import Text

POLICY: Final = "HikeshiDenyAll"
MOST_ATTACHED: Final = 10
"""Managed policies on a user, by default; the quota can be raised to 20, which we cannot see."""

_ATTACH = Text(
    en="No inline policy has room: AWS's own deny is attached.",
    ja="インラインポリシーに空きがないため、AWS の拒否ポリシーを付けます。",
)
_BOUND = Text(
    en="Both quotas are full: AWS's own deny becomes the permissions boundary.",
    ja="どちらの上限も埋まっているため、AWS の拒否ポリシーを Permissions Boundary にします。",
)
_DETACH = Text(en="Only what we attached is detached.", ja="こちらで付けたものだけを外します。")
_UNBOUND = Text(en="The boundary becomes what it was.", ja="Permissions Boundary を元に戻します。")
_OTHERS = Text(
    en="Roles assumed by the user keep their sessions (aws.iam.revoke_role_sessions), and what the user has made stays (aws.iam.sweep).",
    ja="このユーザーが引き受けたロールのセッション（aws.iam.revoke_role_sessions）と、作成したもの（aws.iam.sweep）は残ります。",
)
_REVIVES = Text(
    en="Taking the deny away revives sessions that have not expired: tokens of the user live up to 36 hours.",
    ja="拒否を外すと、期限内のセッションが再び使えます。ユーザーのトークンは最長 36 時間有効です。",
)


def deny_all(user_arn: str) -> str:
    """The ARN of AWSDenyAll in the user's partition."""
    return f"arn:{user_arn.split(':')[1]}:iam::aws:policy/AWSDenyAll"


class DenyUser(IdentitySetting, frozen=True, kw_only=True):
    """One explicit deny for the user, in the first of three places that has room for it."""

    name: ClassVar = "aws.iam.deny_user"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    target: ClassVar = "principal"
    title: ClassVar = Text(en="Deny everything to a user", ja="ユーザーのすべての操作を拒否する")
    what: ClassVar = Text(
        en="Adds a deny to the user that ends its keys, its console and the sessions made with them. The user keeps existing.",
        ja="ユーザーに拒否を加え、キー、コンソール、それらで作ったセッションをすべて使えなくします。ユーザー自体は残ります。",
    )
    by_hand: ClassVar = Text(
        en=f"IAM console, the user, Permissions: delete the inline policy {POLICY}, or detach AWSDenyAll, or set the old boundary.",
        ja=f"IAM コンソールのユーザーの［許可］で、インラインポリシー {POLICY} を削除するか、AWSDenyAll を外すか、元の Permissions Boundary に戻します。",
    )
    permissions: ClassVar = (
        "iam:AttachUserPolicy",
        "iam:DeleteUserPermissionsBoundary",
        "iam:DeleteUserPolicy",
        "iam:DetachUserPolicy",
        "iam:GetUser",
        "iam:GetUserPolicy",
        "iam:ListAttachedUserPolicies",
        "iam:ListUserPolicies",
        "iam:PutUserPermissionsBoundary",
        "iam:PutUserPolicy",
        "sts:GetCallerIdentity",
    )

    user: UserName

    def read(self, world: AwsWorld) -> dict[str, Any]:
        user = find_user(world, self.user)
        attached = sorted(
            one["PolicyArn"]
            for one in world.pages("iam", "ListAttachedUserPolicies", "AttachedPolicies", UserName=self.user)
        )
        return {
            "arn": user["Arn"],
            "all attached": attached,
            "inline": inline.inline(world, "User", self.user, POLICY),
            "attached": deny_all(user["Arn"]) in attached,
            "boundary": user.get("PermissionsBoundary", {}).get("PermissionsBoundaryArn"),
        }

    def resources(self, before: Parts) -> tuple[str, ...]:
        return named(before["arn"])

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        text = inline.deny(POLICY)
        try:
            inline.refuse_if_full(world, "User", self.user, POLICY, text)
        except Refused:
            if before["attached"] or len(before["all attached"]) < MOST_ATTACHED:
                return {"attached": True}
            return {"boundary": deny_all(before["arn"])}
        return {"inline": text}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        user = {"UserName": self.user}
        if part == "inline":
            yield inline.swap("User", self.user, POLICY, now, new)
        elif part == "attached":
            policy = {**user, "PolicyArn": deny_all(find_user(world, self.user)["Arn"])}
            yield (
                Call("iam:AttachUserPolicy", policy, _ATTACH) if new else Call("iam:DetachUserPolicy", policy, _DETACH)
            )
        elif new is None:
            yield Call("iam:DeleteUserPermissionsBoundary", user, _UNBOUND)
        else:
            why = _BOUND if new.endswith(":aws:policy/AWSDenyAll") else _UNBOUND
            yield Call("iam:PutUserPermissionsBoundary", {**user, "PermissionsBoundary": new}, why)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world, before
        return Around(will_not_stop=(_OTHERS, RACE), warnings=(_REVIVES,))
