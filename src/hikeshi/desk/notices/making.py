"""Making notices: one row for each recipient, worded for them. Called in the transaction of what makes them necessary."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import F

from hikeshi.desk.accounts.models import Contact
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION, Entry
from hikeshi.desk.notices.audience import Recipient, secret
from hikeshi.desk.notices.models import Escalation, Notice
from hikeshi.desk.notices.round import Round
from hikeshi.desk.notices.ways import reachable
from hikeshi.desk.notices.words import Language, Words, say

ONE_EVERY: Final = timedelta(minutes=2)
"""Of the same thing that is not urgent, one message to one recipient in this time; what comes meanwhile is folded into the next."""

ONE_DAY: Final = timedelta(days=1)
NO_WAY: Final = "no way to reach them is known"

Facts = Mapping[str, Mapping[str, str]]
"""What texts are filled with, by language. A `deadline` is ISO 8601 here and said in the recipient's zone."""


def make(
    recipients: Iterable[Recipient], template: str, facts: Facts, *, within: Round, severity: int, urgent: bool = False,
    incident: Incident | None = None, entry: Entry | None = None, escalation: Escalation | None = None, level: int = 0,
    exercise: bool = False,
) -> list[Notice]:  # fmt: skip
    """The notices made, which the round saves; folded ones are not among them. Of who has no way to be reached there is a row that says so,
    and no work.
    """
    rows: list[Notice] = []
    now, chain = within.now, entry.chain.name if entry else ""
    for one in recipients:
        able = reachable(one, incident)
        fold = "" if urgent and able else f"{template}|{incident or chain}|{one.key}"
        if fold:
            within.write()  # what this one may be folded into has to be found
        due = _due(one, fold, severity, urgent, now) if able else None
        if due is None and (able or not _mute(one, fold, incident, template, within)):
            continue
        words = _worded(template, facts, one, incident)
        rows.append(
            Notice(
                incident=incident, entry=entry, escalation=escalation, contact=one.contact, person=one.person, channel=one.channel,
                recipient=str(one)[:120], level=level, template=template, language=one.language, subject=words.subject,
                body=words.body, severity=severity, urgent=urgent, exercise=exercise, fold=fold, made_at=now, due_at=due,
                state="waiting" if able else "unreachable",
            )
        )  # fmt: skip
    within.notices += rows
    return rows


def _mute(one: Recipient, fold: str, incident: Incident | None, template: str, within: Round) -> bool:
    """Whether this is the first message of its kind that nobody can carry to them; the first of all is in the record, once (a day, outside incidents)."""
    rows = Notice.objects.filter(incident=incident, contact=one.contact, person=one.person, state="unreachable")
    earlier = rows if incident else rows.filter(made_at__gt=within.now - ONE_DAY)
    if template == "undelivered":  # nothing is told about what nobody can be told
        return False
    if not earlier.exists():
        said = {"template": template, "problem": NO_WAY}
        within.lines.append((incident.name if incident else ORGANISATION, ledger.Draft("notice.fail", str(one), said)))
    return not earlier.filter(fold=fold).update(folded=F("folded") + 1)


def _due(one: Recipient, fold: str, severity: int, urgent: bool, now: datetime) -> datetime | None:
    """When it goes out; None when one that still waits stands for it too."""
    due = now
    if fold:
        last = Notice.objects.filter(fold=fold, made_at__gt=now - 24 * ONE_EVERY).order_by("-made_at").first()
        if last and last.state == "waiting":
            last.folded += 1
            last.save(update_fields=["folded"])
            return None
        if last and last.made_at > now - ONE_EVERY:
            due = last.made_at + ONE_EVERY
    loud = (urgent and severity <= 2) or severity <= 2
    return due if loud or not one.contact else max(due, quiet_until(one.contact, due))


def quiet_until(contact: Contact, at: datetime) -> datetime:
    """The end of the quiet hours that `at` falls into, else `at` itself."""
    start, end = contact.quiet_from, contact.quiet_to
    if start is None or end is None or start == end:
        return at
    here = at.astimezone(_zone(contact.time_zone))
    if not _within(here.time(), start, end):
        return at
    over = here.replace(hour=end.hour, minute=end.minute, second=end.second, microsecond=0)
    return over if over > here else over + timedelta(days=1)


def _within(clock: time, start: time, end: time) -> bool:
    return start <= clock < end if start < end else clock >= start or clock < end


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name or settings.TIME_ZONE)
    except (KeyError, ValueError):
        return ZoneInfo(settings.TIME_ZONE)


def _worded(template: str, facts: Facts, one: Recipient, incident: Incident | None) -> Words:
    """In the recipient's language and zone. Of an incident that is secret, nothing but its code name."""
    language: Language = "ja" if one.language == "ja" else "en"
    if incident is not None and secret(incident):
        return say("bare", language, {"incident": incident.code_name or incident.name})
    values: dict[str, Any] = dict(facts.get(language, {}))
    if values.get("deadline"):
        zone = _zone(one.contact.time_zone if one.contact else one.person.time_zone if one.person else "")
        values["deadline"] = f"{datetime.fromisoformat(values['deadline']).astimezone(zone):%Y-%m-%d %H:%M %Z}"
    return say(template, language, values, settings.ENVIRONMENT.home / "templates" / "notices")
