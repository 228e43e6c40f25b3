"""Who is let in and what is kept from whom, as plain data for the API and the command line; and the one look-up past a restriction."""

from __future__ import annotations

from datetime import datetime

from typing_extensions import TypedDict  # pydantic asks for this one below Python 3.12

from hikeshi.desk.accounts.permissions import allowed
from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.code_names import BIRDS
from hikeshi.desk.incidents.models import Access, Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.doors.find import NotThere


class AccessShape(TypedDict):
    """A person let in without a role; `until` empty: still in."""

    person: str
    name: str
    reason: str
    given_by: str
    since: datetime
    until: datetime | None


class SecrecyShape(TypedDict):
    """How an incident is kept secret. `unaware` has one name per line; `access` is for restricted incidents."""

    incident: str
    restricted: bool
    code_name: str
    kanji: str
    quiet: bool
    unaware: str
    exposed_domains: list[str]
    version: int
    access: list[AccessShape]


def access(row: Access) -> AccessShape:
    return {
        "person": row.person.username, "name": str(row.person), "reason": row.reason, "given_by": row.given_by,
        "since": row.since, "until": row.until,
    }  # fmt: skip


def secrecy(row: Incident) -> SecrecyShape:
    row.refresh_from_db()
    return {
        "incident": row.name, "restricted": row.restricted, "code_name": row.code_name,
        "kanji": BIRDS.get(row.code_name, ""), "quiet": row.quiet, "unaware": row.unaware,
        "exposed_domains": row.exposed_domains, "version": row.version,
        "access": [access(one) for one in row.accesses.select_related("person")],
    }  # fmt: skip


def forced(row: Incident) -> list[Entry]:
    """Each time the glass was broken for this incident, newest first."""
    return list(Entry.objects.filter(chain__name=row.name, verb="incident.access_forced").order_by("-seq"))


def behind_glass(actor: Actor, name: str) -> Incident:
    """A restricted incident for an administrator who may break the glass. What is not restricted is as what does not exist."""
    found = Incident.objects.filter(name=name.replace("\x00", "\ufffd"), restricted=True).first()
    if found is None or not allowed(actor, "manage"):
        raise NotThere(f"There is nothing shut under {name[:80]!r}.", hint="Check the name, and who you are.")
    return found
