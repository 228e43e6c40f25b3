"""What was done in this incident, from its saved plans, and whether it still stands: for what names it in the order in which to undo it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import msgspec

from hikeshi.actions.action import Action, Plan
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Setting
from hikeshi.text import Text

Stand = Literal["in effect", "gone", "changed by somebody else"]


def to_undo(world: AwsWorld, wanted: Callable[[Plan], bool]) -> list[Plan]:
    """The saved plans that change something and can be undone, as far as they are wanted; the last one first."""
    from hikeshi.actions import ACTIONS  # the table imports this file

    mine = (
        plan
        for plan in world.earlier
        if plan.calls and plan.action in ACTIONS and ACTIONS[plan.action].reversible != "no" and wanted(plan)
    )
    return sorted(mine, key=lambda plan: plan.made_at, reverse=True)


def stands(world: AwsWorld, plan: Plan) -> Stand:
    """Whether what was planned is there now."""
    from hikeshi.actions import ACTIONS  # the table imports this file

    action: Action[Any] = msgspec.convert(dict(plan.inputs), ACTIONS[plan.action])
    if not isinstance(action, Setting):
        return "in effect" if action.check(world, plan).outcome in ("done", "already-done") else "gone"
    now, was = action.read(world), plan.before["parts"]
    changing = {part: new for part, new in plan.after["parts"].items() if was.get(part) != new}
    if any(action.same(now.get(part), new) for part, new in changing.items()):
        return "in effect"
    return "gone" if all(now.get(part) == was.get(part) for part in changing) else "changed by somebody else"


def named(plan: Plan) -> str:
    """The step of a plan, for people."""
    return f"{plan.action} ({plan.made_at.isoformat(timespec='seconds')})"


def undo_it(plan: Plan) -> Text:
    """What people are told to do about it."""
    return Text(en=f"Undo the step {named(plan)}.", ja=f"手順 {named(plan)} を元に戻してください。")
