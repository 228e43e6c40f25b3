"""From the names people type (INC-2026-001, ALR-7, EV-003, step 2.1) to rows, for the API and the command line.

What an actor may not read is answered exactly as what does not exist, so that a guess learns nothing.
"""

from __future__ import annotations

from collections.abc import Sequence

from django.db.models import QuerySet

from hikeshi.desk.accounts.contacts import listed
from hikeshi.desk.accounts.models import Contact, Person, Way
from hikeshi.desk.accounts.permissions import allowed
from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts.models import Alert, Group, Question, Suppression
from hikeshi.desk.duties.models import Moment
from hikeshi.desk.evidence.models import Item, Planned
from hikeshi.desk.incidents import handover as handovers, sight, verbs as incidents
from hikeshi.desk.incidents.models import Handover, Incident
from hikeshi.desk.incidents.sight import alerts
from hikeshi.desk.ledger.models import ORGANISATION, Chain
from hikeshi.desk.oncall.models import Override, Rotation
from hikeshi.desk.oncall.reading import rotations
from hikeshi.desk.playbooks.reading import books
from hikeshi.desk.reports.models import Report
from hikeshi.desk.runs.models import Run, Step
from hikeshi.desk.runs.pinned import BY_HAND
from hikeshi.desk.timelines.models import EventNote, Mark, SavedSearch, Timeline
from hikeshi.errors import Refused
from hikeshi.playbooks.playbook import Playbook

DIGITS = 19
"""Fewer digits than this fit any database's numbers."""


MOST_NAMED = 1000
"""Rows that are looked up by name in one call; the verbs refuse fewer."""


class NotThere(Refused):
    """It does not exist, or the actor may not know that it does."""


def _not_there(what: str, name: object) -> NotThere:
    return NotThere(
        f"There is no {what} {str(name)[:80]!r} that you may read.", hint="Check the name, and who you are."
    )


def _number(text: str) -> int:
    """The row's number, 0 where it can be none. `isdigit` alone would let through ² and numbers that no database holds."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < DIGITS else 0


def _name(text: str) -> str:
    """What can be asked of any database: PostgreSQL fails at a NUL, which no name of ours has."""
    return text.replace("\x00", "\ufffd")


def insider(actor: Actor) -> None:
    """Raises `NotThere` for whoever has no part in anything: neither triage nor a role on any incident."""
    if not (allowed(actor, "triage") or incidents.visible(actor).exists()):
        raise _not_there("page", "for you")


def playbook(actor: Actor, name: str) -> Playbook:
    """One of the playbooks there are, for everybody who has a part in anything."""
    insider(actor)
    if (found := books().get(name)) is None:
        raise _not_there("playbook", name)
    return found


def incident(actor: Actor, name: str) -> Incident:
    found = incidents.visible(actor).filter(name=_name(name)).first()
    if found is None:
        raise _not_there("incident", name)
    return found


def alert(actor: Actor, name: str) -> Alert:
    """An alert by its name (ALR-7) or number (7)."""
    found = alerts(actor).filter(pk=_number(name.upper().removeprefix("ALR-"))).first()
    if found is None:
        raise _not_there("alert", name)
    return found


def group(actor: Actor, name: str) -> Group:
    """A group of alerts by its name (GRP-7) or number (7)."""
    found = sight.groups(actor).filter(pk=_number(name.upper().removeprefix("GRP-"))).first()
    if found is None:
        raise _not_there("group", name)
    return found


def groups(actor: Actor, names: Sequence[str]) -> list[Group]:
    return [group(actor, name) for name in names[:MOST_NAMED]]


def question(actor: Actor, number: int) -> Question:
    found = Question.objects.filter(pk=number, group__in=sight.groups(actor)).first()
    if found is None:
        raise _not_there("question", number)
    return found


def suppression(actor: Actor, name: str) -> Suppression:
    """A suppression by its name (SUP-3) or number (3)."""
    rows = Suppression.objects.all() if allowed(actor, "triage") else Suppression.objects.none()
    found = rows.filter(pk=_number(name.upper().removeprefix("SUP-"))).first()
    if found is None:
        raise _not_there("suppression", name)
    return found


def item(row: Incident, name: str) -> Item:
    found = row.evidence.filter(name=_name(name.upper())).first()
    if found is None:
        raise _not_there("evidence", name)
    return found


def planned(row: Incident, number: int) -> Planned:
    found = row.planned_evidence.filter(pk=number).first()
    if found is None:
        raise _not_there("line of the evidence plan", number)
    return found


def claim(row: Incident, number: int) -> Moment:
    """A claim of when a moment of the incident was."""
    found = Moment.objects.filter(chain__name=row.name, pk=number).first()
    if found is None:
        raise _not_there("claim", number)
    return found


def timeline(row: Incident, name: str) -> Timeline:
    found = row.timelines.filter(name=_name(name)).first()
    if found is None:
        raise _not_there("timeline", name)
    return found


def mark(row: Timeline, number: int) -> Mark:
    found = row.marks.filter(pk=number).first()
    if found is None:
        raise _not_there("mark", number)
    return found


def note(row: Timeline, **which: str | int) -> EventNote:
    """A star, tag or comment: by its number, or by its event, kind and text."""
    asked = {key: _name(value) if isinstance(value, str) else value for key, value in which.items()}
    found = row.notes.filter(**asked).first()
    if found is None:
        raise _not_there("note", which.get("pk", which.get("event_uid")))
    return found


def search(row: Timeline, name: str) -> SavedSearch:
    found = row.searches.filter(name=_name(name.strip())).first()
    if found is None:
        raise _not_there("saved search", name)
    return found


def report(row: Incident, number: int) -> Report:
    found = row.reports.filter(pk=number).first()
    if found is None:
        raise _not_there("report", number)
    return found


def step(row: Incident, reference: str) -> Step:
    """A step by its key (2.1), or by run and key (7:2.1) where several playbooks run for the incident."""
    number, _, key = reference.rpartition(":")
    rows = Step.objects.filter(run__incident=row, key=_name(key)).select_related("run__incident")
    if number:
        rows = rows.filter(run_id=_number(number))
    found = list(rows[:2])
    if not found:
        raise _not_there("step", reference)
    if len(found) > 1:
        several = ", ".join(f"{one.run_id}:{one.key} ({one.run.playbook})" for one in rows)
        raise Refused(f"Several playbooks have a step {key}: {several}.", hint="Name the run too, such as 7:2.1.")
    return found[0]


def run(row: Incident, reference: str = "") -> Run:
    """A playbook at work by its number or name; without either the one that there is, steps added by hand left out."""
    rows = row.runs.select_related("incident", "order")
    if reference:
        found = list(rows.filter(pk=_number(reference)) or rows.filter(playbook=_name(reference)))
    else:
        found = list(rows.filter(within=None).exclude(playbook=BY_HAND))
    if not found:
        raise _not_there("playbook at work", reference)
    if len(found) > 1:
        several = ", ".join(f"{one.pk} ({one.playbook})" for one in found[:10])
        raise Refused(f"Several playbooks run: {several}.", hint="Name one by its number.")
    return found[0]


def chains(actor: Actor) -> QuerySet[Chain]:
    """The ledger chains this actor may read: those of their incidents, and for those who read everything the organisation's."""
    names = incidents.visible(actor).values("name")
    rows = Chain.objects.filter(name__in=names)
    return rows | Chain.objects.filter(name=ORGANISATION) if allowed(actor, "read") else rows


def chain(actor: Actor, name: str) -> Chain:
    found = chains(actor).filter(name=_name(name)).first()
    if found is None:
        raise _not_there("chain", name)
    return found


def person(username: str) -> Person:
    found = Person.objects.filter(username=_name(username), is_active=True).first()
    if found is None:
        raise _not_there("person", username)
    return found


def contact(name: str) -> Contact:
    """A line of the contact list by its name or number."""
    numbered = listed().filter(pk=_number(name)).first()
    found = numbered or listed().filter(name=_name(name)).order_by("level", "pk").first()
    if found is None:
        raise _not_there("contact", name)
    return found


def handover(actor: Actor, number: int) -> Handover:
    """A hand-over that the actor may know of."""
    found = handovers.concerning(actor).filter(pk=number).first()
    if found is None:
        raise _not_there("hand-over", number)
    return found


def rotation(name: str) -> Rotation:
    """A rotation that has not ended, with what it is counted from."""
    found = rotations().filter(name=_name(name)).first()
    if found is None:
        raise _not_there("rotation", name)
    return found


def override(number: int) -> Override:
    """Who covers for whom, by its number."""
    found = Override.objects.filter(pk=number).select_related("rotation", "contact").first()
    if found is None:
        raise _not_there("override", number)
    return found


def way(row: Contact, number: int) -> Way:
    """One of the ways to reach a contact, by its number."""
    found = row.ways.filter(pk=number).first()
    if found is None:
        raise _not_there("way", number)
    return found
