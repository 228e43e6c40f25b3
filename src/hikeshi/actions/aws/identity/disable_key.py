"""Switch a long-term access key off. It is never deleted: its id is evidence, and it can be switched on again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

import msgspec

from hikeshi.actions.action import Call
from hikeshi.actions.aws.identity.principals import GONE, RACE, IdentitySetting, find_user, named, told_when
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

AccessKeyId = Annotated[
    str, msgspec.Meta(pattern=r"^[A-Z0-9]{16,128}$", title="Access key", examples=["AKIAIOSFODNN7EXAMPLE"])
]

_WHY = {
    "Inactive": Text(
        en="The key stops signing requests; its id stays as evidence.",
        ja="キーで要求に署名できなくなります。キー ID は証拠として残ります。",
    ),
    "Active": Text(en="The key is switched on again.", ja="キーを再び有効にします。"),
}
_SESSIONS = Text(
    en="Sessions already made with the key (GetSessionToken, GetFederationToken) go on for up to 36 hours: deny the user"
    " (aws.iam.deny_user).",
    ja="このキーで作成済みのセッション（GetSessionToken、GetFederationToken）は最長 36 時間有効です。ユーザーも拒否してください"
    "（aws.iam.deny_user）。",
)
_ROLES = Text(
    en="Roles assumed with the key keep their sessions (aws.iam.revoke_role_sessions).",
    ja="このキーで引き受けたロールのセッションは残ります（aws.iam.revoke_role_sessions）。",
)


class DisableKey(IdentitySetting, frozen=True, kw_only=True):
    """Set an access key to Inactive. The user is found through the key. Source: IAM API Reference, UpdateAccessKey."""

    name: ClassVar = "aws.iam.disable_key"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    target: ClassVar = "key"
    title: ClassVar = Text(en="Switch an access key off", ja="アクセスキーを無効にする")
    what: ClassVar = Text(
        en="Sets the long-term access key to Inactive. Everything that signs with it stops, on our side too.",
        ja="長期アクセスキーを無効にします。自社の処理も含め、このキーを使うものはすべて止まります。",
    )
    by_hand: ClassVar = Text(
        en="aws iam update-access-key --user-name USER --access-key-id KEY --status Active",
        ja="次を実行します: aws iam update-access-key --user-name USER --access-key-id KEY --status Active",
    )
    permissions: ClassVar = (
        "iam:GetAccessKeyLastUsed",
        "iam:GetUser",
        "iam:ListAccessKeys",
        "iam:UpdateAccessKey",
        "sts:GetCallerIdentity",
    )

    access_key_id: AccessKeyId

    def read(self, world: AwsWorld) -> dict[str, Any]:
        """Raises `Refused` for a key that is temporary, root's, unknown here, or of the user we are ourselves."""
        if self.access_key_id.startswith("ASIA"):
            hint = (
                "End its sessions: aws.iam.revoke_instance_sessions, aws.iam.revoke_role_sessions or aws.iam.deny_user."
            )
            raise Refused(f"{self.access_key_id} is a temporary key; it cannot be switched off.", hint=hint)
        name, used = self._owner(world)
        user = find_user(world, name)
        listed = world.pages("iam", "ListAccessKeys", "AccessKeyMetadata", UserName=name)
        keys = {key["AccessKeyId"]: key["Status"] for key in listed}
        if self.access_key_id not in keys:
            raise self._roots()
        others = {key: status for key, status in keys.items() if key != self.access_key_id}
        return {self.access_key_id: keys[self.access_key_id], "user": user["Arn"], "others": others, "used": used}

    def _owner(self, world: AwsWorld) -> tuple[str, dict[str, str]]:
        try:
            told = world.read("iam", "GetAccessKeyLastUsed", AccessKeyId=self.access_key_id)
        except CallFailed as failure:
            if failure.code not in (*GONE, "AccessDenied"):
                raise
            hint = "sts:GetAccessKeyInfo tells which account a key belongs to."
            raise Refused(
                f"Account {world.account} does not know the key {self.access_key_id}. {failure.message}", hint=hint
            ) from None
        if not told.get("UserName"):
            raise self._roots()
        used = told.get("AccessKeyLastUsed", {})
        when = told_when(used.get("LastUsedDate"))
        return told["UserName"], {
            "at": when, "service": used.get("ServiceName", ""), "region": used.get("Region", "")
        }  # fmt: skip

    def _roots(self) -> Refused:
        hint = "Remove the root credentials instead: aws.iam.secure_root; or quarantine the account: aws.org.quarantine_account."
        return Refused(f"{self.access_key_id} is no key of an IAM user; it seems to be the root user's.", hint=hint)

    def resources(self, before: Parts) -> tuple[str, ...]:
        return self.access_key_id, *named(before["user"])

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del world, before
        return {self.access_key_id: "Inactive"}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del now
        user = world.read("iam", "GetAccessKeyLastUsed", AccessKeyId=part)["UserName"]
        yield Call("iam:UpdateAccessKey", {"UserName": user, "AccessKeyId": part, "Status": new}, _WHY[new])

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world
        used, active = before["used"], [key for key, status in before["others"].items() if status == "Active"]
        dependants = [
            Text(
                en=f"Last used {used['at']} for {used['service']} in {used['region']}.",
                ja=f"最後の使用: {used['at']}（{used['service']}、{used['region']}）。",
            )
        ]
        warnings = [
            Text(
                en=f"{key} of the same user stays active.",
                ja=f"同じユーザーの {key} は有効なままです。",
            )
            for key in active
        ]
        return Around(
            dependants=tuple(dependants) if used["at"] else (),
            will_not_stop=(_SESSIONS, _ROLES, RACE),
            warnings=tuple(warnings),
        )
