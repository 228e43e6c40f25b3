"""Take a second factor away that the attacker has enrolled. It cannot be put back: whoever has the device enrols it again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

import msgspec

from hikeshi.actions.action import Call, Plan, Receipt
from hikeshi.actions.aws.identity.principals import RACE, IdentitySetting, UserName, find_user, named, told_when
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts
from hikeshi.errors import Refused
from hikeshi.text import Text

Serial = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^[\w+=/:,.@-]{9,256}$", title="Device", examples=["arn:aws:iam::111122223333:mfa/second-phone"]
    ),
]

_WHY = Text(en="The device no longer counts as a second factor.", ja="この機器は第 2 要素として使えなくなります。")
_OPEN = Text(
    en="Whoever has the password can enrol another device: switch the console off first (aws.iam.console_off).",
    ja="パスワードを持つ者は別の機器を登録できます。先にコンソールを止めてください（aws.iam.console_off）。",
)
_LAST = Text(
    en="It is the user's only device: afterwards the password alone is enough, unless a policy asks for a second factor.",
    ja="このユーザーの唯一の機器です。ポリシーで第 2 要素を要求していない限り、以後はパスワードだけでサインインできます。",
)


class RemoveMfa(IdentitySetting, frozen=True, kw_only=True):
    """Deactivate one MFA device of a user. Source: IAM API Reference, DeactivateMFADevice."""

    name: ClassVar = "aws.iam.remove_mfa"
    effect: ClassVar = "contain"
    eradicates: ClassVar = True
    reversible: ClassVar = "no"
    target: ClassVar = "principal"
    title: ClassVar = Text(en="Remove a second factor", ja="第 2 要素（MFA 機器）を外す")
    what: ClassVar = Text(
        en="Deactivates one MFA device of the user, one that its owner has not enrolled. Compare the serial number with your records first.",
        ja="本人が登録していない MFA 機器を 1 つ無効にします。先にシリアル番号を記録と照合してください。",
    )
    by_hand: ClassVar = Text(
        en="It cannot be set back: the owner of the device enrols it again in the IAM console, Security credentials.",
        ja="元に戻せません。機器の持ち主が IAM コンソールの［セキュリティ認証情報］で登録し直します。",
    )
    permissions: ClassVar = (
        "iam:DeactivateMFADevice",
        "iam:GetUser",
        "iam:ListMFADevices",
        "sts:GetCallerIdentity",
    )

    user: UserName
    serial: Serial

    def read(self, world: AwsWorld) -> dict[str, Any]:
        user = find_user(world, self.user)
        told = world.pages("iam", "ListMFADevices", "MFADevices", UserName=self.user)
        devices = {one["SerialNumber"]: told_when(one.get("EnableDate")) for one in told}
        return {"arn": user["Arn"], self.serial: devices.pop(self.serial, None), "others": devices}

    def resources(self, before: Parts) -> tuple[str, ...]:
        return named(before["arn"])

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del world
        if before[self.serial] is None:
            listed = ", ".join(before["others"]) or "none"
            raise Refused(f"{self.user} has no device {self.serial}.", hint=f"Its devices: {listed}.")
        return {self.serial: None}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del world, now, new
        yield Call("iam:DeactivateMFADevice", {"UserName": self.user, "SerialNumber": part}, _WHY)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world
        return Around(will_not_stop=(_OPEN, RACE), warnings=() if before["others"] else (_LAST,))

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        del world, plan
        raise Refused(f"{self.serial} cannot be enrolled from here.", hint=self.by_hand.en)
