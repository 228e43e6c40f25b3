"""`source add | disable | enable | list | rotate | show`: who may hand alerts in, and how they prove it."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import typer
from django.conf import settings
from django.utils import timezone

from hikeshi.desk.alerts import sources
from hikeshi.desk.alerts.models import Source
from hikeshi.doors import deliveries, find
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.who import actor

Name = Annotated[str, typer.Argument(help="A name of `source list`.")]
COLUMNS = ("name", "kind", "enabled", "last_seen_at", "deliveries", "set_aside", "trouble", "owner")


def _shown(row: Source) -> dict[str, Any]:
    return {**deliveries.source_shape(row, sources.aside_counts().get(row.name, 0), timezone.now())}


def _with_secret(row: Source, secret: str) -> dict[str, Any]:
    address = f"{settings.ENVIRONMENT.public_url}/in/{row.name}" if row.kind == "webhook" else ""
    return {**_shown(row), "address": address, "secret": secret}


def add(
    name: Annotated[str, typer.Argument(help="Letters, digits, - and _; part of the address.")],
    kind: Annotated[str, typer.Option(help="webhook, queue, mail or form.")] = "webhook",
    proof: Annotated[str, typer.Option(help="hmac (time stamp and body signed), hub (body signed) or token.")] = "hmac",
    reader: Annotated[str, typer.Option(help="The shape or mapping it is read with; empty: known by content.")] = "",
    owner: Annotated[str, typer.Option(help="The user who answers for it; empty: you.")] = "",
    window: Annotated[int, typer.Option(help="Seconds a signed time stamp may be off.")] = 300,
    size_limit: Annotated[int, typer.Option(help="Bytes of one payload.")] = 1024 * 1024,
    per_minute: Annotated[int, typer.Option(help="Payloads a minute.")] = 60_000,
    silent: Annotated[int, typer.Option(min=0, help="Seconds of silence that are a trouble; 0: none.")] = 0,
) -> dict[str, Any]:
    """Let a source hand alerts in. Its secret is shown only here."""
    row, secret = sources.add(
        name, actor=actor(), kind=kind, proof=proof, reader=reader, owner=find.person(owner) if owner else None,
        window_seconds=window, size_limit=size_limit, per_minute=per_minute, silent_seconds=silent,
    )  # fmt: skip
    return _with_secret(row, secret)


def list_sources() -> Answer:
    """The sources with their health, the troubled ones first."""
    return Answer(deliveries.source_shapes(sources.shown(actor())), columns=COLUMNS)


def show(name: Name) -> dict[str, Any]:
    """One source. Its secret is not shown."""
    return _shown(deliveries.find_source(actor(), name))


def rotate(
    name: Name,
    overlap: Annotated[int, typer.Option(min=0, max=720, help="Hours the secret before still works.")] = 24,
) -> dict[str, Any]:
    """Give a webhook a new secret, shown only here."""
    who = actor()
    row = deliveries.find_source(who, name)
    secret = sources.rotate(row, actor=who, overlap=timedelta(hours=overlap))
    row.refresh_from_db()
    return _with_secret(row, secret)


def disable(name: Name, reason: Annotated[str, typer.Option(help="Why its alerts are not needed.")]) -> dict[str, Any]:
    """Take nothing more from a source."""
    who = actor()
    row = deliveries.find_source(who, name)
    sources.disable(row, actor=who, reason=reason)
    return _shown(row)


def enable(name: Name) -> dict[str, Any]:
    """Take alerts from a source again."""
    who = actor()
    row = deliveries.find_source(who, name)
    sources.enable(row, actor=who)
    return _shown(row)
