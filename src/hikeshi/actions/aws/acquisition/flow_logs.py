"""Flow logs on the interfaces of an instance, a window a minute, into the evidence bucket."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from hikeshi.actions.action import Call
from hikeshi.actions.aws.acquisition.evidence_folder import need_bucket
from hikeshi.actions.aws.machines import InstanceId, interfaces_of, living_instance, tags_of
from hikeshi.actions.aws.tags import INCIDENT_TAG, STEP_TAG, tag_specification
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.errors import Refused
from hikeshi.text import Text

SECONDS: Final = 60

_ON = Text(
    en="From now on every connection of the interface is written down, minute by minute.",
    ja="以後、このインターフェイスの通信を 1 分単位で記録します。",
)
_OFF = Text(
    en="The flow log of this step is deleted; what it has written stays.",
    ja="この手順のフローログを削除します。記録済みのログは残ります。",
)
_LATER = Text(
    en="The first records come some ten minutes after this; nothing from before is in them, nor DNS to the Amazon resolver, nor the metadata service.",
    ja="最初の記録が届くまで 10 分ほどかかります。それ以前の通信、Amazon の DNS リゾルバーおよびメタデータサービスへの通信は含まれません。",
)
_DELIVERY = Text(
    en="The bucket has to let delivery.logs.amazonaws.com write; otherwise the flow log exists and stays empty.",
    ja="バケットが delivery.logs.amazonaws.com の書き込みを許可している必要があります。許可がないと、フローログは空のままです。",
)


class FlowLogs(Setting[AwsWorld], frozen=True, kw_only=True):
    """One flow log for each interface that has none of this step yet; others' are left alone.

    Source: Amazon EC2 API Reference, CreateFlowLogs (it answers failures inside a success, so what counts is what is there afterwards).
    """

    name: ClassVar = "aws.ec2.flow_logs"
    provider: ClassVar = "aws"
    effect: ClassVar = "collect"
    reversible: ClassVar = "yes"
    target: ClassVar = "instance"
    title: ClassVar = Text(en="Record the connections of an instance", ja="インスタンスの通信を記録する（フローログ）")
    what: ClassVar = Text(
        en="Turns on VPC flow logs for every interface of the instance, one record a minute, into the evidence bucket.",
        ja="インスタンスの全インターフェイスで VPC フローログを有効にし、1 分単位で証拠バケットに記録します。",
    )
    by_hand: ClassVar = Text(
        en="VPC console, network interface, Flow logs: delete the one tagged with the incident.",
        ja="VPC コンソールのネットワークインターフェイスの「フローログ」で、インシデントのタグが付いたものを削除します。",
    )
    permissions: ClassVar = (
        "ec2:CreateFlowLogs", "ec2:CreateTags", "ec2:DeleteFlowLogs", "ec2:DescribeFlowLogs", "ec2:DescribeInstances",
        "ec2:DescribeNetworkInterfaces", "logs:CreateLogDelivery", "logs:DeleteLogDelivery",
    )  # fmt: skip

    instance_id: InstanceId

    def read(self, world: AwsWorld) -> dict[str, Any]:
        """Per interface where the flow log of this step writes to; None where there is none."""
        return {name: self._ours(world, name).get("LogDestination") for name in interfaces_of(world, self.instance_id)}

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        need_bucket(world)
        living_instance(world, self.instance_id)
        if not before:
            raise Refused(
                f"Instance {self.instance_id} has no interface.", hint="Look at the network of its neighbours."
            )
        return dict.fromkeys(before, self._destination(world))

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:  # noqa: ARG002
        if new is None:
            return [Call("ec2:DeleteFlowLogs", {"FlowLogIds": [self._ours(world, part)["FlowLogId"]]}, _OFF)]
        tags = {INCIDENT_TAG: world.incident, STEP_TAG: world.step}
        params = {
            "ResourceIds": [part], "ResourceType": "NetworkInterface", "TrafficType": "ALL", "LogDestinationType": "s3",
            "LogDestination": new, "MaxAggregationInterval": SECONDS, "TagSpecifications": [tag_specification("vpc-flow-log", tags)],
        }  # fmt: skip
        return [Call("ec2:CreateFlowLogs", params, _ON)]

    def resources(self, before: Parts) -> tuple[str, ...]:
        return (self.instance_id, *before)

    def around(self, world: AwsWorld, before: Parts) -> Around:  # noqa: ARG002
        return Around(will_not_stop=(_LATER,), warnings=(_DELIVERY,))

    def _destination(self, world: AwsWorld) -> str:
        """The bucket itself: below it AWS chooses the path (`AWSLogs/<account>/vpcflowlogs/...`), which everybody's tools know."""
        return f"arn:aws:s3:::{world.settings.evidence_bucket}"

    def _ours(self, world: AwsWorld, interface: str) -> dict[str, Any]:
        """The flow log of this step on the interface; empty where there is none. The tag is only how we find our own."""
        only = [{"Name": "resource-id", "Values": [interface]}]
        told = world.pages("ec2", "DescribeFlowLogs", "FlowLogs", Filter=only)
        return next((one for one in told if tags_of(one.get("Tags")).get(STEP_TAG) == world.step), {})
