"""Evidence that people hand in for a step, and what it means for the incident's evidence plan."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence import volatility
from hikeshi.desk.evidence.models import Item, Planned
from hikeshi.desk.evidence.volatility import OF_AN_INSTANCE, Wanted
from hikeshi.desk.runs.gate import gives
from hikeshi.desk.runs.models import Step
from hikeshi.desk.runs.pinned import spec_of
from hikeshi.desk.runs.rows import reason_of
from hikeshi.errors import Refused

STANDS_FOR: Final[dict[str, tuple[str, ...]]] = {
    "cloud": ("receipt", "logs", "state", "report"),
    "disk": ("disk", "snapshot"),
    "logs": ("logs", "file"),
    "media": ("file", "report", "disk"),
    "memory": ("memory",),
    "network": ("network", "file"),
    "state": ("state", "file"),
}
"""Kinds of items that are evidence of a kind of the plan."""


def wanted(step: Step) -> list[Wanted]:
    """The lines of the evidence plan that a step settles: what its action collects; of an evidence step each kind, of its target or of
    the alert's instance.
    """
    given, spec = gives(step), spec_of(step)
    if given is not None:
        return [given]
    instance, else_of = str(step.run.facts.get("alert.instance_id", "")), f"{step.run.playbook} {step.key}"
    kinds = spec.collects if spec else ()
    return [(kind, step.item or (instance if kind in OF_AN_INSTANCE else "") or else_of) for kind in kinds]


def hand_in(step: Step, names: Collection[str], unobtainable: Mapping[str, str], *, actor: Actor) -> list[str]:
    """Settle the lines of the plan with these items. Returns the items' names. Called inside the verb that ends the step.

    Raises `Refused` for an item that is not the incident's, and for a kind of which nothing is handed in and no reason given.
    """
    items = _items(step, names)
    lines = wanted(step)
    kinds = {kind for kind, _ in lines}
    if strange := sorted(set(unobtainable) - kinds):
        raise Refused(
            f"Step {step.key} does not collect {strange[0]}.", hint=f"It collects: {', '.join(kinds) or '-'}."
        )
    for kind, target in lines:
        _settle(step, (kind, target), items, unobtainable.get(kind, ""), actor)
    return [item.name for item in items]


def _items(step: Step, names: Collection[str]) -> list[Item]:
    asked = list(dict.fromkeys(name.strip() for name in names if name.strip()))
    found = {item.name: item for item in Item.objects.filter(incident=step.run.incident, name__in=asked)}
    if missing := [name for name in asked if name not in found]:
        raise Refused(f"{missing[0]} is no evidence of {step.run.incident}.", hint="`hikeshi evidence list` has them.")
    return [found[name] for name in asked]


def _settle(step: Step, line: Wanted, items: Collection[Item], why_not: str, actor: Actor) -> None:
    kind = line[0]
    fitting = [item for item in items if item.kind in STANDS_FOR[kind]]
    row = volatility.line_for(step.run.incident, line)
    if fitting:
        if row.state != "held":
            volatility.bind(row, fitting[0], actor=actor)
    elif why_not:
        _failed(row, reason_of(why_not, "Evidence that cannot be had"), actor)
    elif row.state == "pending":
        raise Refused(
            f"Step {step.key} collects {kind}, and none of the evidence named is that.",
            hint=f"Name an item of the kind {' or '.join(STANDS_FOR[kind])}, or say why {kind} cannot be had.",
        )


def _failed(row: Planned, why: str, actor: Actor) -> None:
    if row.state == "pending":
        volatility.fail(row, actor=actor, reason=why)


def give_up(step: Step, why: str, *, actor: Actor) -> None:
    """Nothing of what the step collects could be had."""
    for line in wanted(step):
        _failed(volatility.line_for(step.run.incident, line), why, actor)


def leave_out(step: Step, why: str, *, actor: Actor) -> None:
    """The step is left out: what its action would have brought is waived, and of what people would have brought it is said why not."""
    given = gives(step)
    if given is None:
        give_up(step, why, actor=actor)
    elif (row := volatility.line_for(step.run.incident, given)).state != "held":
        volatility.waive(row, actor=actor, reason=why)
