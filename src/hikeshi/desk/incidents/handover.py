"""A role is passed on as a protocol: proposed with a brief from the record, then accepted with a say-back, or declined, or withdrawn.

Until it is accepted the one who holds the role stays accountable; accepting moves it in the same transaction. A proposal that nobody
answers stays open and is shown as late: silence never moves a role.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from hikeshi.desk.accounts.models import Person
from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.brief import brief
from hikeshi.desk.incidents.models import DUTIES, Handover, Incident, Role
from hikeshi.desk.incidents.verbs import SINGLE, duties_of, hold, require_on, visible
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.errors import Conflict, Refused

ANSWER_WITHIN: Final = timedelta(minutes=8)
"""After this an open proposal is shown as late."""
ABLE: Final = ("admin", "commander", "responder")
"""Who may take a role: an observer can read, not answer for anything."""


def late(row: Handover, now: datetime) -> bool:
    return row.state == "proposed" and now - row.proposed_at > ANSWER_WITHIN


def concerning(actor: Actor) -> QuerySet[Handover]:
    """The hand-overs this actor may know of: of incidents they may read, and those proposed to them."""
    rows = Handover.objects.select_related("incident", "receiver", "giver__person", "giver__contact")
    return rows.filter(incident__in=visible(actor)) | rows.filter(receiver_id=actor.person_id or 0)


@transaction.atomic
def propose(incident: Incident, duty: str, receiver: Person, *, actor: Actor, words: str = "") -> Handover:
    """Offer a role to somebody. Whoever holds it may, and whoever commands. `words` are the giver's own, beside the brief."""
    if duty not in dict(DUTIES):
        raise Refused(f"{duty[:40]!r} is not a role.", hint=f"Use one of: {', '.join(dict(DUTIES))}.")
    require_on(actor, "write" if duty in duties_of(actor, incident) else "command", incident)
    giver = _holder(incident, duty, actor)
    if not receiver.is_active or receiver.role not in ABLE:
        raise Refused(f"{receiver} cannot hold a role.", hint="Propose somebody who is at least a responder.")
    if giver is not None and giver.person_id == receiver.pk:
        raise Refused(f"{receiver} holds this role already.", hint="Propose somebody else.")
    if incident.handovers.filter(duty=duty, state="proposed").exists():
        raise Refused("This role is being passed on already.", hint="Withdraw that proposal first.")
    row = Handover(
        incident=incident, duty=duty, giver=giver, receiver=receiver, words=words.strip(), proposed_by=actor.name,
        proposed_at=timezone.now(), brief=brief(incident, timezone.now()),
    )  # fmt: skip
    row.full_clean()
    row.save()
    data = {"from": str(giver or ""), "to": str(receiver), "words": row.words}
    ledger.append(incident.name, actor=actor, verb="role.propose", obj=duty, data=data)
    return row


def _holder(incident: Incident, duty: str, actor: Actor) -> Role | None:
    """Who gives it up: the actor where they hold it, else the one who has held it longest."""
    held = incident.roles.filter(duty=duty, until__isnull=True).order_by("since", "pk")
    return held.filter(person_id=actor.person_id or 0).first() or held.first()


@transaction.atomic
def accept(row: Handover, *, actor: Actor, say_back: str) -> Role:
    """Take the role over. `say_back` is what the new one takes to be most urgent, for the old one to read."""
    row = _open(row)
    _refuse_others(row, actor)
    if not say_back.strip():
        raise Refused("Say back what is most urgent.", hint="One or two sentences; the one before you reads them.")
    incident = Incident.objects.select_for_update().get(pk=row.incident_id)
    _relieve(row, incident)
    role = hold(incident, row.duty, None, row.receiver, actor)
    row.say_back = say_back.strip()
    _end(
        row,
        "accepted",
        actor,
        "role.accept",
        {"from": str(row.giver or ""), "to": str(row.receiver), "say_back": row.say_back},
    )
    return role


def _relieve(row: Handover, incident: Incident) -> None:
    """End the giver's turn. Raises `Conflict` where somebody else got the role meanwhile."""
    now = timezone.now()
    held = incident.roles.filter(duty=row.duty, until__isnull=True)
    if row.duty in SINGLE and held.exclude(pk=row.giver_id or 0).exists():
        holder = str(held.exclude(pk=row.giver_id or 0).first())
        raise Conflict(f"The role is with {holder} now.", current=holder, hint="Ask for a new proposal.")
    if row.giver_id:
        held.filter(pk=row.giver_id).update(until=now)


@transaction.atomic
def decline(row: Handover, *, actor: Actor, reason: str) -> None:
    """Not take it. The one who holds it goes on."""
    row = _open(row)
    _refuse_others(row, actor)
    row.reason = _reason(reason)
    _end(row, "declined", actor, "role.decline", {"to": str(row.receiver), "reason": row.reason})


@transaction.atomic
def withdraw(row: Handover, *, actor: Actor, reason: str) -> None:
    """Take the proposal back."""
    row = _open(row)
    require_on(actor, "write" if row.duty in duties_of(actor, row.incident) else "command", row.incident)
    row.reason = _reason(reason)
    _end(row, "withdrawn", actor, "role.withdraw", {"to": str(row.receiver), "reason": row.reason})


def _reason(text: str) -> str:
    if not text.strip():
        raise Refused("A reason is needed.", hint="Say in one sentence why.")
    return text.strip()


def _open(row: Handover) -> Handover:
    found = Handover.objects.select_for_update().select_related("incident", "receiver").get(pk=row.pk)
    if found.state != "proposed":
        raise Conflict(f"It was {found.state} already.", current=found.state, hint="Look at it again.")
    return found


def _refuse_others(row: Handover, actor: Actor) -> None:
    """Nobody but the receiver answers: accountability is taken, not given."""
    if actor.person_id != row.receiver_id:
        raise Refused("Only the one it was proposed to answers.", hint="Withdraw it and propose somebody else.")


def _end(row: Handover, state: str, actor: Actor, verb: str, data: dict[str, str]) -> None:
    row.state, row.ended_at = state, timezone.now()
    row.full_clean()
    row.save()
    ledger.append(row.incident.name, actor=actor, verb=verb, obj=row.duty, data=data)
