"""Attributes of an instance that AWS tells and sets one at a time."""

from __future__ import annotations

from typing import Any, Final

from hikeshi.actions.action import Call
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.text import Text

TERMINATION: Final = "DisableApiTermination"
STOP: Final = "DisableApiStop"
SHUTDOWN: Final = "InstanceInitiatedShutdownBehavior"


def attribute(world: AwsWorld, instance_id: str, name: str) -> Any:
    """Its value, as DescribeInstanceAttribute tells it."""
    asked = name[0].lower() + name[1:]
    return world.read("ec2", "DescribeInstanceAttribute", InstanceId=instance_id, Attribute=asked)[name]["Value"]


def set_attribute(instance_id: str, name: str, value: Any, why: Text) -> Call:
    """ModifyInstanceAttribute takes one attribute in a call."""
    return Call("ec2:ModifyInstanceAttribute", {"InstanceId": instance_id, name: {"Value": value}}, why)
