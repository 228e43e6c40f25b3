"""`role accept | assign | check | decline | fill | handoff | propose | who | withdraw`: who answers for what."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer
from django.utils import timezone

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.incidents import filling, handover, staffing, verbs
from hikeshi.desk.incidents.models import Handover
from hikeshi.doors import find, shapes, staffing as shown
from hikeshi.doors.cli import session
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.plain import plain
from hikeshi.doors.cli.who import actor


def assign(
    incident: str,
    duty: Annotated[
        str, typer.Argument(help="incident_commander, technical_lead, communications_lead, responder, ...")
    ],
    contact: Annotated[str, typer.Option(help="A name or number on the contact list.")] = "",
    user: Annotated[str, typer.Option(help="A user name.")] = "",
) -> Any:
    """Give a role. Of the roles one person holds, the holder before is relieved at the same moment."""
    who_asks = actor()
    row = find.incident(who_asks, incident)
    verbs.require_on(who_asks, "command", row)  # before names are looked up: they are not everybody's to try
    role = verbs.assign(
        row, duty, actor=who_asks,
        contact=find.contact(contact) if contact else None,
        person=find.person(user) if user else None,
    )  # fmt: skip
    return shapes.role(role)


def who(incident: str, past: Annotated[bool, typer.Option(help="Those relieved too.")] = False) -> Answer:
    """Who answers for what now, and why those called in by rule; warnings about them go to stderr."""
    row = find.incident(actor(), incident)
    rows = row.roles.select_related("contact", "person")
    for one in shown.warned(row, timezone.now()):
        sys.stderr.write(plain(f"{one.text.ja if session.options.language == 'ja' else one.text.en}\n"))
    rows = rows if past else rows.filter(until__isnull=True)
    return Answer([shapes.role(row) for row in rows], columns=("duty", "name", "person", "since", "until", "why"))


def check(incident: str) -> Answer:
    """What is wrong with who is on an incident: nobody in command, too few, too long on duty."""
    row = find.incident(actor(), incident)
    return Answer([shown.warning_shape(one) for one in shown.warned(row, timezone.now())])


def propose(severity: Annotated[int, typer.Argument(min=1, max=4)]) -> Answer:
    """Whom an incident of a severity would get now, and why them."""
    require(actor(), "triage")
    return Answer([shown.proposed_shape(one) for one in staffing.proposal(severity, timezone.now())])


def fill(
    incident: str, dry_run: Annotated[bool, typer.Option(help="Only say whom each empty role would go to.")] = False
) -> Answer:
    """Give every role that the severity needs and nobody holds, to those on call, then to the contact list."""
    who_asks = actor()
    row = find.incident(who_asks, incident)
    verbs.require_on(who_asks, "command", row)  # names of the contact list are not everybody's
    if dry_run:
        return Answer([shown.proposed_shape(one) for one in filling.missing(row, timezone.now())])
    made = filling.fill(row, actor=who_asks)
    return Answer([shapes.role(one) for one in made], columns=("duty", "name", "person", "since"))


def handoff(
    incident: str,
    duty: Annotated[str, typer.Argument(help="The role to pass on.")],
    to: Annotated[str, typer.Option(help="A user name.")],
    words: Annotated[str, typer.Option(help="What the record does not say, in your own words.")] = "",
) -> Any:
    """Propose to hand a role over. Until they accept, whoever holds it stays accountable."""
    who_asks = actor()
    row = find.incident(who_asks, incident)
    verbs.require_on(who_asks, "write", row)  # before names are looked up
    return _read(handover.propose(row, duty, find.person(to), actor=who_asks, words=words))


def _read(row: Handover) -> dict[str, Any]:
    """A hand-over with its brief as sentences, part by part; programs get the brief as it was frozen."""
    shape = dict(shown.handover_shape(row))
    if not session.options.json:
        shape["brief"] = [{"what": part["title"], "text": part["lines"]} for part in row.brief.get("parts", ())]
    return shape


def waiting(
    number: Annotated[int | None, typer.Argument(help="One of them, to read its brief.")] = None,
    past: Annotated[bool, typer.Option(help="Those answered too.")] = False,
) -> Any:
    """The hand-overs that concern you; with a number, that one and the brief to read before you accept."""
    if number is not None:
        return _read(find.handover(actor(), number))
    rows = handover.concerning(actor()).order_by("-proposed_at", "-pk")
    rows = rows if past else rows.filter(state="proposed")
    columns = ("handover", "incident", "duty", "to", "state", "late", "proposed_at")
    return Answer([shown.handover_shape(row) for row in rows[:200]], columns=columns)


def accept(
    number: Annotated[int, typer.Argument(help="The number of the hand-over, see `role handovers`.")],
    say_back: Annotated[str, typer.Option(help="What is most urgent, as you understand it.")],
) -> Any:
    """Take a role over that was proposed to you."""
    who_asks = actor()
    handover.accept(find.handover(who_asks, number), actor=who_asks, say_back=say_back)
    return _read(find.handover(who_asks, number))


def decline(number: int, reason: Annotated[str, typer.Option(help="Why, in one sentence.")]) -> Any:
    """Not take over what was proposed to you."""
    who_asks = actor()
    row = find.handover(who_asks, number)
    handover.decline(row, actor=who_asks, reason=reason)
    row.refresh_from_db()
    return _read(row)


def withdraw(number: int, reason: Annotated[str, typer.Option(help="Why, in one sentence.")]) -> Any:
    """Take a proposal to hand a role over back."""
    who_asks = actor()
    row = find.handover(who_asks, number)
    handover.withdraw(row, actor=who_asks, reason=reason)
    row.refresh_from_db()
    return _read(row)
