"""Take a user's password for the AWS console away. A password cannot be saved, so this is not a true reversal."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from typing import Any, ClassVar

from hikeshi.actions.action import Call
from hikeshi.actions.aws.identity.principals import GONE, RACE, IdentitySetting, UserName, find_user, named, told_when
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

LOGIN = "login profile"

_DROP = Text(
    en="Without a login profile nobody signs in.", ja="ログインプロファイルがなければ誰もサインインできません。"
)
_MAKE = Text(
    en="A new login profile with a random password that nobody knows, to be changed at once.",
    ja="誰も知らない無作為のパスワードで新しいログインプロファイルを作ります（初回に変更が必要です）。",
)
_LOSS = Text(
    en="The old password is gone for good. After undoing an administrator sets a new one: aws iam update-login-profile.",
    ja="元のパスワードは戻りません。元に戻した後、管理者が aws iam update-login-profile で新しいパスワードを設定します。",
)
_SESSIONS = Text(
    en="Console sessions that exist go on for up to 12 hours, and access keys are not touched: deny the user first (aws.iam.deny_user).",
    ja="既存のコンソールセッションは最長 12 時間続き、アクセスキーにも影響しません。先に aws.iam.deny_user を実行してください。",
)


class ConsoleOff(IdentitySetting, frozen=True, kw_only=True):
    """Delete the login profile. Source: IAM API Reference, DeleteLoginProfile, CreateLoginProfile."""

    name: ClassVar = "aws.iam.console_off"
    effect: ClassVar = "contain"
    reversible: ClassVar = "with-loss"
    target: ClassVar = "principal"
    title: ClassVar = Text(en="Switch console sign-in off", ja="コンソールへのサインインを止める")
    what: ClassVar = Text(
        en="Deletes the user's password for the console. Nobody signs in with it any more; the password does not come back.",
        ja="ユーザーのコンソール用パスワードを削除します。以後サインインできません。パスワードは元に戻せません。",
    )
    by_hand: ClassVar = Text(
        en="aws iam create-login-profile --user-name USER --password-reset-required --password NEW",
        ja="次を実行します: aws iam create-login-profile --user-name USER --password-reset-required --password NEW",
    )
    permissions: ClassVar = (
        "iam:CreateLoginProfile",
        "iam:DeleteLoginProfile",
        "iam:GetLoginProfile",
        "iam:GetUser",
        "sts:GetCallerIdentity",
    )

    user: UserName

    def read(self, world: AwsWorld) -> dict[str, Any]:
        user = find_user(world, self.user)
        profile = login_profile(world, self.user)
        return {"arn": user["Arn"], LOGIN: profile is not None, "was": profile}

    def resources(self, before: Parts) -> tuple[str, ...]:
        return named(before["arn"])

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del world
        if not before[LOGIN]:
            raise Refused(f"{self.user} has no password for the console.", hint="Look at its keys: aws.iam.deny_user.")
        return {LOGIN: False}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del world, part, now
        user = {"UserName": self.user}
        if not new:
            yield Call("iam:DeleteLoginProfile", user, _DROP)
        else:
            # Every class of character a password policy can ask for; nobody is told: a new one is set by an administrator.
            password = f"{secrets.token_urlsafe(48)}aA1!"
            yield Call("iam:CreateLoginProfile", {**user, "Password": password, "PasswordResetRequired": True}, _MAKE)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world, before
        return Around(will_not_stop=(_SESSIONS, RACE), warnings=(_LOSS,))


def login_profile(world: AwsWorld, user: str) -> dict[str, Any] | None:
    """When the login profile was made and whether the password must be changed; None where there is none."""
    try:
        told = world.read("iam", "GetLoginProfile", UserName=user)["LoginProfile"]
    except CallFailed as failure:
        if failure.code not in GONE:
            raise
        return None
    return {"created": told_when(told["CreateDate"]), "reset": bool(told.get("PasswordResetRequired", False))}
