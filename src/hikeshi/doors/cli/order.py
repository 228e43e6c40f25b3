"""`order add | list`: responses approved in advance, for what must be contained in seconds."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.runs import verbs
from hikeshi.desk.runs.models import StandingOrder
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.times import optional
from hikeshi.doors.cli.who import actor
from hikeshi.errors import Refused
from hikeshi.playbooks.playbook import library

FIELDS = (
    "name", "enabled", "finding_types", "min_score", "accounts", "playbook", "severity", "max_per_hour", "approved_by",
    "approved_at", "expires_at",
)  # fmt: skip


def _line(row: StandingOrder) -> dict[str, Any]:
    return {name: getattr(row, name) for name in FIELDS}


def add(
    name: str,
    finding_type: Annotated[
        list[str], typer.Option(help="The beginning of a finding's type; several times for several.")
    ],
    playbook: Annotated[str, typer.Option(help="What runs; see `playbook list`.")],
    severity: Annotated[int, typer.Option(min=1, max=4, help="Of the incident that is opened.")],
    min_score: Annotated[float, typer.Option(min=0, max=10, help="GuardDuty's severity at least.")] = 7.0,
    account: Annotated[list[str] | None, typer.Option(help="Only in this account; several times for several.")] = None,
    max_per_hour: Annotated[int, typer.Option(min=1, max=1000, help="Above this a person decides.")] = 5,
    expires_at: Annotated[str, typer.Option(help="ISO 8601 with zone.")] = "",
) -> Any:
    """Approve a response in advance: such findings open an incident and run the playbook without waiting for a person."""
    if playbook not in library():
        raise Refused(f"There is no playbook {playbook!r}.", hint=f"Known are {', '.join(library())}.")
    row = verbs.order(
        name, actor=actor(), finding_types=finding_type, playbook=playbook, severity=severity, min_score=min_score,
        accounts=account or (), max_per_hour=max_per_hour, expires_at=optional(expires_at),
    )  # fmt: skip
    return _line(row)


def list_orders() -> Answer:
    """The standing orders."""
    require(actor(), "triage")
    columns = ("name", "enabled", "finding_types", "min_score", "playbook", "severity", "approved_by", "expires_at")
    return Answer([_line(row) for row in StandingOrder.objects.all()], columns=columns)
