"""`contain add | advise | ladder`: an action that no playbook foresaw, what the findings call for, and how to cut an instance off."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hikeshi.actions.catalogue import read_inputs
from hikeshi.desk.runs import adding, looking
from hikeshi.doors import find, shapes
from hikeshi.doors.actions import kind_of
from hikeshi.doors.advice import AdviceShape, advice
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.options import WrongUsage
from hikeshi.doors.cli.who import actor
from hikeshi.doors.ladder import LadderShape, shape


def add(
    incident: str,
    action: Annotated[str, typer.Argument(help="An action of `action list`.")],
    reason: Annotated[str, typer.Option(help="What it is for.")],
    given: Annotated[
        list[str] | None, typer.Option("--input", metavar="NAME=VALUE", help="An input; see `action show`.")
    ] = None,
    account: Annotated[str, typer.Option(help="The account, where the incident's alert does not say it.")] = "",
    region: Annotated[str, typer.Option(help="The region, where the incident's alert does not say it.")] = "",
) -> Any:
    """Put an action among the steps of an incident. It is planned at once; what it changes still asks for approval."""
    who = actor()
    typed = dict(_input(text) for text in given or ())
    step = adding.add(
        find.incident(who, incident), action, read_inputs(kind_of(action), typed), actor=who, reason=reason,
        account=account, region=region,
    )  # fmt: skip
    return shapes.step(step)


def _input(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise WrongUsage(f"--input {text!r} is not understood.", hint="Write NAME=VALUE.")
    return name, value


def advise(incident: str) -> Answer:
    """What the incident's findings call for, in order: the actions, what is known of their inputs, and how far without a person."""
    rows = [row for one in advice(find.incident(actor(), incident)) for row in _rows(one)]
    return Answer(rows, columns=("kind", "mode", "action", "title", "effect", "to_give"))


def _rows(one: AdviceShape) -> list[dict[str, Any]]:
    """One row for each action; one without an action where a finding calls for none, with the reason."""
    about = {name: one[name] for name in ("alert", "kind", "mode", "order", "why", "account", "region")}
    nothing = {"action": "", "title": one["why"], "effect": "", "inputs": {}, "to_give": []}
    return [{**about, **line} for line in one["actions"]] or [{**about, **nothing}]


def show_ladder(
    incident: str,
    instance_id: str,
    account: Annotated[str, typer.Option(help="The account, where the incident's alert does not say it.")] = "",
    region: Annotated[str, typer.Option(help="The region, where the incident's alert does not say it.")] = "",
) -> LadderShape:
    """The cheapest rungs that cut the instance off, what gets through all of them, and what would close more at a price."""
    who = actor()
    return shape(looking.ladder(find.incident(who, incident), instance_id, actor=who, account=account, region=region))
