"""Less of an isolation: fewer interfaces, because an approver has taken some out. Never another one, and never other groups."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from hikeshi.actions.action import Call, Plan
from hikeshi.errors import Refused
from hikeshi.text import Text


def fewer(plan: Plan, only: Iterable[str]) -> Plan:
    """The plan for these interfaces alone. Raises `Refused` where none of them is in it any more."""
    saved: Mapping[str, Any] = plan.before["interfaces"]
    kept = set(only) & saved.keys()
    if not kept:
        raise Refused("None of the interfaces that were left in the plan is there any more.", hint="Plan it again.")
    out = sorted(saved.keys() - kept)
    vpcs = {saved[eni]["vpc"] for eni in kept}
    after = {
        **plan.after,
        "interfaces": {eni: groups for eni, groups in plan.after["interfaces"].items() if eni in kept},
        "rules": {vpc: rules for vpc, rules in plan.after.get("rules", {}).items() if vpc in vpcs},
        **({"passing": [eni for eni in plan.after["passing"] if eni in kept]} if "passing" in plan.after else {}),
        "left_out": out,
    }
    return msgspec.structs.replace(
        plan,
        after=after,
        before={**plan.before, "interfaces": {eni: one for eni, one in saved.items() if eni in kept}},
        calls=tuple(call for call in plan.calls if _kept(call, out, vpcs)),
        resources=tuple(name for name in plan.resources if name not in out),
        will_not_stop=(*(left_out(eni) for eni in out), *plan.will_not_stop),
    )


def left_out(eni: str) -> Text:
    return Text(
        en=f"{eni} was left out by an approver: everything goes on over it.",
        ja=f"{eni} は承認者が対象から外したため、通信が続きます。",
    )


def _kept(call: Call, out: Iterable[str], vpcs: Iterable[str]) -> bool:
    interface, vpc = (str(call.params.get(name, "")) for name in ("NetworkInterfaceId", "VpcId"))
    return interface not in out and vpc in ("", *vpcs)
