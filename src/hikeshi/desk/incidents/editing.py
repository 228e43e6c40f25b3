"""Correcting what an incident says of itself, and where it stands: title, times, marking, code name, status."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.duties import verbs as duties
from hikeshi.desk.incidents.models import MARKINGS, Incident
from hikeshi.desk.incidents.secrecy import free_name, said_why
from hikeshi.desk.incidents.sight import require_on
from hikeshi.desk.incidents.verbs import change
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.errors import Refused

EDITABLE: Final = ("title", "occurred_at", "detected_at", "marking", "code_name")
WRITABLE: Final = frozenset({"title"})
"""What any responder on it may correct; times, marking and code name are for those who command."""

COURSE: Final[dict[str, frozenset[str]]] = {
    "active": frozenset({"declared", "monitoring", "resolved"}),
    "monitoring": frozenset({"active", "resolved"}),
    "resolved": frozenset({"active", "monitoring"}),
}
"""To each status that is set by hand, from which ones. Closed, opened again and merged are verbs of their own."""


@transaction.atomic
def edit(incident: Incident, *, actor: Actor, version: int | None = None, reason: str = "", **fields: Any) -> None:
    """Change some of EDITABLE. `occurred_at` may be None: not known. A change of times needs a reason.

    When detection moves, a running response clock that counted from it is replaced by one that counts from the new time; a breach of
    the old one stays visible. Raises `Conflict` where somebody else has changed one of the fields since `version`.
    """
    require_on(actor, "write" if fields.keys() <= WRITABLE else "command", incident)
    unknown = set(fields) - set(EDITABLE)
    if unknown:
        raise Refused(f"{', '.join(sorted(unknown))} cannot be edited.", hint=f"Use {', '.join(EDITABLE)}.")
    wanted, before = _wanted(incident, fields), incident.detected_at
    data = change(incident, version, {"reason": reason.strip()[:500]}, **wanted)
    if not data["was"]:
        return
    _check_times(incident, data["was"], reason)
    ledger.append(
        incident.name, actor=actor, verb="incident.edit", obj=incident.name,
        data={**data, "fields": ", ".join(data["was"])},
    )  # fmt: skip
    if "detected_at" in data["was"]:
        _rebase(incident, before, actor)


def _wanted(incident: Incident, fields: dict[str, Any]) -> dict[str, Any]:
    wanted = dict(fields)
    if "title" in wanted and not str(wanted["title"]).strip():
        raise Refused("An incident needs a title.", hint="Say in one line what is happening.")
    if "title" in wanted:
        wanted["title"] = wanted["title"].strip()
    if "marking" in wanted and wanted["marking"] not in dict(MARKINGS):
        raise Refused(f"{wanted['marking']!r} is not a marking.", hint=f"Use one of: {', '.join(dict(MARKINGS))}.")
    if wanted.get("code_name"):
        wanted["code_name"] = free_name(incident, wanted["code_name"])
    elif "code_name" in wanted and incident.restricted:
        raise Refused("A restricted incident needs a code name.")
    return wanted


def _check_times(incident: Incident, was: dict[str, Any], reason: str) -> None:
    if not {"occurred_at", "detected_at"} & set(was):
        return
    said_why(reason, "A change of times")
    times: list[datetime] = [at for at in (incident.occurred_at, incident.detected_at) if at is not None]
    if any(at > timezone.now() for at in times):
        raise Refused("That time is in the future.", hint="Check the zone.")
    if times != sorted(times):
        raise Refused("It would have been detected before it occurred.", hint="Check both times and their zones.")


def _rebase(incident: Incident, before: datetime, actor: Actor) -> None:
    for clock in duties.running(incident.name, "response."):
        if clock.started_at == before:  # one that was based on a rise in severity does not hang on detection
            duties.stop(clock, actor=actor, at=timezone.now(), replaced=True)
            duties.start(incident.name, clock.rule, actor=actor, started_at=incident.detected_at)


@transaction.atomic
def set_status(incident: Incident, status: str, *, actor: Actor, reason: str, version: int | None = None) -> None:
    """Move between active, monitoring (watching whether it comes back) and resolved (nothing left but to close)."""
    require_on(actor, "command", incident)
    why = said_why(reason, "A change of status")
    incident.refresh_from_db(from_queryset=Incident.objects.select_for_update())
    if status not in COURSE:
        raise Refused(f"{status!r} is no status to set.", hint=f"Use {', '.join(COURSE)}, or close, reopen, merge.")
    if incident.status not in COURSE[status]:
        raise Refused(f"{incident} is {incident.status}; it cannot become {status} from there.")
    if incident.acknowledged_at is None:
        raise Refused(f"Nobody has taken {incident} yet.", hint="`hikeshi incident acknowledge` comes first.")
    data = change(incident, version, {"before": incident.status, "after": status, "reason": why}, status=status)
    ledger.append(incident.name, actor=actor, verb="incident.status", obj=incident.name, data=data)
