"""The ways a notice can take to its recipient, in the order to try."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from hikeshi.desk.accounts.models import Contact
from hikeshi.desk.incidents.exposure import exposed
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.notices import channels
from hikeshi.desk.notices.audience import Recipient
from hikeshi.desk.notices.models import Channel, Notice
from hikeshi.errors import Refused


class Path(NamedTuple):
    """One way: `key` names it in attempts, `to` is the number behind an SMS gateway."""

    key: str
    service: str
    address: str
    to: str = ""

    @property
    def where(self) -> str:
        """As it may be shown."""
        return channels.shown(self.service, self.to or self.address)

    def exposed(self, incident: Incident | None) -> bool:
        """Whether the attacker may read what takes this way."""
        seen_by = channels.CHANNELS[self.service].domain
        return incident is not None and any(exposed(incident, one) for one in (self.to, self.address, seen_by) if one)


def paths(notice: Notice) -> list[Path]:
    """All that can carry this notice now. Telephones are for people: they are not among them."""
    if notice.channel:
        found = [Path("channel", notice.channel.service, notice.channel.address)] if notice.channel.enabled else []
    elif notice.contact:
        found = _of_contact(notice.contact)
    else:
        address = notice.person.email if notice.person else ""
        found = [Path("mail", "mail", address)] if address else []
    return [one for one in found if not one.exposed(notice.incident)]


def reachable(one: Recipient, incident: Incident | None) -> bool:
    """Whether any way is known that can carry a message about this incident to them."""
    return bool(paths(Notice(contact=one.contact, person=one.person, channel=one.channel, incident=incident)))


def _of_contact(contact: Contact) -> list[Path]:
    ways = sorted(contact.ways.all(), key=lambda way: way.failing_at is not None)  # what comes back is tried last
    found = [path for way in ways if (path := _path(f"way:{way.pk}", way.channel, way.address))]
    if contact.email and contact.email not in {one.address for one in found}:
        found.append(Path("mail", "mail", contact.email))
    if not found and contact.phone and (path := _path("phone", "sms", contact.phone)):
        found.append(path)
    if not found and contact.person and contact.person.email:
        found.append(Path("mail", "mail", contact.person.email))
    return found


def _path(key: str, kind: str, address: str) -> Path | None:
    if kind == "phone":
        return None
    if kind == "sms" and not urlsplit(address).scheme:
        gateway = Channel.objects.filter(service="sms", enabled=True).order_by("pk").first()
        return Path(key, "sms", gateway.address, address) if gateway else None
    try:
        return Path(key, channels.service_of(address), address)
    except Refused:
        return None
