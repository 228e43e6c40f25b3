"""Groups of alerts that turn out to be true: an incident is declared from them, or they are linked to one that is open."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from django.db import transaction
from django.db.models import Min

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts import groups, judging, whys
from hikeshi.desk.alerts.models import Group
from hikeshi.desk.incidents import verbs
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.errors import Refused


@transaction.atomic
def declare_from(
    rows: Sequence[Group], *, actor: Actor, severity: int, reason: str, why: str = "suspicious_activity", title: str = "",
    versions: Mapping[int, int] | None = None,
) -> Incident:  # fmt: skip
    """Judge groups true and declare one incident from all their alerts. It counts from when the first alert arrived."""
    require(actor, "triage")
    reason = judging.said("true", reason)
    whys.check("true", why)
    found = groups.seen(rows, versions)
    first = min(found, key=lambda group: (group.first_at, group.pk))
    alerts = groups.alerts_of([group.pk for group in found])
    began = alerts.aggregate(at=Min("first_seen_at"))["at"]
    incident = verbs.declare(
        title.strip() or first.title, severity, actor=actor, reason=reason, alerts=alerts, detected_at=first.first_at,
        occurred_at=began, simulated=all(group.simulated for group in found),
    )  # fmt: skip
    _take(found, incident, actor=actor, why=why, reason=reason)
    return incident


@transaction.atomic
def link(
    rows: Sequence[Group], incident: Incident, *, actor: Actor, reason: str, why: str = "suspicious_activity",
    versions: Mapping[int, int] | None = None,
) -> list[Group]:  # fmt: skip
    """Judge groups true and give all their alerts to an open incident. Raises `Refused` for one that is closed or merged."""
    require(actor, "triage")
    verbs.require_on(actor, "write", incident)
    reason = judging.said("true", reason)
    whys.check("true", why)
    if incident.status in {"closed", "merged"}:
        raise Refused(f"{incident} is {incident.status}.", hint="Reopen it, or declare a new incident.")
    found = groups.seen(rows, versions)
    if any(group.simulated for group in found) and not incident.simulated:
        raise Refused("A simulated alert does not belong to a real incident.", hint="Judge it as an exercise.")
    incident.alerts.add(*groups.alerts_of([group.pk for group in found]).values_list("pk", flat=True))
    _take(found, incident, actor=actor, why=why, reason=reason)
    data = {"groups": ", ".join(map(str, found)), "reason": reason}
    ledger.append(incident.name, actor=actor, verb="incident.link_alerts", obj=incident.name, data=data)
    return list(Group.objects.filter(pk__in=[group.pk for group in found]).order_by("pk"))


def _take(found: Sequence[Group], incident: Incident, *, actor: Actor, why: str, reason: str) -> None:
    """The groups are the incident's. A restricted incident is not named on the organisation's chain."""
    alerts = groups.settle(found, actor=actor, state="taken", verdict="true", why=why, reason=reason)
    name = "" if incident.restricted else incident.name
    data = {"verdict": "true", "why": why, "reason": reason, "alerts": alerts, "incident": name}
    ledger.append_many(ORGANISATION, [ledger.Draft("group.take", str(group), data) for group in found], actor=actor)


@transaction.atomic
def unlink(group: Group, incident: Incident, *, actor: Actor, reason: str) -> Group:
    """Take a group out of an incident again: it waits, without a verdict, unless another incident has it."""
    require(actor, "triage")
    verbs.require_on(actor, "write", incident)
    if not reason.strip():
        raise Refused("Taking alerts out of an incident needs a reason.", hint="One sentence is enough.")
    [found] = groups.seen([groups.root(group)], None, states=("taken",))
    alerts = groups.alerts_of([found.pk])
    mine = list(incident.alerts.filter(pk__in=alerts.values("pk")).values_list("pk", flat=True))
    if not mine:
        raise Refused(f"{found} does not belong to {incident}.", hint="Look at it again.")
    incident.alerts.remove(*mine)
    if not alerts.filter(incidents__isnull=False).exists():
        groups.unsettle(found)
    data = {"groups": str(found), "reason": reason.strip()}
    ledger.append(incident.name, actor=actor, verb="incident.unlink_alerts", obj=incident.name, data=data)
    ledger.append(ORGANISATION, actor=actor, verb="group.untake", obj=str(found), data={"reason": data["reason"]})
    found.refresh_from_db()
    return found
