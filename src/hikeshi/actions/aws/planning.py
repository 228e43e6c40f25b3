"""The parts every AWS action writes the same way: a plan's frame, the tags of a step, and a receipt."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

from hikeshi.actions.action import Action, Call, Grade, Outcome, Plan, Receipt, inputs_of
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.errors import Refused
from hikeshi.text import Text

INCIDENT_TAG = "hikeshi:incident"
STEP_TAG = "hikeshi:step"

MAX_TAGS = 50
MAX_TAG_KEY = 128
MAX_TAG_VALUE = 256

SECONDS_PER_CALL = 0.5
"""A cautious guess for one call on AWS, for `Plan.estimate_seconds`."""


def make_plan(
    world: AwsWorld,
    action: Action[AwsWorld],
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
        expires_at=made_at + timedelta(minutes=world.settings.plan_minutes),
        resources=tuple(resources),
        calls=calls,
        before=before,
        after=after,
        dependants=tuple(dependants),
        will_not_stop=tuple(will_not_stop),
        warnings=tuple(warnings),
        estimate_seconds=len(calls) * SECONDS_PER_CALL,
        simulated=world.simulated,
    )


def receipt(
    action: Action[AwsWorld],
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


def tag_specification(kind: str, tags: Mapping[str, str]) -> dict[str, Any]:
    """Tags given in the creating call itself, so that there is no moment without them."""
    return {"ResourceType": kind, "Tags": tag_list(tags)}


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """AWS's list form. Raises `Refused` where AWS would refuse, or where a simulator would wrongly accept."""
    for key, value in tags.items():
        if len(key) > MAX_TAG_KEY or len(value) > MAX_TAG_VALUE:
            hint = f"AWS allows {MAX_TAG_KEY} characters in a tag key and {MAX_TAG_VALUE} in a value."
            raise Refused(
                f"The tag {key[:MAX_TAG_KEY]} is too long ({len(key)} and {len(value)} characters).", hint=hint
            )
    return [{"Key": key, "Value": value} for key, value in sorted(tags.items())]


def step_mark(world: AwsWorld, limit: int) -> str:
    """The step's name in at most `limit` characters, the same on every repeat: how an earlier attempt is recognised."""
    mark = f"hikeshi {world.step}"
    return mark if len(mark) <= limit else f"hikeshi {hashlib.sha256(world.step.encode()).hexdigest()[:32]}"


def nothing_to_undo(action: Action[AwsWorld], hint: str) -> Refused:
    """What `undo` of a collecting action raises: evidence is kept, not taken back."""
    return Refused(f"{action.name} collects evidence; there is nothing to undo.", hint=hint)
