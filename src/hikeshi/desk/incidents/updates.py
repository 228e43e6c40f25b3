"""News for those who wait: what was said to whom, and when the next is due."""

from __future__ import annotations

from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.duties import verbs as duties
from hikeshi.desk.incidents import targets
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.incidents.verbs import change, require_on
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.ledger.phrases import told
from hikeshi.errors import Refused

LONGEST: Final = 10_000
SHORTEST_RHYTHM: Final = 300
LONGEST_RHYTHM: Final = 31 * 86400


@transaction.atomic
def send(incident: Incident, text: str, *, actor: Actor, audience: str) -> int:
    """Put an update on record; the next falls due from now. Returns its number. Channels carry it further after the commit."""
    require_on(actor, "write", incident)
    if not text.strip() or not audience.strip():
        raise Refused("An update needs a text and an audience.", hint="Say what is known now, and for whom it is.")
    if len(text) > LONGEST:
        raise Refused(f"An update has at most {LONGEST} characters.", hint="Say the rest in a report.")
    if incident.status == "closed":
        raise Refused(f"{incident} is closed.", hint="Open it again, or write a report.")
    number: int = _sent(incident).count() + 1
    ledger.append(
        incident.name, actor=actor, verb="update.send", obj=f"update {number}",
        data={"text": text.strip(), "audience": audience.strip()[:300], "number": number},
    )  # fmt: skip
    now = timezone.now()
    targets.stop(incident, "update.", actor=actor, at=now)
    targets.begin(incident, "update.", actor=actor, started_at=now)
    return number


@transaction.atomic
def set_rhythm(
    incident: Incident, minutes: int | None, *, actor: Actor, reason: str, version: int | None = None
) -> None:
    """Update every so many minutes, counted from the last one, instead of as the severity says; None: as the severity says again."""
    require_on(actor, "command", incident)
    if not reason.strip():
        raise Refused("Another rhythm needs a reason.", hint="Say in one sentence why.")
    seconds = minutes * 60 if minutes is not None else None
    if seconds is not None and not SHORTEST_RHYTHM <= seconds <= LONGEST_RHYTHM:
        raise Refused(
            "The rhythm is out of range.",
            hint=f"From {SHORTEST_RHYTHM // 60} minutes to {LONGEST_RHYTHM // 86400} days.",
        )
    told_too = {"minutes": minutes if minutes is not None else "", "reason": reason.strip()}
    data = change(incident, version, told_too, update_every=seconds)
    ledger.append(incident.name, actor=actor, verb="update.rhythm", obj=incident.name, data=data)
    for clock in duties.running(incident.name, "update."):
        duties.stop(clock, actor=actor, at=timezone.now(), replaced=True)
        targets.begin(incident, "update.", actor=actor, started_at=clock.started_at)


def _sent(incident: Incident) -> Any:
    return Entry.objects.filter(chain__name=incident.name, verb="update.send")


def sent(incident: Incident) -> list[dict[str, Any]]:
    """The updates so far, newest first: {number, at, by, audience, text}."""
    return [
        {"number": data.get("number"), "at": row.time, "by": row.actor, "audience": data.get("audience", ""), "text": data.get("text", "")}
        for row in _sent(incident).order_by("-seq") for data in (told(row),)
    ]  # fmt: skip
