"""`alert suppress | suppressions | unsuppress | unhide`: what is hidden from the queue."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import typer
from django.utils import timezone

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.alerts import suppressing
from hikeshi.desk.alerts.models import Suppression
from hikeshi.doors import find, group_shapes as named
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.options import WrongUsage
from hikeshi.doors.cli.times import optional
from hikeshi.doors.cli.who import actor

Reason = Annotated[str, typer.Option(help="One sentence, kept in the record.")]
COLUMNS = ("name", "active", "match", "reason", "owner", "expires_at", "hits", "last_hit_at")


def _counted(row: Suppression) -> named.SuppressionShape:
    return named.suppression(suppressing.counted(Suppression.objects.filter(pk=row.pk)).get(), timezone.now())


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise WrongUsage(f"{text!r} is no field and value.", hint="Such as --match kind=Recon:EC2/Portscan.")
    return name.strip(), value


def suppress(
    reason: Reason,
    match: Annotated[list[str] | None, typer.Option(help="FIELD=VALUE; all must be equal. Several.")] = None,
    like: Annotated[str, typer.Option(help="A group: match what is proposed for it, with --match on top.")] = "",
    until: Annotated[str, typer.Option(help="ISO 8601 with zone; 30 days without it, 90 at most.")] = "",
    owner: Annotated[str, typer.Option(help="A username; without it, you.")] = "",
    hide_sev1: Annotated[bool, typer.Option(help="The second yes: hide what is suggested as SEV-1 too.")] = False,
) -> Any:
    """Hide groups that open from now on and match. They are kept and counted, and listed under `suppressed`."""
    who = actor()
    require(who, "triage")
    wanted = suppressing.proposal(find.group(who, like)) if like else {}
    row = suppressing.suppress(
        wanted | dict(_pair(text) for text in match or ()), actor=who, reason=reason,
        expires_at=optional(until) or timezone.now() + suppressing.USUAL - timedelta(seconds=1),
        owner=find.person(owner) if owner else None, hides_sev1=hide_sev1,
    )  # fmt: skip
    return _counted(row)


def list_suppressions(
    active: Annotated[bool, typer.Option(help="Only those that hide something now.")] = False,
    limit: Annotated[int, typer.Option(min=1, help="Rows at most.")] = 50,
) -> Answer:
    """Suppressions with what they have hidden."""
    require(actor(), "triage")
    rows = suppressing.active() if active else Suppression.objects.all()
    now = timezone.now()
    return Answer([named.suppression(row, now) for row in suppressing.counted(rows)[:limit]], columns=COLUMNS)


def unsuppress(name: Annotated[str, typer.Argument(help="A suppression, such as SUP-3.")], reason: Reason) -> Any:
    """End a suppression before its day."""
    who = actor()
    row = find.suppression(who, name)
    suppressing.unsuppress(row, actor=who, reason=reason)
    return _counted(row)


def unhide(name: Annotated[str, typer.Argument(help="A group, such as GRP-7.")], reason: Reason) -> Any:
    """Bring a suppressed group back before people."""
    who = actor()
    row = find.group(who, name)
    suppressing.unhide(row, actor=who, reason=reason)
    return named.group(row)
