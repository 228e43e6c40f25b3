"""`clocks rules | show | compute | lint | facts`: the deadlines Hikeshi knows, and when one falls. No database."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from hikeshi.clocks.facts import FACTS
from hikeshi.clocks.moments import MOMENTS
from hikeshi.clocks.rule import load, problems, use_own
from hikeshi.doors import clock_rules
from hikeshi.doors.cli import session
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.exits import DONE, tell
from hikeshi.doors.cli.options import WrongUsage
from hikeshi.doors.cli.times import time_of
from hikeshi.environment import read_environment
from hikeshi.errors import Unreadable

Name = Annotated[str, typer.Argument(help="Name of a rule; see `hikeshi clocks rules`.")]


def list_rules(
    jurisdiction: Annotated[str, typer.Option(help="Only those of a country or union, such as JP, EU or US.")] = "",
) -> Answer:
    """All rules, your own included: from which moment they count, how, and what meets them; of duties, whose law and how binding.

    Own rules that cannot be read are named on stderr and answered with exit code 5; the others are there.
    """
    use_own(read_environment().rules)
    rows = [clock_rules.row(rule) for rule in clock_rules.chosen(jurisdiction)]
    return Answer(
        rows,
        columns=("rule", "title", "jurisdiction", "kind", "status", "anchor", "stops_on", "counted"),
        code=_tell(problems()),
    )


def show_rule(rule: Name) -> Any:
    """Everything about one rule: whose duty, when, to whom, what the report has to say, where the number comes from."""
    use_own(read_environment().rules)
    return clock_rules.detail(clock_rules.named(rule))


def lint_rules(
    files: Annotated[
        list[Path] | None, typer.Argument(help="YAML files of rules; without any, those in the home's folder rules.")
    ] = None,
) -> Answer:
    """What is wrong with rules of your own, with file, line and reason, and the rules that were understood."""
    paths = files or sorted(read_environment().rules.glob("*.yaml"))
    read = [load(path) for path in paths]
    rows = [clock_rules.row(rule) for one in read for rule in one.rules.values()]
    return Answer(
        rows,
        columns=("rule", "title", "kind", "anchor", "stops_on", "counted"),
        code=_tell(p for one in read for p in one.problems),
    )


def list_facts() -> Answer:
    """The questions whose answers decide which duties may apply."""
    rows = [{"fact": key, "topic": one.topic, "text": msgspec.to_builtins(one.text)} for key, one in FACTS.items()]
    return Answer(rows, columns=("fact", "topic", "text"))


def _tell(problems: Iterable[Unreadable]) -> int:
    """Name each on stderr. Returns the exit code that goes with them."""
    return max((tell(problem, session.options.language) for problem in problems), default=DONE)


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
    use_own(read_environment().rules)
    found = clock_rules.named(rule)
    at = time_of(now) if now else datetime.now(UTC)
    try:
        return clock_rules.due(found, anchor or (), zone=read_environment().time_zone, now=at)
    except clock_rules.Misspelt as problem:
        raise WrongUsage(problem.message, hint=problem.hint) from problem
