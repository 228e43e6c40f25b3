"""Pass every interface through a group that lets everything through, for seconds, and end in isolation: open connections end, too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from hikeshi.actions.action import Call, Plan, Receipt
from hikeshi.actions.aws.machines import Interface, containable_instance, interfaces_of
from hikeshi.actions.aws.network.interface_groups import Swapped
from hikeshi.actions.aws.network.isolate import BY_HAND
from hikeshi.actions.aws.network.isolate_ssm import SSM_PERMISSIONS, ssm_around, ssm_rules
from hikeshi.actions.aws.network.isolation import (
    Also,
    Isolation,
    Ready,
    Seen,
    raise_if_worth_repeating,
    saved_groups,
)
from hikeshi.actions.aws.network.isolation_group import (
    EMPTY,
    EVERYTHING,
    NOT_SEEN_YET,
    OPEN,
    SSM,
    Kind,
    Known,
    Rules,
    planned_calls,
    prepared_group,
)
from hikeshi.actions.aws.network.paths import Path, paths_of
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

_OPEN = Text(
    en="For seconds everything is let through, so that EC2 no longer tracks what is open.",
    ja="数秒間だけすべてを許可し、確立済みの通信が追跡されないようにします。",
)


class Untrack(Isolation, frozen=True, kw_only=True):
    """Isolate, but first let everything through for a moment: a connection that EC2 no longer tracks ends with its rule.

    Both groups are ready before anything is opened. Whatever happens between opening and closing, this worker closes on its way out;
    where closing is refused, the interface gets its saved groups back. A worker that dies is followed by another, which closes first
    and opens nothing twice; every other isolation closes what it finds open, too.

    Whether a tracked connection becomes untracked at the swap is said by one source and denied by another (docs/containment.md): the
    result is "configured", never "effect-proven". Interfaces whose way out is always tracked are not opened; they are only isolated.
    Source: Amazon EC2 User Guide, "Security group connection tracking" (untracked connections).
    """

    name: ClassVar = "aws.ec2.untrack"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    target: ClassVar = "instance"
    title: ClassVar = Text(en="Isolate and end open connections", ja="確立済みの通信も切って隔離する")
    what: ClassVar = Text(
        en="Lets everything through for a few seconds, so that open connections are no longer tracked, and then isolates the instance.",
        ja="数秒間だけすべての通信を許可して確立済みの通信の追跡を外し、その後インスタンスを隔離します。",
    )
    by_hand: ClassVar = BY_HAND
    permissions: ClassVar = tuple(sorted({*SSM_PERMISSIONS, "ec2:AuthorizeSecurityGroupIngress"}))
    kind: ClassVar = EMPTY
    finishes: ClassVar = True

    then: Literal["isolate", "isolate_ssm"] = "isolate"
    """Which isolation it ends in."""
    hold_seconds: Annotated[int, msgspec.Meta(ge=1, le=15)] = 3
    """How long everything is let through."""
    accept_exposure: bool = False
    """Open even interfaces that can be reached from the internet; otherwise remove their public addresses first."""

    @property
    def into(self) -> Kind:
        return SSM if self.then == "isolate_ssm" else EMPTY

    def rules(self, world: AwsWorld, interfaces: Sequence[Interface]) -> dict[str, Rules]:
        return ssm_rules(world, interfaces) if self.into is SSM else {}

    def also(self, world: AwsWorld, seen: Seen) -> Also:
        """Raises `Refused` where it would expose the host, and where there is nothing that could become untracked."""
        interfaces, paths, known = seen.interfaces, seen.paths, seen.known
        passing = [one for one in interfaces if not paths[one.id].always_tracked and not paths[one.id].unread]
        if not passing:
            hops = ", ".join(sorted({hop.id for path in paths.values() for hop in path.hops})) or "unknown routes"
            hint = "Use aws.ec2.isolate, and aws.ec2.block_peer with aws.ec2.shrink_tracking for what is open."
            raise Refused(
                f"All ways out of {self.instance_id} are always tracked ({hops}): opening would change nothing.",
                hint=hint,
            )
        self._refuse_exposed([paths[one.id] for one in passing])
        ready = [call for vpc in _vpcs(passing) for call in planned_calls(vpc, known, seen.present, OPEN, EVERYTHING)]
        opening = [Call("ec2:ModifyNetworkInterfaceAttribute", _params(one.id, _open_in(known, one.vpc)), _OPEN) for one in passing]  # fmt: skip
        ssm = ssm_around(world, interfaces, known) if self.into is SSM else Around()
        skipped = tuple(_skipped(paths[one.id]) for one in interfaces if one not in passing)
        around = Around(will_not_stop=ssm.will_not_stop, warnings=(_hold(self.hold_seconds), *skipped, *ssm.warnings))
        return Also(calls=(*ready, *opening), after={"passing": [one.id for one in passing]}, around=around)

    def do(self, world: AwsWorld, plan: Plan) -> Receipt:
        """Outcome `partial` where an interface could not be opened or closed: it is said which, and which groups it has."""
        containable_instance(world, self.instance_id)
        sent = len(world.sent)
        ready = self.ready(world, plan)
        if any(set(one.groups) & ready.ours.open for one in interfaces_of(world, self.instance_id).values()):
            # Another worker died between opening and closing: first of all, close.
            self._closed(world, plan, ready)
        passing = self._to_open(world, plan, ready)
        self._refuse_exposed(paths_of(world, passing).values())
        vpcs = _vpcs(passing)
        with world.alone(f"{OPEN.role} {vpcs}"):
            opened = {vpc: prepared_group(world, vpc, None, OPEN, EVERYTHING) for vpc in vpcs}
        ready = msgspec.structs.replace(ready, known=_with_open(ready.known, opened))
        refused: dict[str, CallFailed] = {}
        try:
            if passing:
                refused = _open(world, passing, opened)
                world.pause(self.hold_seconds)
        finally:
            swapped = self._closed(world, plan, ready)
        raise_if_worth_repeating(swapped.failures)
        told = self.told(world, plan, swapped, self.ours(ready), changed=len(world.sent) > sent)
        still = (_not_opened(eni, failure) for eni, failure in refused.items())
        return msgspec.structs.replace(told, still_open=(*told.still_open, *still))

    def _closed(self, world: AwsWorld, plan: Plan, ready: Ready) -> Swapped:
        """Isolate; where that is refused, rather the groups of before than everything open."""
        swapped = self.close(world, plan, ready)
        left = [eni for eni, one in swapped.interfaces.items() if set(one.groups) & ready.ours.open]
        if left:
            saved = {eni: groups for eni, groups in saved_groups(plan).items() if eni in left and groups}
            swapped = Swapped(self.restore(world, plan, saved).interfaces, swapped.failures)
        return swapped

    def _to_open(self, world: AwsWorld, plan: Plan, ready: Ready) -> list[Interface]:
        """Those that are still exactly as they were: neither isolated already nor changed by somebody else."""
        now, saved = interfaces_of(world, self.instance_id), saved_groups(plan)
        here = [now[eni] for eni in plan.after["passing"] if eni in now]
        return [one for one in here if saved[one.id] and set(one.groups) - ready.ours.closed == set(saved[one.id])]

    def _refuse_exposed(self, paths: Iterable[Path]) -> None:
        exposed = [path.public or f"{path.interface} (IPv6)" for path in paths if path.direct]
        if exposed and not self.accept_exposure:
            hint = "Remove the public address first (aws.ec2.remove_public), or set accept_exposure."
            raise Refused(
                f"{self.instance_id} could be reached from the whole internet while it is open ({', '.join(exposed)}).",
                hint=hint,
            )


def _vpcs(interfaces: Iterable[Interface]) -> list[str]:
    return sorted({interface.vpc for interface in interfaces})


def _with_open(known: Known, opened: Mapping[str, str]) -> Known:
    mine = {vpc: sorted({*known[OPEN.role].get(vpc, ()), group}) for vpc, group in opened.items()}
    return {**known, OPEN.role: {**known[OPEN.role], **mine}}


def _open_in(known: Known, vpc: str) -> str:
    return known[OPEN.role].get(vpc, [OPEN.placeholder])[0]


def _params(eni: str, group: str) -> dict[str, Any]:
    return {"NetworkInterfaceId": eni, "Groups": [group]}


def _open(world: AwsWorld, passing: Iterable[Interface], opened: Mapping[str, str]) -> dict[str, CallFailed]:
    refused: dict[str, CallFailed] = {}
    for one in passing:
        params = _params(one.id, opened[one.vpc])
        try:
            world.change("ec2", "ModifyNetworkInterfaceAttribute", _OPEN, eventually=NOT_SEEN_YET, **params)
        except CallFailed as failure:
            refused[one.id] = failure
    return refused


def _hold(seconds: int) -> Text:
    return Text(
        en=f"For about {seconds} seconds everything that reaches the network of the instance reaches the instance.",
        ja=f"約 {seconds} 秒間、インスタンスのネットワークに届く通信はすべてインスタンスに届きます。",
    )


def _skipped(path: Path) -> Text:
    hops = ", ".join(hop.id for hop in path.hops) or path.unread
    return Text(
        en=f"{path.interface} is not opened, only isolated: what goes through {hops} is always tracked.",
        ja=f"{path.interface} は開放せずに隔離だけを行います。{hops} を通る通信は常に追跡されるためです。",
    )


def _not_opened(eni: str, failure: CallFailed) -> Text:
    return Text(
        en=f"{eni} was isolated without being opened first; its open connections may live on. {failure}",
        ja=f"{eni} は開放できないまま隔離しました。確立済みの通信が残る可能性があります（{failure.permission}, {failure.code}）。",
    )
