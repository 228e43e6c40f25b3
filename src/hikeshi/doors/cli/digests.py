"""`events digests`: whether CloudTrail logs are what CloudTrail delivered, before anything is set up. No database, no network."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from hikeshi.doors.cli import session
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.exits import DIFFERENCE, DONE, UNREADABLE
from hikeshi.doors.cli.texts import say
from hikeshi.doors.integrity import validation_shape
from hikeshi.errors import Unreadable
from hikeshi.events.digest_files import Given, public_keys
from hikeshi.events.digests import validate
from hikeshi.events.walking import walk


def check_digests(
    paths: Annotated[list[Path], typer.Argument(help="Folders and files with logs, digests and FILE.metadata.json.")],
    keys: Annotated[
        Path | None,
        typer.Option(help="The saved answer of `aws cloudtrail list-public-keys`; without it nothing is proven."),
    ] = None,
) -> Answer:
    """Check CloudTrail logs against their chain of signed digests: what is valid, changed, gone, planted, or not covered.

    Exit code 4 where something is not as CloudTrail left it, 5 where a file could not be read. With --json every file is listed, else
    those that somebody should look at.
    """
    found = list(walk(paths))
    known = public_keys(keys) if keys else {}
    checked = validate(
        [Given(str(path), str(path)) for path in found if isinstance(path, Path) and path != keys], known
    )
    closed = [str(one) for one in found if isinstance(one, Unreadable)]
    if not known and checked.digests:
        sys.stderr.write(say("say.no_keys", session.options.language) + "\n")
    told = validation_shape(checked, everything=session.options.json)
    told["unreadable"] += closed
    return Answer(told, code=DIFFERENCE if checked.differs else UNREADABLE if told["unreadable"] else DONE)
