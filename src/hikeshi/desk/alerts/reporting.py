"""What somebody in the company noticed, made an alert: by the form on /report/, the command line or the API."""

from __future__ import annotations

import secrets
from typing import Final, NamedTuple

import msgspec
from django.utils import timezone

from hikeshi.desk.actor import Actor, system
from hikeshi.desk.alerts import verbs
from hikeshi.desk.alerts.models import Delivery
from hikeshi.errors import Refused

SOURCE: Final = "report"
WHAT_LIMIT: Final = 4000
LINE_LIMIT: Final = 200
"""Characters."""

LETTERS: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
"""None that is mistaken for another on the telephone."""


class Report(NamedTuple):
    """A report that is safe. `number` is what its writer may quote."""

    number: str
    delivery: Delivery


def report(
    *,
    actor: Actor,
    what: str,
    when: str = "",
    device: str = "",
    call_back: str = "",
    language: str = "en",
    address: str = "",
    simulated: bool = False,
) -> Report:
    """Keep a report and put it before the people on duty. Anybody may report: no right is needed, and none is given.

    `when` is in the reporter's words, `address` where it came from. Raises `Refused` for an empty or too long text; then nothing is kept.
    """
    lines = {"when": when, "device": device, "call_back": call_back}
    if not what.strip():
        raise Refused("The report does not say what happened.", hint="One sentence is enough.")
    if len(what) > WHAT_LIMIT or any(len(line) > LINE_LIMIT for line in lines.values()):
        raise Refused(
            f"A report may have {WHAT_LIMIT} characters, its other lines {LINE_LIMIT} each.", hint="Shorten it."
        )
    number = "-".join("".join(secrets.choice(LETTERS) for _ in range(3)) for _ in range(2))
    payload = {
        "hikeshi_report": 1, "number": number, "what": what.strip(), **{name: line.strip() for name, line in lines.items()},
        "language": language, "reported_at": timezone.now(), "reported_by": actor.name, "address": address,
    }  # fmt: skip
    delivery = verbs.receive(
        msgspec.json.encode(payload), actor=system(f"report by {actor.name}", actor.door), source=SOURCE,
        message_id=number, simulated=simulated,
    )  # fmt: skip
    return Report(number, delivery)
