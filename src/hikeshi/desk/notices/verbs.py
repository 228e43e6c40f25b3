"""What may be done to notices and channels by people."""

from __future__ import annotations

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from hikeshi.desk.accounts.permissions import allowed, require
from hikeshi.desk.accounts.verbs import actor_of
from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.desk.notices import channels, escalating, links
from hikeshi.desk.notices.models import Channel, Escalation, Notice
from hikeshi.errors import Refused


def visible(actor: Actor) -> QuerySet[Notice]:
    """The notices this actor may see: their own, those of incidents they may read, and the organisation's for who may triage."""
    mine = Q(person_id=actor.person_id) | Q(contact__person_id=actor.person_id) if actor.person_id else Q(pk=None)
    seen = Q(incident__in=incidents.visible(actor))
    if allowed(actor, "triage"):
        seen |= Q(incident=None)
    return Notice.objects.filter(mine | seen).select_related("incident", "contact", "channel")


@transaction.atomic
def acknowledge(notice: Notice, *, actor: Actor) -> None:
    """Somebody has it: nobody else is woken. Doing it twice changes nothing.

    Whoever received it may, and whoever may write on the incident (without one: who may triage). The page of an incident acknowledges
    the incident too, where the actor may do that.
    """
    if not _is_recipient(notice, actor):
        _require(notice.incident, actor)
    _acknowledge(notice, actor)


@transaction.atomic
def acknowledge_by_link(secret: str) -> Notice:
    """The same by the link in the message: whoever has it stands for its recipient. Raises `Refused`, always with the same words."""
    notice = links.by_secret(secret)
    person = notice.person or (notice.contact.person if notice.contact else None)
    if person is not None and person.is_active:
        _acknowledge(notice, actor_of(person, "console"))
    else:
        _acknowledge(notice, Actor(name=notice.recipient, door="console", role="observer"))
    notice.refresh_from_db()
    return notice


@transaction.atomic
def acknowledge_by_reply(notice: Notice, *, actor: Actor, data: dict[str, str]) -> None:
    """The same by a reply to the mail: replies.py has made sure who it is. `data` goes on the record."""
    _acknowledge(notice, actor, **data)


def _is_recipient(notice: Notice, actor: Actor) -> bool:
    person = notice.person_id or (notice.contact.person_id if notice.contact else None)
    return actor.person_id is not None and actor.person_id == person


def _require(incident: Incident | None, actor: Actor) -> None:
    if incident is not None:
        incidents.require_on(actor, "write", incident)
    else:
        require(actor, "triage")


def _acknowledge(notice: Notice, actor: Actor, **more: str) -> None:
    now = timezone.now()
    rows = Notice.objects.filter(pk=notice.pk).exclude(state="acknowledged")
    values = {"state": "acknowledged", "acknowledged_at": now, "acknowledged_by": actor.name[:150]}
    if rows.update(**values, due_at=None) != 1:
        return
    for name, value in values.items():
        setattr(notice, name, value)
    chain = notice.incident.name if notice.incident else ORGANISATION
    data = {"recipient": notice.recipient, **more}
    ledger.append(chain, actor=actor, verb="notice.acknowledge", obj=notice.template, data=data)
    if notice.escalation_id is None:
        return
    escalating.stop(
        Escalation.objects.filter(pk=notice.escalation_id, stopped_at=None), why="acknowledged", now=now, by=actor.name
    )
    if notice.template == "page" and notice.incident is not None and _may_take(notice.incident, actor):
        incidents.acknowledge(notice.incident, actor=actor)


def _may_take(incident: Incident, actor: Actor) -> bool:
    return allowed(actor, "write", incidents.duties_of(actor, incident))


@transaction.atomic
def resend(notice: Notice, *, actor: Actor) -> None:
    """Send it once more by all ways there are now, such as after an address was corrected."""
    _require(notice.incident, actor)
    if notice.state not in {"delivered", "failed", "sent", "unreachable"}:
        raise Refused(
            f"This notice is {notice.get_state_display()}.", hint="Only what was sent or failed can be sent again."
        )
    now = timezone.now()
    Notice.objects.filter(pk=notice.pk).update(state="waiting", due_at=now, made_at=now, escalation=None)
    notice.refresh_from_db()
    chain = notice.incident.name if notice.incident else ORGANISATION
    ledger.append(chain, actor=actor, verb="notice.resend", obj=notice.template, data={"recipient": notice.recipient})


@transaction.atomic
def add_channel(
    name: str, service: str, address: str, *, actor: Actor, from_severity: int = 4, language: str = ""
) -> Channel:
    """Name a place of the organisation that messages go to. The address is kept encrypted and is on no record."""
    require(actor, "manage")
    channels.check_address(service, address)
    row = Channel(name=name.strip(), service=service, address=address, from_severity=from_severity, language=language)
    row.full_clean()
    row.save()
    ledger.append(
        ORGANISATION, actor=actor, verb="channel.add", obj=row.name,
        data={"service": service, "from_severity": from_severity, "where": channels.shown(service, address)},
    )  # fmt: skip
    return row


@transaction.atomic
def enable_channel(row: Channel, enabled: bool, *, actor: Actor) -> None:
    """Switch it off, or on again."""
    require(actor, "manage")
    row.enabled = enabled
    row.save(update_fields=["enabled"])
    ledger.append(ORGANISATION, actor=actor, verb="channel.enable" if enabled else "channel.disable", obj=row.name)
