"""Notes for counsel only: read by those with the role of Legal on the incident and by who wrote them, by nobody else whatever they may do.

They are encrypted at rest and in no report, bundle or export; the ledger has the SHA-256 of the text, so that it can be proved later.
"""

from __future__ import annotations

import hashlib

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from hikeshi.desk.accounts.models import Person
from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.models import CounselNote, Incident
from hikeshi.desk.incidents.sight import allowed_on, duties_of, require_on
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.errors import Refused

MOST = 20_000
"""Characters of one note."""


def is_counsel(actor: Actor, incident: Incident) -> bool:
    return "legal_support" in duties_of(actor, incident)


def may_write(actor: Actor, incident: Incident) -> bool:
    """Counsel, whatever account they have, and any responder on the incident. Hikeshi itself never does."""
    return actor.person_id is not None and (is_counsel(actor, incident) or allowed_on(actor, "write", incident))


@transaction.atomic
def write(incident: Incident, text: str, *, actor: Actor) -> CounselNote:
    """Write a note for counsel. It cannot be changed; another one corrects it."""
    if not may_write(actor, incident):
        require_on(actor, "write", incident)
        raise Refused("A note for counsel is written by a person.")
    if not text.strip():
        raise Refused("The note is empty.")
    if len(text) > MOST:
        raise Refused(f"A note has at most {MOST} characters.", hint="Seal a longer document as evidence.")
    text = text.strip()
    row = CounselNote(
        incident=incident, text=text, text_sha256=hashlib.sha256(text.encode()).hexdigest(),
        written_by=Person.objects.get(pk=actor.person_id or 0).username, written_at=timezone.now(),
    )  # fmt: skip
    row.full_clean()
    row.save()
    ledger.append(
        incident.name, actor=actor, verb="counsel.note", obj=f"counsel note {row.pk}", data={"sha256": row.text_sha256}
    )
    return row


def readable(incident: Incident, *, actor: Actor) -> QuerySet[CounselNote]:
    """The notes this actor may read: all for counsel, for others their own. Raises `Refused` for who may not read the incident."""
    require_on(actor, "read", incident)
    if is_counsel(actor, incident):
        return incident.counsel_notes.all()
    me = Person.objects.filter(pk=actor.person_id or 0).values("username")
    return incident.counsel_notes.filter(written_by__in=me)
