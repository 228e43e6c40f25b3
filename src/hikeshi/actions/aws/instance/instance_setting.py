"""Settings of one instance: refused for an unknown, terminated or protected one, before the plan and before doing."""

from __future__ import annotations

from typing import ClassVar

from hikeshi.actions.action import Plan, Receipt
from hikeshi.actions.aws.machines import InstanceId, containable_instance
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Setting


class InstanceSetting(Setting[AwsWorld], frozen=True, kw_only=True):
    """Base of actions that set something about an instance. Undoing asks for no more than that the thing still exists."""

    provider: ClassVar = "aws"
    target: ClassVar = "instance"

    instance_id: InstanceId

    def plan(self, world: AwsWorld) -> Plan:
        containable_instance(world, self.instance_id)
        return super().plan(world)

    def do(self, world: AwsWorld, plan: Plan) -> Receipt:
        containable_instance(world, self.instance_id)
        return super().do(world, plan)
