"""Swap the groups of interfaces, each by compare-and-swap: what somebody else has changed is left as it is."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

import msgspec

from hikeshi.actions.aws.machines import Interface, find_instance, interfaces_of
from hikeshi.actions.aws.network.isolation_group import NOT_SEEN_YET
from hikeshi.actions.aws.world import PAUSES, AwsWorld
from hikeshi.aws.failures import CallFailed
from hikeshi.text import Text


class Aim(msgspec.Struct, frozen=True, kw_only=True):
    """Which groups one interface should get, and which it may have now for that."""

    before: tuple[str, ...]
    wanted: tuple[str, ...]


class Swap(Enum):
    """What is left to do for one interface."""

    MADE = "made"
    NEEDED = "needed"
    NOT_OURS = "not ours"


class Ours(msgspec.Struct, frozen=True):
    """Our groups: `closed` isolate, `open` lets everything through and is never a state to stay in."""

    closed: frozenset[str]
    open: frozenset[str] = frozenset()


def still_to_do(interface: Interface, aim: Aim, ours: Ours) -> Swap:
    """Compare. Our groups beside the expected ones are our own half-made swap, so they do not count as a difference.

    (A simulator shows the groups of an instance's launch on its interface as well, until the instance-level call.)
    """
    now, wanted, all_ours = set(interface.groups), set(aim.wanted), ours.closed | ours.open
    if now == wanted:
        return Swap.MADE
    if now and now <= all_ours:
        # Isolating again is done already, whichever of our groups it has; restoring is not, and leaving it open never is.
        return Swap.MADE if wanted <= ours.closed and now <= ours.closed else Swap.NEEDED
    return Swap.NEEDED if aim.before and now - all_ours == set(aim.before) - all_ours else Swap.NOT_OURS


class Swapped(msgspec.Struct, frozen=True):
    """The interfaces as read after the calls, and what failed, by interface."""

    interfaces: Mapping[str, Interface]
    failures: Mapping[str, CallFailed]


def set_groups(
    world: AwsWorld, instance_id: str, aims: Mapping[str, Aim], ours: Ours, why: Text, why_whole: Text
) -> Swapped:
    """Make the swaps that are missing. One failure does not stop the others."""
    failures: dict[str, CallFailed] = {}
    interfaces = interfaces_of(world, instance_id)
    missing = _missing(interfaces, aims, ours)
    for eni, aim in missing.items():
        params = {"NetworkInterfaceId": eni, "Groups": list(aim.wanted)}
        try:
            world.change("ec2", "ModifyNetworkInterfaceAttribute", why, eventually=NOT_SEEN_YET, **params)
            if len(interfaces) == 1:
                _set_whole(world, instance_id, aim, ours, why_whole)
        except CallFailed as failure:
            failures[eni] = failure
    seen = _seen_afterwards(world, instance_id, {eni: aim for eni, aim in missing.items() if eni not in failures}, ours)
    return Swapped(seen, failures)


def _missing(interfaces: Mapping[str, Interface], aims: Mapping[str, Aim], ours: Ours) -> dict[str, Aim]:
    here = {eni: aims[eni] for eni in sorted(aims) if eni in interfaces}
    return {eni: aim for eni, aim in here.items() if still_to_do(interfaces[eni], aim, ours) is Swap.NEEDED}


def _seen_afterwards(world: AwsWorld, instance_id: str, made: Mapping[str, Aim], ours: Ours) -> Mapping[str, Interface]:
    """The interfaces, read again until AWS shows what it has accepted, within bounds."""
    for pause in PAUSES:
        interfaces = interfaces_of(world, instance_id)
        if not _missing(interfaces, made, ours):
            return interfaces
        world.pause(pause)
    return interfaces_of(world, instance_id)


def _set_whole(world: AwsWorld, instance_id: str, aim: Aim, ours: Ours, why: Text) -> None:
    """The instance-level call, only with a single interface (EC2 refuses it otherwise) and only where its view is old."""
    now = set(find_instance(world, instance_id).groups)
    all_ours = ours.closed | ours.open
    if now and now != set(aim.wanted) and (now <= all_ours or now - all_ours == set(aim.before) - all_ours):
        params = {"InstanceId": instance_id, "Groups": list(aim.wanted)}
        world.change("ec2", "ModifyInstanceAttribute", why, eventually=NOT_SEEN_YET, **params)
