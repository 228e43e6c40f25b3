"""The parts every action writes the same way: a plan's frame and a receipt."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from hikeshi.actions.action import Action, Call, Grade, Outcome, Plan, Receipt, W, inputs_of
from hikeshi.errors import Refused
from hikeshi.text import Text


def make_plan(
    world: W,
    action: Action[W],
    *,
    resources: Iterable[str],
    calls: Iterable[Call],
    before: Mapping[str, Any],
    after: Mapping[str, Any],
    dependants: Iterable[Text] = (),
    will_not_stop: Iterable[Text] = (),
    warnings: Iterable[Text] = (),
) -> Plan:
    """A plan with everything that is the same for each action filled in."""
    made_at = world.now()
    calls = tuple(calls)
    return Plan(
        action=action.name,
        inputs=inputs_of(action),
        incident=world.incident,
        made_at=made_at,
        expires_at=made_at + timedelta(minutes=world.plan_minutes),
        resources=tuple(resources),
        calls=calls,
        before=before,
        after=after,
        dependants=tuple(dependants),
        will_not_stop=tuple(will_not_stop),
        warnings=tuple(warnings),
        estimate_seconds=world.estimate(calls),
        simulated=world.simulated,
    )


def receipt(
    action: Action[Any],
    outcome: Outcome,
    summary: Text,
    observed: Mapping[str, Any],
    *,
    grade: Grade = "none",
    still_open: Iterable[Text] = (),
    held_at: str = "",
    again_in: float = 0.0,
) -> Receipt:
    """A receipt of this action."""
    return Receipt(
        action=action.name,
        outcome=outcome,
        summary=summary,
        observed=observed,
        grade=grade,
        still_open=tuple(still_open),
        held_at=held_at,
        again_in=again_in,
    )


def nothing_to_undo(action: Action[Any], hint: str) -> Refused:
    """What `undo` raises where nothing can be taken back: evidence is kept, and a session that was ended is over."""
    return Refused(f"{action.name}: there is nothing to undo.", hint=hint)
