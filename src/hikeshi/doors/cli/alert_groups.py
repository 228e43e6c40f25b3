"""`alert groups | group | judge | reopen | snooze | wake | merge | unmerge | link | unlink | declare | related | assign | ask | answer`."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from hikeshi.desk.alerts import asking, folding, groups, judging, snoozing, suppressing
from hikeshi.desk.alerts.models import Group
from hikeshi.desk.incidents import sight, taking
from hikeshi.doors import find, group_shapes as named, shapes
from hikeshi.doors.cli import session
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.plain import plain
from hikeshi.doors.cli.texts import say
from hikeshi.doors.cli.times import time_of
from hikeshi.doors.cli.who import actor

Name = Annotated[str, typer.Argument(help="A group, such as GRP-7 or 7.")]
Names = Annotated[list[str], typer.Argument(help="Groups, such as GRP-7; several for the same decision.")]
Reason = Annotated[str, typer.Option(help="One sentence, kept in the record.")]
Why = Annotated[str, typer.Option(help="A reason that is counted; `hikeshi alert reasons` lists them.")]
Version = Annotated[int | None, typer.Option(help="The version you saw: refused when somebody decided since.")]
COLUMNS = ("name", "answer_by", "suggested_severity", "alerts", "title", "state", "assigned_to", "verdict")


def _versions(rows: list[Any], version: int | None) -> dict[int, int] | None:
    return {row.pk: version for row in rows} if version is not None else None


def _written(rows: list[Any]) -> Answer:
    return Answer([named.group(row) for row in rows], columns=COLUMNS)


def list_groups(
    show: Annotated[str, typer.Option(help=f"{', '.join(groups.LISTS)}.")] = "waiting",
    limit: Annotated[int, typer.Option(min=1, help="Rows at most.")] = 50,
) -> Answer:
    """The queue by cause, the answer due first on top."""
    who = actor()
    return _written(list(groups.listed(show, who, sight.groups(who))[:limit]))


def show(name: Name) -> Any:
    """One group: what it names, what was merged into it, what was asked."""
    return named.detail(find.group(actor(), name))


def reasons() -> Answer:
    """The reasons that verdicts may have."""
    return Answer(named.whys(), columns=("why", "title", "verdicts"))


def judge(
    names: Names,
    verdict: Annotated[str, typer.Option(help="true, false, benign, duplicate, test or exercise.")],
    why: Why,
    reason: Reason,
    version: Version = None,
) -> Answer:
    """One verdict on groups and on all their alerts. The next alert of the cause opens a new group."""
    who = actor()
    rows = find.groups(who, names)
    done = judging.judge(rows, actor=who, verdict=verdict, why=why, reason=reason, versions=_versions(rows, version))
    for row in done:
        _propose(row)
    return _written(done)


def _propose(row: Group) -> None:
    """Name on stderr what a suppression would hide from now on. Nothing is hidden until somebody makes it."""
    if row.verdict in {"benign", "false"}:
        match = ", ".join(f"{field}={value}" for field, value in suppressing.proposal(row).items())
        sys.stderr.write(plain(say("say.suppress", session.options.language, group=str(row), match=match)) + "\n")


def reopen(name: Name, reason: Reason) -> Any:
    """Take a verdict back: the group waits again."""
    who = actor()
    return named.group(judging.reopen(find.group(who, name), actor=who, reason=reason))


def snooze(
    names: Names,
    until: Annotated[str, typer.Option(help="ISO 8601 with zone.")],
    reason: Reason,
    version: Version = None,
) -> Answer:
    """Put groups off: 4 hours at most for SEV-1 and SEV-2 suggestions, else 7 days. Something worse brings them back at once."""
    who = actor()
    rows = find.groups(who, names)
    return _written(
        snoozing.snooze(rows, actor=who, until=time_of(until), reason=reason, versions=_versions(rows, version))
    )


def wake(name: Name) -> Any:
    """Bring a snoozed group back before its time."""
    who = actor()
    row = find.group(who, name)
    snoozing.wake(row, actor=who, why=f"woken by {who.name}", early=True)
    return named.group(row)


def merge(names: Names, reason: Reason) -> Any:
    """Make one of several groups. The one to be answered first stands for all."""
    who = actor()
    return named.detail(folding.merge(find.groups(who, names), actor=who, reason=reason))


def unmerge(name: Name, reason: Reason) -> Any:
    """Take a merged group out again, with exactly its own alerts."""
    who = actor()
    return named.group(folding.unmerge(find.group(who, name), actor=who, reason=reason))


def declare(
    names: Names,
    severity: Annotated[int, typer.Option(min=1, max=4, help="1 (critical) to 4 (low).")],
    reason: Reason,
    why: Why = "suspicious_activity",
    title: Annotated[str, typer.Option(help="Of the incident; without it, that of the first group.")] = "",
) -> Any:
    """Judge groups true and declare one incident from all their alerts."""
    who = actor()
    return shapes.incident_detail(
        taking.declare_from(find.groups(who, names), actor=who, severity=severity, reason=reason, why=why, title=title)
    )


def link(
    names: Names,
    incident: Annotated[str, typer.Option(help="An open incident, such as INC-2026-001.")],
    reason: Reason,
    why: Why = "suspicious_activity",
) -> Answer:
    """Judge groups true and give all their alerts to an open incident."""
    who = actor()
    return _written(
        taking.link(find.groups(who, names), find.incident(who, incident), actor=who, reason=reason, why=why)
    )


def unlink(name: Name, incident: Annotated[str, typer.Option(help="Such as INC-2026-001.")], reason: Reason) -> Any:
    """Take a group's alerts out of an incident again."""
    who = actor()
    row = find.group(who, name)
    return named.group(taking.unlink(row, find.incident(who, incident), actor=who, reason=reason))


def related(name: Name) -> Answer:
    """Groups that name the same principal, address, instance or indicator, and what they share."""
    who = actor()
    return Answer(named.related(folding.related(find.group(who, name), sight.groups(who))))


def assign(name: Name, person: Annotated[str, typer.Option(help="A username; empty: nobody.")] = "") -> Any:
    """Say who looks at a group."""
    who = actor()
    row = find.group(who, name)
    return named.group(asking.assign(row, find.person(person) if person else None, actor=who))


def ask(
    name: Name,
    to: Annotated[str, typer.Option(help="Whom: a person or a team.")],
    question: Annotated[str, typer.Option(help='Such as "Was this you?"')],
) -> Any:
    """Record what somebody was asked about a group. It goes on waiting: silence is no verdict."""
    who = actor()
    return named.question(asking.ask(find.group(who, name), actor=who, to=to, question=question))


def answer(
    question: Annotated[int, typer.Argument(help="The number of the question.")],
    text: Annotated[str, typer.Option(help="What was answered.")],
) -> Any:
    """Write down the answer to a question; it ends it."""
    who = actor()
    return named.question(asking.answer(find.question(who, question), actor=who, text=text))
