"""`affected add | assess | gather | list`: the assets of an incident, compromised or not, usable again or not."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hikeshi.desk.incidents import affected
from hikeshi.doors import find, standing
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.who import actor

Asset = Annotated[str, typer.Argument(help="What the asset is called, or its number in the list.")]
COLUMNS = ("asset", "identifier", "compromise", "clearance", "note", "changed_by", "changed_at")


def add(
    incident: str,
    asset: Annotated[str, typer.Argument(help="An instance, host, ARN, account, user or key.")],
    compromise: Annotated[str, typer.Option(help="unknown, suspected, confirmed or not_compromised.")] = "unknown",
    note: Annotated[str, typer.Option(help="How it is known.")] = "",
) -> Any:
    """Put an asset on the list; the register is looked up."""
    who = actor()
    row = affected.add(find.incident(who, incident), asset, actor=who, compromise=compromise, note=note)
    return standing.affected(row)


def gather(incident: str) -> Answer:
    """Put everything on the list that the incident's alerts name."""
    who = actor()
    rows = affected.gather(find.incident(who, incident), actor=who)
    return Answer([standing.affected(row) for row in rows], columns=COLUMNS)


def assess(
    incident: str,
    asset: Asset,
    reason: Annotated[str, typer.Option(help="What shows it; kept in the record.")],
    compromise: Annotated[str, typer.Option(help="unknown, suspected, confirmed or not_compromised.")] = "",
    clearance: Annotated[str, typer.Option(help="open, contained, cleaned or cleared.")] = "",
    version: Annotated[int | None, typer.Option(help="The version you saw.")] = None,
) -> Any:
    """Say whether it is compromised, and whether it may be used again."""
    who = actor()
    row = standing.find_asset(find.incident(who, incident), asset)
    affected.assess(row, actor=who, reason=reason, compromise=compromise, clearance=clearance, version=version)
    return standing.affected(row)


def list_affected(incident: str) -> Answer:
    """The affected assets with their states."""
    rows = find.incident(actor(), incident).assets.all()
    return Answer([standing.affected(row) for row in rows], columns=COLUMNS)
