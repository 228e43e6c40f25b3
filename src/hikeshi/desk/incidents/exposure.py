"""What the attacker may read, and who must not know: asked before anything about an incident is sent to anybody.

In quiet mode an incident names mail and chat domains that the attacker may read, and people who must not learn of it.
"""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import urlsplit

from hikeshi.desk.accounts.models import Contact, Person
from hikeshi.desk.incidents.models import Incident

DOMAIN: Final = re.compile(
    r"(?=.{1,253}\Z)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
)


def domain_of(address: str) -> str:
    """The domain of a mail address, a link or a bare host name; nothing for a telephone number."""
    text = address.strip()
    if "://" in text:
        try:
            text = urlsplit(text).hostname or ""
        except ValueError:
            return ""
    text = text.rpartition("@")[2].partition("/")[0].partition(":")[0].lower().rstrip(".")
    try:
        text = text.encode("idna").decode("ascii")
    except UnicodeError:
        return ""
    return text if DOMAIN.fullmatch(text) else ""


def exposed(incident: Incident, address: str) -> bool:
    """Whether a message about the incident must not go to this address: the attacker may read it, or its owner must not know.

    `address` is a mail address, a link or host of a chat, or a number. False for every address while quiet mode is off.
    """
    if not incident.quiet:
        return False
    if address.strip().casefold() in _unaware(incident):
        return True
    domain = domain_of(address)
    return any(domain == one or domain.endswith(f".{one}") for one in incident.exposed_domains)


def is_unaware(incident: Incident, who: Person | Contact) -> bool:
    """Whether this person must not learn of the incident: named by name, user name or mail address while quiet mode is on."""
    if not incident.quiet:
        return False
    names = {str(who), who.email, who.username if isinstance(who, Person) else who.name}
    return bool({name.strip().casefold() for name in names if name.strip()} & _unaware(incident))


def _unaware(incident: Incident) -> set[str]:
    return {line.strip().casefold() for line in incident.unaware.splitlines() if line.strip()}
