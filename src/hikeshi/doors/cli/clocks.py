"""`clocks rules | show | compute`: the deadlines Hikeshi knows, and when one falls. No database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from hikeshi.clocks.moments import MOMENTS
from hikeshi.doors import clock_rules
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.options import WrongUsage
from hikeshi.doors.cli.times import time_of
from hikeshi.environment import read_environment

Name = Annotated[str, typer.Argument(help="Name of a rule; see `hikeshi clocks rules`.")]


def list_rules(
    jurisdiction: Annotated[str, typer.Option(help="Only those of a country or union, such as JP, EU or US.")] = "",
) -> Answer:
    """All rules: from which moment they count, how, and what meets them; of duties to report, whose law and how binding."""
    rows = [clock_rules.row(rule) for rule in clock_rules.chosen(jurisdiction)]
    return Answer(rows, columns=("rule", "title", "jurisdiction", "kind", "status", "anchor", "stops_on", "counting"))


def show_rule(rule: Name) -> Any:
    """Everything about one rule: whose duty, when, to whom, what the report has to say, where the number comes from."""
    return clock_rules.detail(clock_rules.named(rule))


def compute_due(
    rule: Name,
    anchor: Annotated[
        list[str] | None,
        typer.Option(
            help=f"A moment as KEY=TIME, ISO 8601 with zone, or KEY=DATE; several times. Keys: {', '.join(MOMENTS)}."
        ),
    ] = None,
    now: Annotated[str, typer.Option(help="Look at it as of this time instead of now.")] = "",
) -> dict[str, Any]:
    """When the rule's deadline falls, how it stands, and why. Of two times given for one moment, the earlier one counts."""
    found = clock_rules.named(rule)
    at = time_of(now) if now else datetime.now(UTC)
    try:
        return clock_rules.due(found, anchor or (), zone=read_environment().time_zone, now=at)
    except clock_rules.Misspelt as problem:
        raise WrongUsage(problem.message, hint=problem.hint) from problem
