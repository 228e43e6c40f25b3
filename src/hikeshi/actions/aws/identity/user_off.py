"""Switch a person off in IAM Identity Center: no new sign-in, and nothing allowed in the sessions that go on.

Disabling the user ends no session of a role, and those outlive the portal's (IAM Identity Center User Guide, "Revoke active IAM role
sessions created by permission sets"). So each permission set the person has also gets a deny that fits only this person's id; others who
share it do not notice. Assignments stay as they are, which makes the way back exact.

Not proven on a real account: that `userStatus` can be set through UpdateUser, and the condition key in a permission set's own policy (the guide
shows it in a policy of the organization). Where AWS refuses one of them, the other is still done, and said.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Final

import msgspec

from hikeshi.actions.action import Call
from hikeshi.actions.aws.identity.principals import RACE, IdentitySetting
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Standing
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

UserId = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^([0-9a-f]{10}-)?[0-9A-Fa-f]{8}-([0-9A-Fa-f]{4}-){3}[0-9A-Fa-f]{12}$",
        title="User id",
        examples=["906715e2a1-4d2c1b0a-1234-4abc-8def-0123456789ab"],
    ),
]

USER: Final = "user"
QUOTA: Final = 32_768
"""Characters of a permission set's inline policy (IAM Identity Center User Guide, "Quotas")."""
BEHIND: Final = "LATEST_PERMISSION_SET_NOT_PROVISIONED"

_OFF = Text(en="Nobody signs in as this person any more.", ja="この人としてサインインできなくなります。")
_ON = Text(en="The person can sign in again.", ja="この人は再びサインインできます。")
_DENY = Text(en="Sessions that exist are denied, this person's only.", ja="この人の既存のセッションだけを拒否します。")
_BACK = Text(en="The policy becomes what it was.", ja="ポリシーを元に戻します。")
_SPREAD = Text(
    en="A permission set takes effect in the accounts when it is provisioned.",
    ja="許可セットは、プロビジョニングするとアカウントに反映されます。",
)
_PORTAL = Text(
    en="Sessions of the access portal have no API: delete them in the Identity Center console, the user, Active sessions.",
    ja="アクセスポータルのセッションは API で削除できません。IAM Identity Center コンソールのユーザーの［アクティブなセッション］で削除してください。",
)
_OUTSIDE = Text(
    en="If the person comes from an outside directory, disable the account there as well: the next synchronization can enable it here.",
    ja="外部ディレクトリのユーザーの場合は、そちらでも無効にしてください。次の同期で再び有効になることがあります。",
)
_LATER = Text(
    en="Permission sets assigned after this plan are not denied, and neither are roles assumed onwards from these sessions.",
    ja="この計画より後に割り当てられた許可セットと、これらのセッションからさらに引き受けたロールは拒否されません。",
)
_ALL = Text(
    en="Each permission set is provisioned anew in every account it is used in; its other users keep their sessions.",
    ja="各許可セットは、使われているすべてのアカウントに再度プロビジョニングされます。ほかの利用者のセッションは続きます。",
)


class IdcUserOff(IdentitySetting, frozen=True, kw_only=True):
    """Disable the user and deny its sessions in every permission set it has. Done where Identity Center lives, in its home region.

    Sources: Identity Store API Reference, UpdateUser; IAM Identity Center API Reference, PutInlinePolicyToPermissionSet,
    ProvisionPermissionSet.
    """

    name: ClassVar = "aws.idc.user_off"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    target: ClassVar = "principal"
    title: ClassVar = Text(en="Switch a person off in Identity Center", ja="IAM Identity Center のユーザーを無効にする")
    what: ClassVar = Text(
        en="Disables the person's sign-in and denies everything to the sessions that go on, in every account. Others do not notice.",
        ja="この人のサインインを無効にし、続いているセッションの操作をすべてのアカウントで拒否します。ほかの人には影響しません。",
    )
    by_hand: ClassVar = Text(
        en="Identity Center console: enable the user; in each permission set of the plan remove the statement HikeshiUserOff..., then provision.",
        ja="IAM Identity Center コンソールでユーザーを有効にし、計画の各許可セットから HikeshiUserOff... の文を削除してプロビジョニングします。",
    )
    permissions: ClassVar = (
        "identitystore:DescribeUser",
        "identitystore:UpdateUser",
        "sso:DeleteInlinePolicyFromPermissionSet",
        "sso:GetInlinePolicyForPermissionSet",
        "sso:ListAccountAssignmentsForPrincipal",
        "sso:ListAccountsForProvisionedPermissionSet",
        "sso:ListInstances",
        "sso:ProvisionPermissionSet",
        "sso:PutInlinePolicyToPermissionSet",
    )

    user_id: UserId

    def read(self, world: AwsWorld) -> dict[str, Any]:
        """The user's state, and each of its permission sets by ARN. Raises `Refused` where there is no such user here."""
        center = self._center(world)
        sets = self._sets(world, center["InstanceArn"])
        return {USER: self._status(world, center), **{one: self._policy(world, center, one) for one in sets}}

    def _center(self, world: AwsWorld) -> dict[str, Any]:
        for one in world.pages("sso-admin", "ListInstances", "Instances"):
            return one
        hint = "Plan the step for the account that manages it, in its home region."
        raise Refused(f"There is no Identity Center in {world.account} {world.region}.", hint=hint)

    def _status(self, world: AwsWorld, center: dict[str, Any]) -> str:
        whom = {"IdentityStoreId": center["IdentityStoreId"], "UserId": self.user_id}
        try:
            return str(world.read("identitystore", "DescribeUser", **whom).get("UserStatus", "ENABLED"))
        except CallFailed as failure:
            if failure.code != "ResourceNotFoundException":
                raise
            raise Refused(f"There is no user {self.user_id} in this Identity Center.") from None

    def _sets(self, world: AwsWorld, instance: str) -> list[str]:
        """The permission sets the person has, through groups too."""
        told = world.pages(
            "sso-admin", "ListAccountAssignmentsForPrincipal", "AccountAssignments",
            InstanceArn=instance, PrincipalId=self.user_id, PrincipalType="USER",
        )  # fmt: skip
        return sorted({one["PermissionSetArn"] for one in told})

    def _policy(self, world: AwsWorld, center: dict[str, Any], permission_set: str) -> dict[str, Any]:
        """Its inline policy as text ("" for none), and whether every account has it as it is."""
        which = {"InstanceArn": center["InstanceArn"], "PermissionSetArn": permission_set}
        told = world.read("sso-admin", "GetInlinePolicyForPermissionSet", **which)
        behind = world.read("sso-admin", "ListAccountsForProvisionedPermissionSet", **which, ProvisioningStatus=BEHIND)
        return {"text": told.get("InlinePolicy") or "", "everywhere": not behind.get("AccountIds")}

    def resources(self, before: Parts) -> tuple[str, ...]:
        return self.user_id, *(part for part in before if part != USER)

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del world
        sets = {part: now for part, now in before.items() if part != USER}
        denied: dict[str, dict[str, Any]] = {
            part: {"text": self._denied(now["text"]), "everywhere": True} for part, now in sets.items()
        }
        for part, new in denied.items():
            if len(new["text"]) > QUOTA:
                hint = "Take something out of its inline policy by hand."
                raise Refused(f"With our deny the policy of {part} is longer than {QUOTA} characters.", hint=hint)
        return {USER: "DISABLED", **denied}

    def _denied(self, text: str) -> str:
        document = json.loads(text) if text else {"Version": "2012-10-17", "Statement": []}
        told = document["Statement"]
        statements = told if isinstance(told, list) else [told]
        deny = {
            "Sid": f"HikeshiUserOff{''.join(filter(str.isalnum, self.user_id))}",
            "Effect": "Deny",
            "Action": "*",
            "Resource": "*",
            "Condition": {"StringEquals": {"identitystore:UserId": self.user_id}},
        }
        if deny in statements:
            return text
        return json.dumps({**document, "Statement": [deny, *statements]}, separators=(",", ":"))

    def standing(self, now: Any, was: Any, new: Any, *, back: bool) -> Standing:
        """A policy that has our text, or its old one, and is not provisioned everywhere yet: an attempt that was cut off."""
        if isinstance(now, dict) and isinstance(was, dict) and isinstance(new, dict):
            ours = now["text"] in (was["text"], new["text"])
            if ours and now != new:
                return Standing.NEEDED
        return super().standing(now, was, new, back=back)

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        center = self._center(world)
        if part == USER:
            change = {"AttributePath": "userStatus", "AttributeValue": new}
            whom = {"IdentityStoreId": center["IdentityStoreId"], "UserId": self.user_id}
            yield Call("identitystore:UpdateUser", {**whom, "Operations": [change]}, _OFF if new == "DISABLED" else _ON)
            return
        which = {"InstanceArn": center["InstanceArn"], "PermissionSetArn": part}
        if not new["text"]:
            yield Call("sso-admin:DeleteInlinePolicyFromPermissionSet", which, _BACK)
        elif now["text"] != new["text"]:
            why = _DENY if "HikeshiUserOff" in new["text"] else _BACK
            yield Call("sso-admin:PutInlinePolicyToPermissionSet", {**which, "InlinePolicy": new["text"]}, why)
        yield Call("sso-admin:ProvisionPermissionSet", {**which, "TargetType": "ALL_PROVISIONED_ACCOUNTS"}, _SPREAD)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world, before
        return Around(dependants=(_ALL,), will_not_stop=(_PORTAL, _OUTSIDE, _LATER, RACE))
