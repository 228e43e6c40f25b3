"""Let idle connections be forgotten sooner: the idle timeouts of every interface go down to the least AWS allows."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from hikeshi.actions.action import Call
from hikeshi.actions.aws.machines import InstanceId, containable_instance, told_interfaces
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.errors import Refused
from hikeshi.text import Text

DEFAULT: Final = {"TcpEstablishedTimeout": 432_000, "UdpStreamTimeout": 180, "UdpTimeout": 30}
LEAST: Final = {"TcpEstablishedTimeout": 60, "UdpStreamTimeout": 60, "UdpTimeout": 30}
"""Seconds. EC2 API Reference, ConnectionTrackingSpecificationRequest."""

_DOWN = Text(
    en="Connections that fall silent are forgotten after a minute.",
    ja="無通信の接続の追跡が 1 分で切れるようにします。",
)
_BACK = Text(en="The interface gets its idle timeouts back.", ja="インターフェースのタイムアウトを元に戻します。")
_BUSY = Text(
    en="Connections that are used at least once a minute: they never fall idle.",
    ja="1 分に 1 回以上使われる通信: アイドル状態にならないため続きます。",
)
_UNPROVEN = Text(
    en="Whether it holds for connections that are open already is not proven; count on it only for new ones.",
    ja="すでに確立している通信に効くかどうかは確認されていません。確実なのは新しい通信だけです。",
)
_NEWEST = Text(
    en="Undoing sets 432000 s where nothing was set; on Nitro v6 types the default is 350 s.",
    ja="値が未設定だったインターフェースは、元に戻すと 432000 秒になります。Nitro v6 のインスタンスタイプの既定値は 350 秒です。",
)


class ShrinkTracking(Setting[AwsWorld], frozen=True, kw_only=True):
    """Lower the idle timeouts of tracked connections on every interface of an instance.

    TCP 60 s, UDP streams 60 s, UDP 30 s. Not set and set to the defaults are one and the same here: AWS has no call that unsets.
    Source: EC2 API Reference, ModifyNetworkInterfaceAttribute (ConnectionTrackingSpecification).
    """

    name: ClassVar = "aws.ec2.shrink_tracking"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    target: ClassVar = "instance"
    title: ClassVar = Text(en="Forget idle connections sooner", ja="アイドル接続の追跡時間を短くする")
    what: ClassVar = Text(
        en="Lowers the idle timeouts of every interface to a minute, so that connections that fall silent end although EC2 tracks them.",
        ja="すべてのインターフェースのアイドルタイムアウトを 1 分に下げ、無通信になった接続を EC2 の追跡から外します。",
    )
    by_hand: ClassVar = Text(
        en="EC2 console, Network interfaces, each in turn: Actions, Manage idle connection tracking timeouts, set what the plan saved.",
        ja="EC2 コンソールの［ネットワークインターフェイス］で 1 つずつアイドル接続追跡タイムアウトを開き、計画に保存された値を設定します。",
    )
    permissions: ClassVar = (
        "ec2:DescribeInstances",
        "ec2:DescribeNetworkInterfaces",
        "ec2:ModifyNetworkInterfaceAttribute",
    )

    instance_id: InstanceId

    def read(self, world: AwsWorld) -> dict[str, Any]:
        containable_instance(world, self.instance_id)
        told = told_interfaces(world, self.instance_id)
        free = {eni: one for eni, one in told.items() if not one.get("RequesterManaged")}
        return {eni: {**DEFAULT, **_set(one.get("ConnectionTrackingConfiguration") or {})} for eni, one in free.items()}

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:  # noqa: ARG002  the names are the interface
        """Raises `Refused` where the timeouts are as low as they go."""
        lower = {eni: LEAST for eni, now in before.items() if now != LEAST}
        if not lower:
            hint = "Nothing is left to do here; block the peer or cut the path."
            raise Refused(f"The idle timeouts of {self.instance_id} are already as low as they go.", hint=hint)
        return lower

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:  # noqa: ARG002
        params = {"NetworkInterfaceId": part, "ConnectionTrackingSpecification": new}
        yield Call("ec2:ModifyNetworkInterfaceAttribute", params, _DOWN if new == LEAST else _BACK)

    def resources(self, before: Parts) -> tuple[str, ...]:
        return (self.instance_id, *before)

    def around(self, world: AwsWorld, before: Parts) -> Around:  # noqa: ARG002
        return Around(will_not_stop=(_BUSY,), warnings=(_UNPROVEN, _NEWEST))


def _set(told: dict[str, Any]) -> dict[str, int]:
    return {name: int(told[name]) for name in DEFAULT if told.get(name) is not None}
