"""Auto Scaling groups as the actions on their members see them. Reads only.

Amazon EC2 Auto Scaling API Reference: DescribeAutoScalingInstances, DescribeAutoScalingGroups, DescribeInstanceRefreshes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from hikeshi.actions.action import Call
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.errors import Refused
from hikeshi.text import Text

UNDER_WAY: Final = frozenset({"Pending", "InProgress", "Cancelling", "RollbackInProgress", "Baking"})

_SIZE = Text(
    en="The group must be allowed to have one member less, or it would start a copy of the same image.",
    ja="メンバーを 1 台減らせるようにします。減らせないと、同じイメージの代わりが起動されます。",
)
CLONES: Final = Text(
    en="The other members come from the same image: what got into this one can get into them.",
    ja="ほかのメンバーも同じイメージから作られているため、同じ手口で侵害されるおそれがあります。",
)


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """An instance as its Auto Scaling group sees it. `sizes` are least, desired and most members."""

    group: str
    state: str
    protected: bool
    suspended: frozenset[str]
    least: int
    desired: int
    most: int


def member(world: AwsWorld, instance_id: str) -> Member | None:
    """Its membership, or None where no group has it."""
    told = world.pages("autoscaling", "DescribeAutoScalingInstances", "AutoScalingInstances", InstanceIds=[instance_id])
    found = next((one for one in told if one["InstanceId"] == instance_id), None)
    if found is None:
        return None
    group = scaling_group(world, found["AutoScalingGroupName"])
    return Member(
        group=found["AutoScalingGroupName"],
        state=found["LifecycleState"],
        protected=bool(found.get("ProtectedFromScaleIn", False)),
        suspended=frozenset(one["ProcessName"] for one in group.get("SuspendedProcesses", ())),
        least=group["MinSize"],
        desired=group["DesiredCapacity"],
        most=group["MaxSize"],
    )


def scaling_group(world: AwsWorld, name: str) -> dict[str, Any]:
    told = world.pages("autoscaling", "DescribeAutoScalingGroups", "AutoScalingGroups", AutoScalingGroupNames=[name])
    found = next((one for one in told if one["AutoScalingGroupName"] == name), None)
    if found is None:
        raise Refused(f"There is no Auto Scaling group {name}.", hint="It may have been deleted meanwhile.")
    return found


def required_member(world: AwsWorld, instance_id: str) -> Member:
    """Raises `Refused` where no group has the instance."""
    found = member(world, instance_id)
    if found is None:
        hint = "Nothing will replace it, so this step is not needed."
        raise Refused(f"Instance {instance_id} is in no Auto Scaling group.", hint=hint)
    return found


def refuse_while_refreshing(world: AwsWorld, group: str) -> None:
    """Raises `Refused` while an instance refresh runs: it may terminate members on standby, and it resets what we set."""
    told = world.pages(
        "autoscaling", "DescribeInstanceRefreshes", "InstanceRefreshes", AutoScalingGroupName=group, MaxRecords=10
    )
    running = next((one for one in told if one["Status"] in UNDER_WAY), None)
    if running is not None:
        hint = "Cancel the refresh in the Auto Scaling console (or let it end), then plan again."
        raise Refused(f"An instance refresh of {group} is under way ({running['InstanceRefreshId']}).", hint=hint)


def room_below(found: Member) -> int:
    """The least size at which one member may go without being replaced."""
    return max(0, min(found.least, found.desired - 1))


def set_least(group: str, size: int) -> Iterable[Call]:
    yield Call("autoscaling:UpdateAutoScalingGroup", {"AutoScalingGroupName": group, "MinSize": size}, _SIZE)
