"""Notices and channels as plain data, the same for the API and for `--json` on the command line."""

from __future__ import annotations

from datetime import datetime

from typing_extensions import TypedDict  # pydantic asks for this one below Python 3.12

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.notices import channels, verbs
from hikeshi.desk.notices.models import Attempt, Channel, Notice
from hikeshi.doors.find import DIGITS, NotThere


class AttemptShape(TypedDict):
    """One try. `unknown`: the worker ended before it was recorded, so that it may have arrived. `taken`: a service has it; `delivered`: it has
    arrived; `returned`: a mail server has sent it back.
    """

    at: datetime
    service: str
    where: str
    outcome: str
    answer: str


class NoticeShape(TypedDict):
    """One message to one recipient. `folded` is how many more of the same it stands for; `due_at` is when it is tried next."""

    notice: int
    incident: str | None
    recipient: str
    level: int
    template: str
    language: str
    subject: str
    body: str
    severity: int
    urgent: bool
    exercise: bool
    folded: int
    state: str
    made_at: datetime
    due_at: datetime | None
    sent_at: datetime | None
    delivered_at: datetime | None
    acknowledged_at: datetime | None
    acknowledged_by: str
    tries: list[AttemptShape]


class ChannelShape(TypedDict):
    """A place of the organisation that messages go to. `where` is as much of the address as may be shown."""

    name: str
    service: str
    where: str
    language: str
    from_severity: int
    enabled: bool
    tested_at: datetime | None
    last_at: datetime | None
    problem: str


def attempt(row: Attempt) -> AttemptShape:
    return {"at": row.at, "service": row.service, "where": row.where, "outcome": row.outcome, "answer": row.answer}


def notice(row: Notice) -> NoticeShape:
    return {
        "notice": row.pk, "incident": row.incident.name if row.incident else None, "recipient": row.recipient, "level": row.level,
        "template": row.template, "language": row.language, "subject": row.subject, "body": row.body, "severity": row.severity,
        "urgent": row.urgent, "exercise": row.exercise, "folded": row.folded, "state": row.state, "made_at": row.made_at,
        "due_at": row.due_at, "sent_at": row.sent_at, "delivered_at": row.delivered_at, "acknowledged_at": row.acknowledged_at,
        "acknowledged_by": row.acknowledged_by, "tries": [attempt(one) for one in row.tries.all()],
    }  # fmt: skip


def channel(row: Channel) -> ChannelShape:
    return {
        "name": row.name, "service": row.service, "where": channels.shown(row.service, row.address), "language": row.language,
        "from_severity": row.from_severity, "enabled": row.enabled, "tested_at": row.tested_at, "last_at": row.last_at,
        "problem": row.last_problem,
    }  # fmt: skip


def find_notice(actor: Actor, number: str) -> Notice:
    """Raises `NotThere` alike for what does not exist and what the actor may not know of."""
    plain = number.isascii() and number.isdigit() and len(number) < DIGITS
    found = verbs.visible(actor).filter(pk=int(number) if plain else 0).first()
    if found is None:
        raise NotThere(f"There is no notice {number[:20]!r} that you may read.", hint="`hikeshi notice list`")
    return found


def find_channel(actor: Actor, name: str) -> Channel:
    """Raises `Refused` for who may not manage, before the name is looked up."""
    require(actor, "manage")
    found = Channel.objects.filter(name=name.replace("\x00", "\ufffd")).first()
    if found is None:
        raise NotThere(f"There is no channel {name[:60]!r}.", hint="`hikeshi channel list`")
    return found
