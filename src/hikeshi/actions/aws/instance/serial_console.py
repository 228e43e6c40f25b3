"""Close the serial console of every instance: a key can no longer be pushed to one past its network."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from hikeshi.actions.action import Call
from hikeshi.actions.aws.data.block_account import AccountId, same_account
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.text import Text

ACCESS: Final = "serial console access"

_OFF = Text(en="Nobody connects to a serial console any more.", ja="誰もシリアルコンソールに接続できなくなります。")
_ON = Text(en="As it was before.", ja="以前の状態に戻します。")
_US = Text(
    en="Responders cannot use the serial console either, on any instance of this account and region.",
    ja="対応者も、このアカウントとリージョンのどのインスタンスでもシリアルコンソールを使えなくなります。",
)
_LEFT = (
    Text(
        en="EC2 Instance Connect pushes keys for SSH: isolate the instance, or deny everything to the principal.",
        ja="EC2 Instance Connect は SSH 用の鍵を送り込みます。インスタンスを隔離するか、プリンシパルを拒否してください。",
    ),
    Text(
        en="Whoever may change the setting can switch it on again; other regions have a setting of their own.",
        ja="この設定を変更できる者は再び有効にできます。ほかのリージョンの設定は別です。",
    ),
)


class SerialConsoleOff(Setting[AwsWorld], frozen=True, kw_only=True):
    """The switch of the account in the region of the step. The serial console needs no network: no security group ends it.

    Source: Amazon EC2 API Reference, GetSerialConsoleAccessStatus, DisableSerialConsoleAccess, EnableSerialConsoleAccess. [?] that a
    connection that is open already ends.
    """

    name: ClassVar = "aws.ec2.serial_console_off"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    radius: ClassVar = "account"
    target: ClassVar = "account"
    title: ClassVar = Text(en="Close the serial consoles", ja="シリアルコンソールを閉じる")
    what: ClassVar = Text(
        en="Switches access to the serial console off for all instances of this account and region.",
        ja="このアカウントとリージョンの全インスタンスで、シリアルコンソールへのアクセスを無効にします。",
    )
    by_hand: ClassVar = Text(
        en="EC2 console, Settings, EC2 Serial Console: allow access again.",
        ja="EC2 コンソールの［設定］［EC2 シリアルコンソール］で、アクセスを再び許可します。",
    )
    permissions: ClassVar = (
        "ec2:DisableSerialConsoleAccess",
        "ec2:EnableSerialConsoleAccess",
        "ec2:GetSerialConsoleAccessStatus",
    )

    account_id: AccountId

    def read(self, world: AwsWorld) -> dict[str, Any]:
        same_account(world, self.account_id)
        return {ACCESS: bool(world.read("ec2", "GetSerialConsoleAccessStatus")["SerialConsoleAccessEnabled"])}

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del world, before
        return {ACCESS: False}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del world, part, now
        yield Call(f"ec2:{'Enable' if new else 'Disable'}SerialConsoleAccess", {}, _ON if new else _OFF)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world, before
        return Around(dependants=(_US,), will_not_stop=_LEFT)
