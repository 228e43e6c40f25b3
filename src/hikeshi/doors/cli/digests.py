"""`events digests`: whether CloudTrail logs are what CloudTrail delivered, before anything is set up. No database; network only for s3:// addresses."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hikeshi.doors.cli import session
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.exits import DIFFERENCE, DONE, UNREADABLE
from hikeshi.doors.cli.logs import here
from hikeshi.doors.cli.texts import say
from hikeshi.doors.integrity import validation_shape
from hikeshi.errors import Unreadable
from hikeshi.events.digest_files import Given, public_keys
from hikeshi.events.digests import validate
from hikeshi.events.walking import walk

if TYPE_CHECKING:
    from hikeshi.events.s3 import Fetched


def check_digests(
    paths: Annotated[
        list[str],
        typer.Argument(help="Folders and files with logs, digests and FILE.metadata.json, or s3://bucket/prefix."),
    ],
    keys: Annotated[
        Path | None,
        typer.Option(help="The saved answer of `aws cloudtrail list-public-keys`; without it nothing is proven."),
    ] = None,
) -> Answer:
    """Check CloudTrail logs against their chain of signed digests: what is valid, changed, gone, planted, or not covered.

    Exit code 4 where something is not as CloudTrail left it, 5 where a file could not be read. With --json every file is listed, else
    those that somebody should look at.
    """
    known = public_keys(keys) if keys else {}
    with here(paths) as near:
        found = list(walk(near.paths))
        checked = validate(
            [_given(path, near.fetched) for path in found if isinstance(path, Path) and path != keys], known
        )
    closed = [str(one) for one in (*near.missed, *found) if isinstance(one, Unreadable)]
    if not known and checked.digests:
        sys.stderr.write(say("say.no_keys", session.options.language) + "\n")
    told = validation_shape(checked, everything=session.options.json)
    told["unreadable"] += closed
    return Answer(told, code=DIFFERENCE if checked.differs else UNREADABLE if told["unreadable"] else DONE)


def _given(path: Path, fetched: Mapping[str, Fetched]) -> Given:
    """A file as it was called where it came from; of an object in S3 the signature is in its metadata."""
    one = fetched.get(str(path))
    return Given(str(path), one.name, one.metadata.get("signature", "")) if one else Given(str(path), str(path))
