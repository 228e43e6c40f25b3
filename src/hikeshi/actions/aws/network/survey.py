"""Rung 0 of the ladder: read what leads in and out of an instance. What cannot be read is said, and never an obstacle."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

import msgspec

from hikeshi.actions.aws.machines import find_instance, interfaces_of
from hikeshi.actions.aws.network import endpoints
from hikeshi.actions.aws.network.paths import Path, paths_of
from hikeshi.actions.aws.network.surroundings import targets_of
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.aws.failures import CallFailed
from hikeshi.text import Text

PERMISSIONS: Final = (
    "ec2:DescribeInstances",
    "ec2:DescribeNetworkInterfaces",
    "ec2:DescribeRouteTables",
    "ec2:DescribeVpcEndpoints",
    "elasticloadbalancing:DescribeTargetGroups",
    "elasticloadbalancing:DescribeTargetHealth",
    "ssm:DescribeInstanceInformation",
)
"""All that a survey reads."""

_PASSED_ON: Final = frozenset({"TCP", "TLS", "UDP", "TCP_UDP"})
"""Protocols of network load balancers, whose flows to a target are always tracked."""


class Survey(msgspec.Struct, frozen=True, kw_only=True):
    """What was read. `unread` is what was not, and why."""

    instance_id: str
    vpcs: tuple[str, ...] = ()
    paths: tuple[Path, ...] = ()
    ssm_endpoints: bool = False
    """Each VPC has the endpoints that the agent cannot do without."""
    agent_online: bool = False
    network_balancers: tuple[str, ...] = ()
    """Target groups behind network load balancers that the instance serves."""
    unread: tuple[Text, ...] = ()


def survey(world: AwsWorld, instance_id: str) -> Survey:
    """Read only. Raises `Refused` for an unknown instance, `CallFailed` where not even its interfaces can be read."""
    instance = find_instance(world, instance_id)
    interfaces = interfaces_of(world, instance_id)
    vpcs = tuple(sorted({interface.vpc for interface in interfaces.values()}))
    unread: list[Text] = []
    seen: dict[str, Any] = {}
    looks: dict[str, tuple[str, str, Callable[[], Any]]] = {
        "ssm_endpoints": ("endpoints", "エンドポイント", lambda: _has_endpoints(world, vpcs)),
        "agent_online": ("SSM agent", "SSM エージェント", lambda: _agent(world, instance_id)),
        "network_balancers": ("load balancers", "ロードバランサー", lambda: _balancers(targets_of(world, instance)[0])),
    }
    for field, (en, ja, look) in looks.items():
        with _said(unread, en, ja):
            seen[field] = look()
    paths = tuple(paths_of(world, interfaces.values()).values())
    return Survey(instance_id=instance_id, vpcs=vpcs, paths=paths, unread=tuple(unread), **seen)


@contextmanager
def _said(unread: list[Text], en: str, ja: str) -> Iterator[None]:
    try:
        yield
    except CallFailed as failure:
        unread.append(
            Text(
                en=f"Unknown: the {en} could not be read ({failure.message})",
                ja=f"不明: {ja}を確認できませんでした（{failure.message}）",
            )
        )


def _has_endpoints(world: AwsWorld, vpcs: tuple[str, ...]) -> bool:
    here = endpoints.endpoints_of(world, vpcs)
    own = ([one for one in here if one.vpc == vpc] for vpc in vpcs)
    return bool(vpcs) and all(not set(endpoints.missing_services(listed)) & set(endpoints.NEEDED) for listed in own)


def _agent(world: AwsWorld, instance_id: str) -> bool:
    only = [{"Key": "InstanceIds", "Values": [instance_id]}]
    told = world.pages("ssm", "DescribeInstanceInformation", "InstanceInformationList", Filters=only)
    return any(one.get("PingStatus") == "Online" for one in told)


def _balancers(groups: list[dict[str, str]]) -> tuple[str, ...]:
    return tuple(sorted(group["TargetGroupName"] for group in groups if group.get("Protocol") in _PASSED_ON))
