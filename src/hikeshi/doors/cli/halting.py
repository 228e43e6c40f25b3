"""`contain halt | halts | lift`: stop every change, see what is stopped, let it go on."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.clouds import halting
from hikeshi.doors import halts as shapes
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.who import actor

Account = Annotated[str, typer.Option(help="Only this account; without it, everywhere.")]


def halt(reason: Annotated[str, typer.Option(help="Why; everybody reads it.")], account: Account = "") -> Any:
    """The kill switch: no action changes anything until it is lifted. What is under way stops before its next call and waits."""
    return shapes.halt(halting.halt(actor=actor(), reason=reason, account=account))


def lift(
    reason: Annotated[str, typer.Option(help="Why changes are safe again.")],
    account: Annotated[str, typer.Option(help="The account that was halted; without it, the halt of all.")] = "",
) -> Any:
    """Let changes go on. Steps that were stopped look at the world again and finish."""
    return shapes.halt(halting.lift(actor=actor(), reason=reason, account=account))


def list_halts() -> Answer:
    """What is stopped now, by whom and why."""
    require(actor(), "triage")
    return Answer([shapes.halt(row) for row in halting.in_force()], columns=("account", "reason", "by", "at"))
