"""What may be done to an incident. Each verb: one transaction, one ledger entry on the incident's own chain."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from hikeshi.desk.accounts.models import Contact, Person
from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts import groups
from hikeshi.desk.alerts.models import Alert
from hikeshi.desk.incidents import calling_in, holding, sight, targets
from hikeshi.desk.incidents.exposure import is_unaware
from hikeshi.desk.incidents.models import DUTIES, PHASES, SEVERITIES, Incident, Phase, Role
from hikeshi.desk.incidents.staffing import NEEDED, proposal
from hikeshi.desk.ledger import changes, verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION, Chain
from hikeshi.errors import Refused
from hikeshi.pace import part

SINGLE = frozenset({"incident_commander", "technical_lead", "communications_lead"})

duties_of, require_on, visible = sight.duties_of, sight.require_on, sight.visible
hold = holding.hold


def change(
    incident: Incident, version: int | None, data: Mapping[str, Any] | None = None, **values: Any
) -> dict[str, Any]:
    """Write fields of the incident as `ledger.changes` does. What is returned belongs into an entry about `incident.name`."""
    return changes.change(incident, version, chain=incident.name, obj=incident.name, data=data, **values)


@part("incident")
@transaction.atomic
def declare(
    title: str, severity: int, *, actor: Actor, reason: str, alerts: Iterable[Alert] = (),
    detected_at: datetime | None = None, occurred_at: datetime | None = None, simulated: bool = False, fill: bool = True,
) -> Incident:  # fmt: skip
    """Open an incident: number, first phase, response clock, roles as `staffing.proposal` has them (without `fill`: none of these).

    The response clock counts from detection. Whoever declares it by hand gets the first role that is still empty.
    """
    require(actor, "triage")
    now = timezone.now()
    incident = Incident(
        name=_next_name(now), title=title, severity=severity, severity_reason=reason, simulated=simulated,
        detected_at=detected_at or now, occurred_at=occurred_at, declared_at=now,
    )  # fmt: skip
    incident.full_clean()
    incident.save()
    incident.alerts.set(groups.whole(alerts))
    groups.take(incident.alerts.all())
    with ledger.together(incident.name):
        ledger.append(
            incident.name, actor=actor, verb="incident.declare", obj=incident.name,
            data={
                "title": title, "severity": severity, "reason": reason, "simulated": simulated,
                "detected_at": incident.detected_at.isoformat(), "alerts": [str(alert) for alert in incident.alerts.all()],
            },
        )  # fmt: skip
        targets.start(incident, actor=actor)
        _fill_roles(
            incident, actor, fill
        )  # before the phase: whoever declares it by hand gains the right to write by this
        calling_in.call_in(incident, actor=actor)  # what is known of the house holds for this one too
        enter_phase(incident, "detection_analysis", actor=actor)
    return incident


def _next_name(now: datetime) -> str:
    Chain.objects.get_or_create(name=ORGANISATION)
    Chain.objects.select_for_update().get(name=ORGANISATION)  # numbers are given one at a time
    prefix = f"INC-{now.year}-"
    numbers = [int(name.removeprefix(prefix)) for name in _names(prefix)]
    return f"{prefix}{max(numbers, default=0) + 1:03d}"


def _names(prefix: str) -> Iterable[str]:
    return Incident.objects.filter(name__startswith=prefix).values_list("name", flat=True)


def _fill_roles(incident: Incident, actor: Actor, fill: bool) -> None:
    """Those on call, else those first on the contact list. Everybody sees why them, and may change it."""
    for one in proposal(incident.severity, incident.declared_at) if fill else ():
        if one.contact is not None:
            hold(incident, one.duty, one.contact, one.contact.person, actor, why=one.why)
    if actor.person_id and not duties_of(actor, incident):
        held = set(incident.roles.values_list("duty", flat=True))
        duty = next((duty for duty in NEEDED[incident.severity] if duty not in held), "responder")
        hold(incident, duty, None, Person.objects.get(pk=actor.person_id), actor)


@transaction.atomic
def assign(
    incident: Incident, duty: str, *, actor: Actor, contact: Contact | None = None, person: Person | None = None
) -> Role:
    """Give a role. Of the roles that one person holds, the holder before is relieved at the same moment."""
    require_on(actor, "command", incident)
    if duty not in dict(DUTIES):
        raise Refused(f"{duty!r} is not a role.", hint=f"Use one of: {', '.join(dict(DUTIES))}.")
    if contact is None and person is None:
        raise Refused("Nobody was named.", hint="Name a contact or a person.")
    if any(one is not None and is_unaware(incident, one) for one in (person, contact, contact and contact.person)):
        raise Refused(
            f"{person or contact} must not know of this incident.", hint="Quiet mode names those; change it first."
        )
    if duty in SINGLE:
        Incident.objects.select_for_update().get(
            pk=incident.pk
        )  # two who assign at once would both relieve the one before
        incident.roles.filter(duty=duty, until__isnull=True).update(until=timezone.now())
    return hold(incident, duty, contact, person or (contact.person if contact else None), actor)


@transaction.atomic
def acknowledge(incident: Incident, *, actor: Actor) -> None:
    """A responder has it: the response clock stops. Doing it twice changes nothing."""
    require_on(actor, "write", incident)
    if incident.acknowledged_at is not None:
        return
    now = timezone.now()
    data = change(incident, None, acknowledged_at=now, status="active")
    ledger.append(incident.name, actor=actor, verb="incident.acknowledge", obj=incident.name, data=data)
    targets.stop(incident, "response.", actor=actor, at=now)


@transaction.atomic
def change_severity(
    incident: Incident, severity: int, *, actor: Actor, reason: str, version: int | None = None
) -> None:
    """Raise or lower. Running targets are based anew, on now when raised; the old ones and their breaches stay visible."""
    require_on(actor, "command", incident)
    if severity not in dict(SEVERITIES):
        raise Refused(f"{severity} is not a severity.", hint="Use 1 (critical) to 4 (low).")
    if not reason.strip():
        raise Refused("A change of severity needs a reason.", hint="Say in one sentence what is known now.")
    now = timezone.now()
    data = change(incident, version, severity=severity, severity_reason=reason.strip())
    before = data["was"].get("severity", severity)
    ledger.append(
        incident.name, actor=actor, verb="incident.severity", obj=incident.name,
        data={**data, "before": before, "after": severity, "reason": reason.strip()},
    )  # fmt: skip
    targets.rebase(incident, before, actor=actor, at=now)


@transaction.atomic
def enter_phase(incident: Incident, phase: str, *, actor: Actor) -> None:
    """Work of this phase has begun, or begun again. Phases already open stay open."""
    require_on(actor, "write", incident)
    if phase not in dict(PHASES):
        raise Refused(f"{phase!r} is not a phase of an incident.", hint=f"Use one of: {', '.join(dict(PHASES))}.")
    row, fresh = Phase.objects.get_or_create(incident=incident, name=phase, defaults={"entered_at": timezone.now()})
    if not fresh:
        if row.left_at is None:
            return
        row.left_at = None
        row.save(update_fields=["left_at"])
    ledger.append(incident.name, actor=actor, verb="phase.enter", obj=phase, data={"again": not fresh})


@transaction.atomic
def leave_phase(incident: Incident, phase: str, *, actor: Actor) -> None:
    """The phase's work is done for now."""
    require_on(actor, "command", incident)
    now = timezone.now()
    if incident.phases.filter(name=phase, left_at__isnull=True).update(left_at=now) == 1:
        ledger.append(incident.name, actor=actor, verb="phase.leave", obj=phase)


@transaction.atomic
def contained(incident: Incident, *, actor: Actor) -> None:
    """Containment was read back from the world. The first time is kept for the figures."""
    if not Incident.objects.filter(pk=incident.pk, contained_at__isnull=False).exists():
        now = timezone.now()
        data = change(incident, None, contained_at=now)
        ledger.append(incident.name, actor=actor, verb="incident.contained", obj=incident.name, data=data)
        targets.stop(incident, "containment.", actor=actor, at=now)


@transaction.atomic
def note(incident: Incident, text: str, *, actor: Actor) -> None:
    """Write into the incident's stream."""
    require_on(actor, "write", incident)
    if not text.strip():
        raise Refused("The note is empty.")
    ledger.append(incident.name, actor=actor, verb="incident.note", obj=incident.name, data={"text": text.strip()})


@transaction.atomic
def summarise(incident: Incident, summary: str, *, actor: Actor, version: int | None = None) -> None:
    """Replace the summary. Raises `Conflict` when somebody else has changed the incident since `version`."""
    require_on(actor, "write", incident)
    data = change(incident, version, summary=summary.strip())
    ledger.append(
        incident.name, actor=actor, verb="incident.summary", obj=incident.name,
        data={**data, "before": data["was"].get("summary", incident.summary), "after": incident.summary},
    )  # fmt: skip


@transaction.atomic
def close(incident: Incident, *, actor: Actor, reason: str) -> None:
    """End it. Its review falls due from here for SEV-1 and SEV-2."""
    require_on(actor, "command", incident)
    if incident.status in {"closed", "merged"}:
        raise Refused(f"{incident} is {incident.status} already.", hint="`hikeshi incident reopen` opens it again.")
    if not reason.strip():
        raise Refused("Closing needs a reason.", hint="Say in one sentence why it is over.")
    now = timezone.now()
    data = change(incident, None, {"reason": reason.strip()}, status="closed", closed_at=now)
    ledger.append(incident.name, actor=actor, verb="incident.close", obj=incident.name, data=data)
    targets.close(incident, actor=actor, at=now)


@transaction.atomic
def reopen(incident: Incident, *, actor: Actor, reason: str) -> None:
    """It was not over after all."""
    require_on(actor, "command", incident)
    if incident.status != "closed":
        raise Refused(f"{incident} is not closed.")
    data = change(incident, None, {"reason": reason}, status="active", closed_at=None)
    ledger.append(incident.name, actor=actor, verb="incident.reopen", obj=incident.name, data=data)
    targets.reopen(incident, actor=actor)
