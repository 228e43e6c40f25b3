"""Delete a user or a role that the attacker has made: at eradication, after it was denied, with everything about it kept in the record.

IAM deletes a principal only when nothing hangs on it (IAM API Reference, DeleteUser, DeleteRole), so each part goes first, as a part of
its own: a part that somebody has changed since the plan is left, and so is the principal.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, ClassVar

import msgspec

from hikeshi.actions.action import Call, Plan, Receipt
from hikeshi.actions.aws.identity import deny_user, inline
from hikeshi.actions.aws.identity.console_off import LOGIN, login_profile
from hikeshi.actions.aws.identity.lock_trust import SID
from hikeshi.actions.aws.identity.principals import (
    GONE,
    IdentitySetting,
    Kind,
    PrincipalArn,
    find_principal,
    kind_of,
    last_part,
    named,
    tags_told,
    told_when,
)
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

PRINCIPAL = "principal"

_WHY = Text(en="Nothing may hang on what is to be deleted.", ja="削除する前に、付属するものをすべて外します。")
_LAST = Text(en="The principal itself.", ja="ユーザーまたはロールそのものを削除します。")
_FOREVER = Text(
    en="It cannot be undone: a principal of the same name that is made again has another id, and policies that named it do not fit it.",
    ja="元に戻せません。同じ名前で作り直しても ID が異なり、これを指定していたポリシーは当てはまりません。",
)
_MADE = Text(
    en="What it has made itself stays (aws.iam.sweep).", ja="これが作成したものは残ります（aws.iam.sweep で確認）。"
)
_ENDED = Text(
    en="Service-specific credentials are not read: where there are any, AWS refuses the last call and says so.",
    ja="サービス固有の認証情報は読み取りません。残っている場合、最後の削除は AWS に拒否され、その旨を表示します。",
)

LISTS: Mapping[str, Mapping[str, tuple[str, str, str]]] = {
    "User": {
        "key": ("ListAccessKeys", "AccessKeyMetadata", "AccessKeyId"),
        "device": ("ListMFADevices", "MFADevices", "SerialNumber"),
        "ssh key": ("ListSSHPublicKeys", "SSHPublicKeys", "SSHPublicKeyId"),
        "certificate": ("ListSigningCertificates", "Certificates", "CertificateId"),
        "group": ("ListGroupsForUser", "Groups", "GroupName"),
        "attached": ("ListAttachedUserPolicies", "AttachedPolicies", "PolicyArn"),
    },
    "Role": {
        "profile": ("ListInstanceProfilesForRole", "InstanceProfiles", "InstanceProfileName"),
        "attached": ("ListAttachedRolePolicies", "AttachedPolicies", "PolicyArn"),
    },
}
"""What hangs on a principal: how it is listed, where in the answer, and what it is called."""

REMOVALS: Mapping[str, tuple[str, str]] = {
    "attached": ("Detach{}Policy", "PolicyArn"),
    "certificate": ("DeleteSigningCertificate", "CertificateId"),
    "device": ("DeactivateMFADevice", "SerialNumber"),
    "group": ("RemoveUserFromGroup", "GroupName"),
    "inline": ("Delete{}Policy", "PolicyName"),
    "key": ("DeleteAccessKey", "AccessKeyId"),
    "profile": ("RemoveRoleFromInstanceProfile", "InstanceProfileName"),
    "ssh key": ("DeleteSSHPublicKey", "SSHPublicKeyId"),
}


class RemovePrincipal(IdentitySetting, frozen=True, kw_only=True):
    """Delete everything that hangs on the principal, then the principal. Refused unless it is denied already."""

    name: ClassVar = "aws.iam.remove_principal"
    effect: ClassVar = "destroy"
    eradicates: ClassVar = True
    reversible: ClassVar = "no"
    target: ClassVar = "principal"
    title: ClassVar = Text(en="Delete a rogue user or role", ja="攻撃者のユーザーまたはロールを削除する")
    what: ClassVar = Text(
        en="Exports everything about the principal into the record, then deletes its keys, policies and memberships, and the principal itself.",
        ja="対象の情報をすべて記録に書き出した後、キー、ポリシー、所属を削除し、最後に本体を削除します。",
    )
    by_hand: ClassVar = Text(
        en="It cannot be set back. What it was is in the plan and in the receipt.",
        ja="元に戻せません。削除前の内容は計画とレシートに残っています。",
    )
    permissions: ClassVar = (
        "iam:DeactivateMFADevice",
        "iam:DeleteAccessKey",
        "iam:DeleteLoginProfile",
        "iam:DeleteRole",
        "iam:DeleteRolePolicy",
        "iam:DeleteSSHPublicKey",
        "iam:DeleteSigningCertificate",
        "iam:DeleteUser",
        "iam:DeleteUserPolicy",
        "iam:DetachRolePolicy",
        "iam:DetachUserPolicy",
        "iam:GetLoginProfile",
        "iam:GetRole",
        "iam:GetRolePolicy",
        "iam:GetUser",
        "iam:GetUserPolicy",
        "iam:ListAccessKeys",
        "iam:ListAttachedRolePolicies",
        "iam:ListAttachedUserPolicies",
        "iam:ListGroupsForUser",
        "iam:ListInstanceProfilesForRole",
        "iam:ListMFADevices",
        "iam:ListRolePolicies",
        "iam:ListSSHPublicKeys",
        "iam:ListSigningCertificates",
        "iam:ListUserPolicies",
        "iam:RemoveRoleFromInstanceProfile",
        "iam:RemoveUserFromGroup",
        "sts:GetCallerIdentity",
    )

    arn: PrincipalArn

    @property
    def kind(self) -> Kind:
        return kind_of(self.arn)

    @property
    def principal(self) -> str:
        return last_part(self.arn)

    def read(self, world: AwsWorld) -> dict[str, Any]:
        """Everything that hangs on it and the principal itself, in the order in which it is deleted; nothing where it is gone."""
        try:
            world.read("iam", f"Get{self.kind}", **self._whom)
        except CallFailed as failure:
            if failure.code not in GONE:
                raise
            return {}
        told = find_principal(world, self.arn)
        parts = dict(self._hanging(world))
        return {**parts, PRINCIPAL: _exported(told)}

    @property
    def _whom(self) -> dict[str, str]:
        return {f"{self.kind}Name": self.principal}

    def _hanging(self, world: AwsWorld) -> Iterable[tuple[str, Any]]:
        for what, (operation, items, key) in LISTS[self.kind].items():
            for one in world.pages("iam", operation, items, **self._whom):
                yield f"{what} {one[key]}", _exported(one)
        if self.kind == "User" and (profile := login_profile(world, self.principal)):
            yield LOGIN, profile
        names: Any = world.pages("iam", f"List{self.kind}Policies", "PolicyNames", **self._whom)
        # Our own deny goes last: until then nothing can act.
        for name in sorted(names, key=lambda name: (name == deny_user.POLICY, name)):
            yield f"inline {name}", inline.inline(world, self.kind, self.principal, name)

    def resources(self, before: Parts) -> tuple[str, ...]:
        del before
        return named(self.arn)

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        """Raises `Refused` where it is gone, or not denied yet."""
        del world
        if not before:
            raise Refused(f"There is no {self.arn}.", hint="aws.iam.sweep lists what there is.")
        if not self._denied(before):
            other = "aws.iam.deny_user" if self.kind == "User" else "aws.iam.lock_trust"
            raise Refused(f"{self.principal} is not denied yet.", hint=f"Deny first, delete at eradication: {other}.")
        return dict.fromkeys(before)

    def _denied(self, before: Parts) -> bool:
        if self.kind == "Role":
            return SID in str(before[PRINCIPAL]["AssumeRolePolicyDocument"])
        all_denied = deny_user.deny_all(self.arn)
        boundary = before[PRINCIPAL].get("PermissionsBoundary", {}).get("PermissionsBoundaryArn")
        ours = before.get(f"inline {deny_user.POLICY}") == inline.deny(deny_user.POLICY)
        return ours or f"attached {all_denied}" in before or boundary == all_denied

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del world, now, new
        if part == PRINCIPAL:
            yield Call(f"iam:Delete{self.kind}", self._whom, _LAST)
        elif part == LOGIN:
            yield Call("iam:DeleteLoginProfile", self._whom, _WHY)
        else:
            what = next(what for what in REMOVALS if part.startswith(f"{what} "))
            operation, key = REMOVALS[what]
            params = {**self._whom, key: part.removeprefix(f"{what} ")}
            yield Call(f"iam:{operation.format(self.kind)}", params, _WHY)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world, before
        return Around(will_not_stop=(_MADE,), warnings=(_FOREVER, *((_ENDED,) if self.kind == "User" else ())))

    def do(self, world: AwsWorld, plan: Plan) -> Receipt:
        """The receipt keeps everything that was deleted."""
        told = super().do(world, plan)
        return msgspec.structs.replace(told, observed={**told.observed, "exported": plan.before["parts"]})

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        del world, plan
        raise Refused(f"{self.arn} is deleted for good.", hint=self.by_hand.en)


def _exported(told: Mapping[str, Any]) -> dict[str, Any]:
    """An answer as plain JSON; what changes by being looked at is left out."""
    plain = {
        key: told_when(value) or value
        for key, value in told.items()
        if key not in ("PasswordLastUsed", "RoleLastUsed", "Roles", "Tags")
    }
    return {**plain, "Tags": tags_told(told)} if "Tags" in told else plain
