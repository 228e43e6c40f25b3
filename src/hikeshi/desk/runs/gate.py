"""The gate before a step that takes something away: which evidence is held, and what would be lost (RFC 3227, order of volatility).

An action that contains names the evidence it needs (`Action.needs_evidence`); a step that destroys needs everything the plan asks
for. Evidence counts when it is held, when it has failed with a reason (what cannot be had must not hold containment hostage), or
when somebody who commands has waived it by name.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from hikeshi.actions import ACTIONS
from hikeshi.actions.action import Effect
from hikeshi.desk.evidence import volatility
from hikeshi.desk.evidence.models import Planned
from hikeshi.desk.evidence.volatility import Wanted
from hikeshi.desk.runs.models import Step
from hikeshi.desk.runs.pinned import spec_of
from hikeshi.errors import Refused
from hikeshi.playbooks.states import ENDED

VOLATILITY_OF: Final = {"memory": "memory", "receipt": "cloud", "snapshot": "disk"}
"""What an action's sealed receipt stands for (`Action.evidence_kind`), as a kind of the plan."""


class Gate(NamedTuple):
    """What stands at the gate of one step, each most volatile first. `missing` holds it back; `open` is pending all the same.

    `steps` hold it back too: those that its playbook names under `evidence`, as far as they are not over.
    """

    effect: Effect
    held: tuple[Planned, ...]
    missing: tuple[Planned, ...]
    open: tuple[Planned, ...]
    steps: tuple[Step, ...] = ()

    @property
    def closed(self) -> bool:
        return bool(self.missing or self.steps)

    @property
    def data(self) -> dict[str, Any]:
        """For the ledger: what was held and what was not when the step was let through."""
        named = {"held": self.held, "open": self.open}
        return {f"evidence_{name}": [volatility.said(line).en for line in rows] for name, rows in named.items()}

    def refuse_if_closed(self, step: Step) -> None:
        """Raises `Refused` naming the most volatile evidence that is not safe, or the step that takes it."""
        if not self.closed:
            return
        if not self.missing:
            raise Refused(
                f"Step {step.key} goes after the evidence of step {self.steps[0].key}, which is {self.steps[0].state}.",
                hint=f"Finish step {self.steps[0].key}, or skip it with a reason.",
            )
        first, more = self.missing[0], len(self.missing) - 1
        kind = volatility.word(first).en
        hint = "Collect it, record why it cannot be had, waive it by name, or override the gate with a reason."
        if more:
            raise Refused(
                f"Step {step.key} would lose evidence that is not held: {kind} of {first.target}, and {more} more.",
                hint=hint,
            )
        raise Refused(f"Step {step.key} would lose evidence that is not held: {kind} of {first.target}.", hint=hint)


def gate(step: Step, *, whole: bool = True) -> Gate:
    """What the evidence plan says before this step. It only reads; `missing` may hold lines that are not saved yet.

    Not `whole`: only the evidence of this step, which decides whether it is closed, and not all that an incident with hundreds of machines has.
    """
    effect = effect_of(step)
    lines = volatility.lines(step.run.incident) if whole or effect == "destroy" else []
    known = {(line.kind, line.target): line for line in lines}
    needed = [known.get(wanted) or volatility.line_for(step.run.incident, wanted) for wanted in needs(step)]
    if effect == "destroy":
        needed += [line for line in lines if line not in needed]
    told = lines or needed
    missing = sorted((line for line in needed if line.state == "pending"), key=lambda row: volatility.RANK[row.kind])
    return Gate(
        effect=effect,
        held=tuple(line for line in told if line.state == "held"),
        missing=tuple(missing),
        open=tuple(line for line in told if line.state == "pending"),
        steps=tuple(_unfinished(step)),
    )


def _unfinished(step: Step) -> Iterator[Step]:
    """The steps that take the evidence this one has to wait for and are not over."""
    spec = spec_of(step)
    if spec is not None and spec.evidence:
        yield from step.run.steps.filter(key__in=spec.evidence).exclude(state__in=ENDED)


def effect_of(step: Step) -> Effect:
    """How much the step changes: of an action by its class, of a step done by people by the pinned playbook."""
    if step.action:
        return ACTIONS[step.action].effect
    spec = spec_of(step)
    return spec.effect if spec else "look"


def gives(step: Step) -> Wanted | None:
    """The line that this step's receipt settles; None for a step that collects nothing by an action."""
    kind = ACTIONS.get(step.action)
    if kind is None or kind.effect != "collect":
        return None
    return VOLATILITY_OF[kind.evidence_kind], _target(step)


def needs(step: Step) -> Iterator[Wanted]:
    """The lines that this step's action must not go before; of a step for each of several targets, those of its targets."""
    if step.action and step.part_of_id is None and (spec := spec_of(step)) and spec.for_each:
        yield from dict.fromkeys(line for part in step.parts.all() for line in needs(part))
    elif step.action:
        for name in ACTIONS[step.action].needs_evidence:
            yield VOLATILITY_OF[ACTIONS[name].evidence_kind], _target(step)


def _target(step: Step) -> str:
    """What the step acts on: its inputs that are names. Steps on the same resource have the same target."""
    return ", ".join(value for value in step.inputs.values() if isinstance(value, str))[:300]
