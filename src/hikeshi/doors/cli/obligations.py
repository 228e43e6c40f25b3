"""`clocks duties | record | withdraw | decide | file | draft | state`: what the law asks of an incident, as people say it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from django.utils import timezone

from hikeshi.clocks.forms import FORMS
from hikeshi.desk.incidents import obligations
from hikeshi.doors import find, obligations as shapes
from hikeshi.doors.cli import session
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.options import WrongUsage
from hikeshi.doors.cli.plain import plain
from hikeshi.doors.cli.who import actor
from hikeshi.doors.clock_rules import Misspelt, pair_of
from hikeshi.environment import read_environment

Rule = Annotated[str, typer.Argument(help="A duty, such as jp-appi-preliminary; `hikeshi clocks rules` lists them.")]


def duties(incident: str) -> Any:
    """The duties somebody has decided on, the most urgent first, and the moments their clocks count from."""
    return shapes.everything(find.incident(actor(), incident))


def record(
    incident: str,
    moment: Annotated[
        str, typer.Argument(help="KEY=TIME (ISO 8601 with zone) or KEY=DATE, such as aware_at=2026-11-07T02:38+09:00.")
    ],
    note: Annotated[str, typer.Option(help="How it is known.")] = "",
) -> Any:
    """Say when a moment was. Of several claims of one moment the earliest drives the deadlines."""
    who = actor()
    row = find.incident(who, incident)
    try:
        key, when = pair_of(moment, read_environment().time_zone)
    except Misspelt as problem:
        raise WrongUsage(problem.message, hint=problem.hint) from problem
    return shapes.moment(obligations.record_moment(row, key, when, actor=who, note=note))


def withdraw(
    incident: str,
    claim: Annotated[int, typer.Argument(help="Its number, see `hikeshi clocks duties`.")],
    reason: Annotated[str, typer.Option(help="What shows that it was wrong.")],
) -> Any:
    """Take a time back. It stays on record; the deadlines follow the claims that are left."""
    who = actor()
    row = find.incident(who, incident)
    found = find.claim(row, claim)
    obligations.withdraw_moment(row, found, actor=who, reason=reason)
    return shapes.moment(found)


def decide(
    incident: str,
    rule: Rule,
    answer: Annotated[str, typer.Argument(help="applies, does_not_apply, undecided or waived_by_authority.")],
    reason: Annotated[str, typer.Option(help="The facts it rests on.")],
) -> Answer:
    """Say whether a duty applies. The reason is kept for ever, also of a duty that does not apply."""
    who = actor()
    row = find.incident(who, incident)
    obligations.decide(row, rule, answer, actor=who, reason=reason)
    return Answer(next(one for one in shapes.everything(row)["duties"] if one["rule"] == rule))


def file(
    incident: str,
    rule: Rule,
    at: Annotated[str, typer.Option(help="When it was sent, ISO 8601 with zone; now without it.")] = "",
    channel: Annotated[str, typer.Option(help="How, such as a web form.")] = "",
    reference: Annotated[str, typer.Option(help="The number the recipient gave.")] = "",
    proof: Annotated[str, typer.Option(help="What proves it, such as EV-012.")] = "",
) -> Any:
    """Note that people have sent the report: Hikeshi never sends one itself."""
    who, zone = actor(), read_environment().time_zone
    row = find.incident(who, incident)
    try:
        when = shapes.instant(at, zone) if at else timezone.now()
    except Misspelt as problem:
        raise WrongUsage(problem.message, hint=problem.hint) from problem
    filed = obligations.file(row, rule, actor=who, at=when, channel=channel, reference=reference, proof=proof)
    return shapes.filing(filed)


def draft(
    incident: str,
    rule: Annotated[str, typer.Argument(help=f"A duty, or a form: {', '.join(FORMS)}.")],
    out: Annotated[Path | None, typer.Option(help="Write the text to this file instead.")] = None,
) -> Any:
    """The report as far as it is known, in the language of --lang; with --json both languages, the items, and what to look at.

    What should not stand in a text for outsiders is pointed at on stderr: a hint, never a block.
    """
    row = find.incident(actor(), incident)
    made = shapes.draft(row, rule)
    language = session.options.language
    for hint in made["hints"]:
        sys.stderr.write(plain(f"{hint['item']} ({hint['language']}) {hint['found']}: {hint['why'][language]}\n"))
    if out is not None:
        out.write_text(made["text"][language], encoding="utf-8")
        return {"file": str(out)}
    return made if session.options.json else made["text"][language]


def state(
    incident: str,
    content: Annotated[str, typer.Argument(help="A set of items, such as C-APPI; `clocks draft --json` names them.")],
    item: Annotated[int, typer.Argument(help="The number of the item.")],
    certainty: Annotated[str, typer.Option(help="confirmed, suspected, investigating or unknown.")],
    en: Annotated[str, typer.Option(help="The statement in English.")] = "",
    ja: Annotated[str, typer.Option(help="The statement in Japanese.")] = "",
    sources: Annotated[str, typer.Option(help="The evidence it rests on, such as EV-001.")] = "",
) -> Any:
    """Say what is known of one item that reports have to state."""
    who = actor()
    row = find.incident(who, incident)
    said = obligations.state(row, content, item, actor=who, certainty=certainty, en=en, ja=ja, sources=sources)
    return {"content": said.content, "item": said.item, "certainty": said.certainty, "version": said.version}
