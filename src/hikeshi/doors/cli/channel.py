"""`channel add | list | test | disable | enable`: the organisation's own places that messages go to."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.notices import channels, trying, verbs
from hikeshi.desk.notices.models import Channel
from hikeshi.doors import notices
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.who import actor
from hikeshi.errors import Refused

Name = Annotated[str, typer.Argument(help="The name of a channel.")]
COLUMNS = ("name", "service", "where", "from_severity", "enabled", "tested_at", "last_at", "problem")
ADDRESS_LIMIT = 2000


def add(
    name: Name,
    service: Annotated[str, typer.Argument(help="discord, mail, opsgenie, pagerduty, slack, sms, teams or webhook.")],
    from_severity: Annotated[int, typer.Option(min=1, max=4, help="4: everything; 1: SEV-1 only.")] = 4,
    language: Annotated[str, typer.Option(help="en or ja; empty: the house's.")] = "",
) -> Any:
    """Name a place that messages go to. Its address is read from standard input, because it holds a secret."""
    who = actor()
    require(who, "manage")
    if service not in channels.CHANNELS:
        raise Refused(f"{service!r} is no service.", hint=f"Use one of: {', '.join(channels.CHANNELS)}.")
    if sys.stdin.isatty():
        address = typer.prompt(f"Address, such as {channels.CHANNELS[service].example}", hide_input=True, err=True)
    else:
        address = sys.stdin.readline(ADDRESS_LIMIT)
    row = verbs.add_channel(name, service, address.strip(), actor=who, from_severity=from_severity, language=language)
    return notices.channel(row)


def list_channels() -> Answer:
    """The channels, and how the last message went."""
    require(actor(), "manage")
    return Answer([notices.channel(row) for row in Channel.objects.all()], columns=COLUMNS)


def try_it(name: Name, to: Annotated[str, typer.Option(help="The number an SMS gateway is tried with.")] = "") -> Any:
    """Send a test now and say what the service answered."""
    who = actor()
    row = notices.find_channel(who, name)
    return {"name": row.name, "said": trying.try_channel(row, actor=who, to=to)}


def disable(name: Name) -> Any:
    """Send nothing there any more."""
    return _switch(name, on=False)


def enable(name: Name) -> Any:
    """Send there again."""
    return _switch(name, on=True)


def _switch(name: str, *, on: bool) -> Any:
    who = actor()
    row = notices.find_channel(who, name)
    verbs.enable_channel(row, on, actor=who)
    return notices.channel(row)
