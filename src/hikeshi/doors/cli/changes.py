"""`incident edit | status | link | unlink | merge | unmerge | counsel`."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from hikeshi.desk.incidents import counsel as notes, editing, linking as verbs
from hikeshi.desk.incidents.models import Incident
from hikeshi.doors import find, linking, shapes
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.incident import Name, Reason, Version
from hikeshi.doors.cli.options import WrongUsage
from hikeshi.doors.cli.times import time_of
from hikeshi.doors.cli.who import actor

Other = Annotated[str, typer.Argument(help="The other incident, such as INC-2026-002.")]
Kind = Annotated[str, typer.Option(help="related, caused_by, same_actor or duplicate.")]


def edit(
    name: Name,
    title: Annotated[str | None, typer.Option(help="What is happening, in one line.")] = None,
    occurred_at: Annotated[str | None, typer.Option(help="ISO 8601 with zone; unknown takes it back.")] = None,
    detected_at: Annotated[str | None, typer.Option(help="ISO 8601 with zone; the response clock follows.")] = None,
    marking: Annotated[str | None, typer.Option(help="clear, green, amber, amber+strict or red (TLP).")] = None,
    code_name: Annotated[str | None, typer.Option(help="A code name.")] = None,
    reason: Annotated[str, typer.Option(help="Needed where times change.")] = "",
    version: Version = None,
) -> Any:
    """Correct title, times, marking or code name. Refused with both texts where somebody else changed the same field."""
    fields: dict[str, Any] = {
        "title": title, "marking": marking, "code_name": code_name,
        "detected_at": time_of(detected_at) if detected_at else None,
    }  # fmt: skip
    fields = {field: value for field, value in fields.items() if value is not None}
    if occurred_at is not None:
        fields["occurred_at"] = None if occurred_at == "unknown" else time_of(occurred_at)
    if not fields:
        raise WrongUsage("Nothing to change was named.", hint="--title, --detected-at and so on.")
    who = actor()
    row = find.incident(who, name)
    editing.edit(row, actor=who, version=version, reason=reason, **fields)
    return _fresh(row)


def status(
    name: Name,
    to: Annotated[str, typer.Argument(metavar="STATUS", help="active, monitoring or resolved.")],
    reason: Reason,
    version: Version = None,
) -> Any:
    """Move it between active, monitoring and resolved."""
    who = actor()
    row = find.incident(who, name)
    editing.set_status(row, to, actor=who, reason=reason, version=version)
    return _fresh(row)


def link(
    name: Name,
    other: Annotated[str, typer.Argument(help="The other incident; without it, the links there are.")] = "",
    kind: Kind = "related",
    reason: Annotated[str, typer.Option(help="One sentence, kept in the record.")] = "",
) -> Any:
    """Say how two incidents hang together; without a second one, list the links."""
    who = actor()
    row = find.incident(who, name)
    if not other:
        return Answer([linking.link(one) for one in verbs.links_of(who, row)])
    return linking.link(verbs.link(row, find.incident(who, other), kind, actor=who, reason=reason))


def unlink(name: Name, other: Other, reason: Reason, kind: Kind = "related") -> None:
    """Take a link back; the ledger keeps that it was there."""
    who = actor()
    verbs.unlink(find.incident(who, name), find.incident(who, other), kind, actor=who, reason=reason)


def merge(name: Name, into: Other, reason: Reason) -> Any:
    """It goes on in another incident; the earliest deadlines of the law count there."""
    who = actor()
    row, other = find.incident(who, name), find.incident(who, into)
    verbs.merge(row, other, actor=who, reason=reason)
    return _fresh(other)


def unmerge(name: Name, reason: Reason) -> Any:
    """They were two after all."""
    who = actor()
    row = find.incident(who, name)
    verbs.unmerge(row, actor=who, reason=reason)
    return _fresh(row)


def counsel(
    name: Name,
    text: Annotated[str, typer.Argument(help="- reads standard input, which leaves no trace in the shell.")] = "",
) -> Any:
    """Write a note for counsel only; without a text, read those you may."""
    who = actor()
    row = find.incident(who, name)
    if not text:
        return Answer([linking.counsel(one) for one in notes.readable(row, actor=who)])
    words = sys.stdin.read().replace("\x00", "\ufffd") if text == "-" else text
    return linking.counsel(notes.write(row, words, actor=who))


def _fresh(row: Incident) -> Any:
    return shapes.incident_detail(Incident.objects.get(pk=row.pk))
