"""`evidence leave`: evidence that stays where it is."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hikeshi.desk.evidence import elsewhere
from hikeshi.doors import find, shapes
from hikeshi.doors.cli.who import actor


def leave(
    incident: str,
    address: Annotated[str, typer.Argument(help="An object in S3: s3://bucket/key.")],
    title: Annotated[str, typer.Option(help="What it is; without it, its address.")] = "",
    kind: Annotated[str, typer.Option(help="disk, file, logs, memory, network, report, snapshot, state.")] = "file",
    version: Annotated[str, typer.Option(help="Its version; without it, the newest.")] = "",
    *,
    read: Annotated[bool, typer.Option("--read", help="Read it once for its SHA-256; nothing is stored.")] = False,
) -> Any:
    """Record an object that is not to be moved: what S3 says of it, its lock, and with --read our own SHA-256.

    `evidence verify` asks and reads again. Without --read it can show that the object has changed, never that it is the same.
    """
    who = actor()
    row = find.incident(who, incident)
    return shapes.item(elsewhere.leave(row, address, actor=who, title=title, kind=kind, version=version, read=read))
