"""Copy the traffic of an instance to a collector: traffic mirroring sessions on its interfaces."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Final

import msgspec

from hikeshi.actions.action import Call
from hikeshi.actions.aws.machines import InstanceId, interfaces_of, living_instance, tags_of
from hikeshi.actions.aws.tags import INCIDENT_TAG, STEP_TAG, tag_specification
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.text import Text

LAST: Final = 32_766
"""Sessions are numbered from 1 on by how urgent they are; ours comes after everybody else's."""

TargetId = Annotated[
    str, msgspec.Meta(pattern=r"^[a-z-]+-[0-9a-f]{8,17}$", title="Mirror target", examples=["tmt-0abc1234def567890"])
]
FilterId = Annotated[
    str, msgspec.Meta(pattern=r"^[a-z-]+-[0-9a-f]{8,17}$", title="Mirror filter", examples=["tmf-0abc1234def567890"])
]

_ON = Text(
    en="Every packet that the filter lets through goes to the collector as well.",
    ja="フィルターに一致するパケットを収集先にも複製します。",
)
_OFF = Text(en="The session of this step is deleted.", ja="この手順のセッションを削除します。")
_COST = Text(
    en="Mirroring is paid by the hour and by interface, uses the instance's own bandwidth, and is not there for every instance type.",
    ja="ミラーリングはインターフェイスごとに時間課金され、インスタンスの帯域を使用します。対応していないインスタンスタイプもあります。",
)
_UNPROVEN = Text(
    en="Whether packets arrive is seen at the collector only, not in the API's answer.",
    ja="パケットが届いているかは収集先でしか確認できません。API の応答では分かりません。",
)


class Mirror(Setting[AwsWorld], frozen=True, kw_only=True):
    """A session on every interface to a target that exists already, with a filter that exists already.

    Source: Amazon EC2 API Reference, CreateTrafficMirrorSession. [?] Tried against the simulation only, which accepts everything.
    """

    name: ClassVar = "aws.ec2.mirror"
    provider: ClassVar = "aws"
    effect: ClassVar = "collect"
    reversible: ClassVar = "yes"
    target: ClassVar = "instance"
    title: ClassVar = Text(
        en="Copy the packets of an instance to a collector", ja="インスタンスのパケットを収集先に複製する"
    )
    what: ClassVar = Text(
        en="Opens a traffic mirroring session on every interface of the instance, to a target that you have set up.",
        ja="インスタンスの全インターフェイスで、用意済みの宛先へのトラフィックミラーリングを開始します。",
    )
    by_hand: ClassVar = Text(
        en="VPC console, Traffic mirroring, Mirror sessions: delete the one tagged with the incident.",
        ja="VPC コンソールの「トラフィックミラーリング」→「ミラーセッション」で、インシデントのタグが付いたものを削除します。",
    )
    permissions: ClassVar = (
        "ec2:CreateTags", "ec2:CreateTrafficMirrorSession", "ec2:DeleteTrafficMirrorSession", "ec2:DescribeInstances",
        "ec2:DescribeNetworkInterfaces", "ec2:DescribeTrafficMirrorSessions",
    )  # fmt: skip

    instance_id: InstanceId
    mirror_target: TargetId
    mirror_filter: FilterId

    def read(self, world: AwsWorld) -> dict[str, Any]:
        """Per interface the target of this step's session; None where there is none."""
        there = self._sessions(world)
        return {
            name: there.get(name, {}).get("TrafficMirrorTargetId") for name in interfaces_of(world, self.instance_id)
        }

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        living_instance(world, self.instance_id)
        return dict.fromkeys(before, self.mirror_target)

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:  # noqa: ARG002
        if new is None:
            session = self._sessions(world)[part]["TrafficMirrorSessionId"]
            return [Call("ec2:DeleteTrafficMirrorSession", {"TrafficMirrorSessionId": session}, _OFF)]
        tags = {INCIDENT_TAG: world.incident, STEP_TAG: world.step}
        params = {
            "NetworkInterfaceId": part, "TrafficMirrorTargetId": new, "TrafficMirrorFilterId": self.mirror_filter, "SessionNumber": LAST,
            "TagSpecifications": [tag_specification("traffic-mirror-session", tags)],
        }  # fmt: skip
        return [Call("ec2:CreateTrafficMirrorSession", params, _ON)]

    def resources(self, before: Parts) -> tuple[str, ...]:
        return (self.instance_id, *before)

    def around(self, world: AwsWorld, before: Parts) -> Around:  # noqa: ARG002
        return Around(will_not_stop=(_UNPROVEN,), warnings=(_COST,))

    def _sessions(self, world: AwsWorld) -> dict[str, dict[str, Any]]:
        told = world.pages("ec2", "DescribeTrafficMirrorSessions", "TrafficMirrorSessions")
        return {one["NetworkInterfaceId"]: one for one in told if tags_of(one.get("Tags")).get(STEP_TAG) == world.step}
