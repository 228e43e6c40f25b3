"""Take every credential of a member account's root user away: keys, certificates, password, second factors.

Done with the organization's management account through AssumeRoot, which gives a session of 15 minutes at most for one named task (AWS STS
API Reference, AssumeRoot; IAM User Guide, "Centralize root access for member accounts"). Central root access has to be switched on there.
A root user without credentials cannot sign in; who needs it again has the password recovered through the organization.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from hikeshi.actions.action import Call, Plan, Receipt
from hikeshi.actions.aws.identity.principals import GONE, RACE, IdentitySetting, told_when
from hikeshi.actions.aws.identity.service_policy import AccountId
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

AUDIT: Final = "IAMAuditRootUserCredentials"
DELETE: Final = "IAMDeleteRootUserCredentials"

LISTS: Final = {
    "key": ("ListAccessKeys", "AccessKeyMetadata", "AccessKeyId", "DeleteAccessKey", "CreateDate"),
    "certificate": (
        "ListSigningCertificates", "Certificates", "CertificateId", "DeleteSigningCertificate", "UploadDate"
    ),
    "device": ("ListMFADevices", "MFADevices", "SerialNumber", "DeactivateMFADevice", "EnableDate"),
}  # fmt: skip
"""What root can have: how it is listed, where in the answer, what it is called, how it is taken away, and when it was made."""
PASSWORD: Final = "password"  # noqa: S105  the name of a part

_WHY = Text(
    en="As root, through AssumeRoot for this one task.",
    ja="AssumeRoot により、このタスクに限った root のセッションで行います。",
)
_SESSIONS = Text(
    en="Sessions of root that exist go on; only an organization policy stops them (aws.org.quarantine_account).",
    ja="root の既存のセッションは続きます。止められるのは組織のポリシーだけです（aws.org.quarantine_account）。",
)
_FOREVER = Text(
    en="It cannot be undone. Call the owner of the account; whoever needs root again has its password recovered through the organization.",
    ja="元に戻せません。アカウントの所有者に連絡してください。root が再び必要になった場合は、組織を通じてパスワードを復旧します。",
)


class SecureRoot(IdentitySetting, frozen=True, kw_only=True):
    """Delete what root of one member account can sign in or sign requests with."""

    name: ClassVar = "aws.iam.secure_root"
    effect: ClassVar = "destroy"
    eradicates: ClassVar = True
    reversible: ClassVar = "no"
    radius: ClassVar = "account"
    target: ClassVar = "account"
    title: ClassVar = Text(en="Remove root's credentials", ja="root ユーザーの認証情報を削除する")
    what: ClassVar = Text(
        en="Deletes the keys, certificates, password and second factors of a member account's root user. It cannot be undone.",
        ja="メンバーアカウントの root ユーザーのキー、証明書、パスワード、第 2 要素を削除します。元に戻せません。",
    )
    by_hand: ClassVar = Text(
        en="IAM console of the management account, Root access management: allow password recovery for the account.",
        ja="管理アカウントの IAM コンソールの［ルートアクセス管理］で、このアカウントのパスワード復旧を許可します。",
    )
    permissions: ClassVar = ("organizations:DescribeOrganization", "sts:AssumeRoot", "sts:GetCallerIdentity")

    account_id: AccountId

    def read(self, world: AwsWorld) -> dict[str, Any]:
        """What root has, by name; read as root, with the task that can only look."""
        found: dict[str, Any] = {}
        with world.as_root(self.account_id, AUDIT):
            for what, (operation, items, key, _, made) in LISTS.items():
                for one in world.read("iam", operation)[items]:
                    found[f"{what} {one[key]}"] = {"made": told_when(one.get(made)), "status": one.get("Status", "")}
            try:
                told = world.read("iam", "GetLoginProfile")["LoginProfile"]
                found[PASSWORD] = {"made": told_when(told["CreateDate"])}
            except CallFailed as failure:
                if failure.code not in GONE:
                    raise
        return found

    def resources(self, before: Parts) -> tuple[str, ...]:
        del before
        return (self.account_id,)

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        """Raises `Refused` for the management account, and where root has nothing."""
        organization = world.read("organizations", "DescribeOrganization")["Organization"]
        if self.account_id == organization["MasterAccountId"]:
            hint = "Its owner signs in as root and removes the credentials by hand."
            raise Refused(f"{self.account_id} is the management account; nobody else can be its root.", hint=hint)
        if not before:
            raise Refused(f"The root user of {self.account_id} has no credentials.", hint="There is nothing to remove.")
        return dict.fromkeys(before)

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del world, now, new
        if part == PASSWORD:
            yield Call("iam:DeleteLoginProfile", {}, _WHY)
            return
        what = next(what for what in LISTS if part.startswith(f"{what} "))
        _, _, key, operation, _ = LISTS[what]
        yield Call(f"iam:{operation}", {key: part.removeprefix(f"{what} ")}, _WHY)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world, before
        return Around(will_not_stop=(_SESSIONS, RACE), warnings=(_FOREVER,))

    def do(self, world: AwsWorld, plan: Plan) -> Receipt:
        with world.as_root(self.account_id, DELETE):
            return super().do(world, plan)

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        del world, plan
        raise Refused(f"What the root user of {self.account_id} had is deleted for good.", hint=self.by_hand.en)
