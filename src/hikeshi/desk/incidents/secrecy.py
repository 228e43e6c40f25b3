"""Keeping an incident secret: who is let in, the code name, and who or what must not learn of it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from hikeshi.desk.accounts.models import Person
from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents import code_names
from hikeshi.desk.incidents.exposure import domain_of, is_unaware
from hikeshi.desk.incidents.models import Access, Incident
from hikeshi.desk.incidents.sight import has_access, require_on
from hikeshi.desk.incidents.verbs import change, declare
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.errors import Refused

MOST_DOMAINS: Final = 100


def said_why(reason: str, act: str) -> str:
    """The reason, stripped. Raises `Refused` where there is none."""
    if not reason.strip():
        raise Refused(f"{act} needs a reason.", hint="One sentence, kept in the record.")
    return reason.strip()[:500]


@transaction.atomic
def declare_restricted(title: str, severity: int, *, actor: Actor, reason: str, **more: Any) -> Incident:
    """As `verbs.declare`, restricted from its first moment. Those who get a role at declaration are let in by it."""
    incident = declare(title, severity, actor=actor, reason=reason, **more)
    restrict(incident, actor=actor, reason=reason)
    return incident


@transaction.atomic
def restrict(incident: Incident, *, actor: Actor, reason: str, code_name: str = "", version: int | None = None) -> None:
    """Hide it from everybody without a role on it or access. It gets a code name; whoever restricts it keeps their own access."""
    require_on(actor, "command", incident)
    why = said_why(reason, "Restricting")
    name = free_name(incident, code_name) if code_name else incident.code_name or code_names.propose()
    data = change(incident, version, {"reason": why, "code_name": name}, restricted=True, code_name=name)
    ledger.append(incident.name, actor=actor, verb="incident.restrict", obj=incident.name, data=data)
    if actor.person_id is not None and not _reads(actor, incident):
        _let_in(incident, Person.objects.get(pk=actor.person_id or 0), actor, why)


@transaction.atomic
def unrestrict(incident: Incident, *, actor: Actor, reason: str, version: int | None = None) -> None:
    """Show it to those who may read every incident again. The code name stays."""
    require_on(actor, "command", incident)
    data = change(incident, version, {"reason": said_why(reason, "Lifting the restriction")}, restricted=False)
    ledger.append(incident.name, actor=actor, verb="incident.unrestrict", obj=incident.name, data=data)


def free_name(incident: Incident, code_name: str) -> str:
    """The code name as it is written. Raises `Refused` where another open incident has it."""
    name = " ".join(code_name.upper().split())
    taken = Incident.objects.exclude(pk=incident.pk).exclude(status="closed").filter(code_name=name).exists()
    if taken:
        raise Refused(f"An open incident is called {name} already.", hint="Leave it empty: one is proposed.")
    return name


@transaction.atomic
def give_access(incident: Incident, person: Person, *, actor: Actor, reason: str) -> Access:
    """Let a person read a restricted incident without a role. Doing it twice changes nothing."""
    require_on(actor, "command", incident)
    why = said_why(reason, "Letting somebody in")
    if is_unaware(incident, person):
        raise Refused(f"{person} must not know of this incident.", hint="Quiet mode names those; change it first.")
    found = incident.accesses.filter(person=person, until__isnull=True).first()
    return found or _let_in(incident, person, actor, why)


def _let_in(incident: Incident, person: Person, actor: Actor, reason: str) -> Access:
    row = Access(
        incident=incident, person=person, reason=reason, given_by=actor.name[:150], since=timezone.now(),
    )  # fmt: skip
    row.full_clean()
    row.save()
    data = {"to": str(person), "reason": reason}
    ledger.append(incident.name, actor=actor, verb="incident.access", obj=person.username, data=data)
    return row


@transaction.atomic
def end_access(incident: Incident, person: Person, *, actor: Actor, reason: str) -> None:
    """Shut a person out again. A role is ended as roles are."""
    require_on(actor, "command", incident)
    why = said_why(reason, "Ending access")
    if incident.accesses.filter(person=person, until__isnull=True).update(until=timezone.now()) == 0:
        raise Refused(f"{person} has no access of this kind.", hint="A role lets in too: hand it over or end it.")
    ledger.append(
        incident.name, actor=actor, verb="incident.access_end", obj=person.username,
        data={"to": str(person), "reason": why},
    )  # fmt: skip


@transaction.atomic
def force_access(incident: Incident, *, actor: Actor, reason: str) -> Access:
    """Break the glass: an administrator lets themselves in. Said in the incident's chain and in the organisation's, and on its pages.

    The organisation's chain has the incident's number and the reason, never its title. Refused for whoever is in already.
    """
    require(actor, "manage")
    why = said_why(reason, "Access by force")
    if not incident.restricted or _reads(actor, incident) or actor.person_id is None:
        raise Refused("Nothing is shut here.", hint="Access by force is for an incident that you cannot see.")
    row = _let_in(incident, Person.objects.get(pk=actor.person_id or 0), actor, why)
    for chain in (incident.name, ORGANISATION):
        ledger.append(
            chain, actor=actor, verb="incident.access_forced", obj=incident.name, data={"to": actor.name, "reason": why}
        )
    return row


def _reads(actor: Actor, incident: Incident) -> bool:
    held = incident.roles.filter(person_id=actor.person_id or 0, until__isnull=True)
    return has_access(actor, incident) or held.exists()


@transaction.atomic
def keep_quiet(
    incident: Incident, *, actor: Actor, unaware: str = "", domains: Iterable[str] = (), version: int | None = None
) -> None:
    """Begin or change operations security: who must not know, and which mail and chat domains the attacker may read.

    `unaware` has one person, group or address per line. Where anybody is named the incident is restricted too.
    """
    require_on(actor, "command", incident)
    names = "\n".join(line.strip() for line in unaware.splitlines() if line.strip())
    listed = sorted({_domain(one) for one in domains if one.strip()})
    if len(listed) > MOST_DOMAINS:
        raise Refused(f"At most {MOST_DOMAINS} domains can be named.")
    if names and not incident.restricted:
        restrict(incident, actor=actor, reason="Quiet mode names people who must not know.")
    data = change(incident, version, quiet=True, unaware=names, exposed_domains=listed)
    ledger.append(
        incident.name, actor=actor, verb="incident.quiet", obj=incident.name,
        data={**data, "domains": ", ".join(listed), "unaware": names},
    )  # fmt: skip


@transaction.atomic
def end_quiet(incident: Incident, *, actor: Actor, reason: str, version: int | None = None) -> None:
    """Speak openly again. Who had to be kept unaware stays written down, in the ledger too."""
    require_on(actor, "command", incident)
    data = change(incident, version, {"reason": said_why(reason, "Ending quiet mode")}, quiet=False)
    ledger.append(incident.name, actor=actor, verb="incident.quiet_end", obj=incident.name, data=data)


def _domain(text: str) -> str:
    """A domain as names are compared. Raises `Refused` for what is none."""
    found = domain_of(text)
    if not found:
        raise Refused(f"{text.strip()[:80]!r} is not a domain.", hint="Write it as example.co.jp, one per line.")
    return found
