"""`clocks rules | compute`: the deadlines Hikeshi knows, and when one falls. No database."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
import typer

from hikeshi.clocks.counting import compute
from hikeshi.clocks.rule import MOMENTS, rules
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.times import time_of
from hikeshi.errors import Refused


def list_rules() -> Answer:
    """All rules: from which moment they count, how, and what meets them."""
    rows = [
        {
            "rule": rule.name,
            "title": msgspec.to_builtins(rule.title),
            "anchor": rule.anchor,
            "stops_on": rule.stops_on,
            "counting": msgspec.to_builtins(rule.counting),
            "source": rule.source,
            "version": rule.version,
            "valid_from": rule.valid_from,
        }
        for rule in rules().values()
    ]
    return Answer(rows, columns=("rule", "title", "anchor", "stops_on", "source", "version"))


def compute_due(
    rule: Annotated[str, typer.Argument(help="Name of a rule; see `hikeshi clocks rules`.")],
    anchor: Annotated[
        list[str] | None,
        typer.Option(
            help=f"A moment as KEY=TIME, ISO 8601 with zone; several times for several. Keys: {', '.join(MOMENTS)}."
        ),
    ] = None,
    now: Annotated[str, typer.Option(help="Look at it as of this time instead of now.")] = "",
) -> dict[str, Any]:
    """When the rule's deadline falls, how it stands, and why."""
    found = rules().get(rule)
    if found is None:
        raise Refused(f"There is no clock rule {rule!r}.", hint="`hikeshi clocks rules` lists them.")
    moments = dict(_moment(text) for text in anchor or ())
    due = compute(found, moments, time_of(now) if now else datetime.now(UTC))
    return {
        "rule": due.rule,
        "state": due.state,
        "due_at": due.due_at,
        "due_soon_at": due.due_soon_at,
        "explanation": msgspec.to_builtins(due.explanation),
    }


def _moment(text: str) -> tuple[str, datetime]:
    key, equals, time = text.partition("=")
    if not equals or key not in MOMENTS:
        raise Refused(
            f"--anchor {text!r} is not understood.", hint=f"Write KEY=TIME with KEY one of {', '.join(MOMENTS)}."
        )
    return key, time_of(time)
