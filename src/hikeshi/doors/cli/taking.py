"""`evidence take`: sealed bytes into a file, with a custody line."""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, BinaryIO

import typer

from hikeshi.custody.extents import CHUNK
from hikeshi.desk.evidence import verbs
from hikeshi.desk.evidence.models import MALWARE
from hikeshi.doors import find
from hikeshi.doors.cli.who import actor
from hikeshi.errors import Failed, Refused


def take(
    incident: str,
    item: Annotated[str, typer.Argument(help="An item, such as EV-001.")],
    out: Annotated[Path, typer.Option(help="The file to write; one that is there is left alone.")],
    sha256: Annotated[str, typer.Option(help="One of the files of a folder.")] = "",
) -> Any:
    """Take the sealed bytes away; of a folder its manifest. Malware leaves only in a zip with AES and the password "infected"."""
    who = actor()
    row = find.item(find.incident(who, incident), item)
    if out.exists():
        raise Refused(f"{out} is there already.", hint="Name another file.")
    with verbs.hand_out(row, actor=who, sha256=sha256) as stream:
        told = _written(stream, out)
    return told | ({"password": "infected"} if row.kind == MALWARE else {})


def _written(stream: BinaryIO, out: Path) -> dict[str, Any]:
    """Whole or not at all; what was written, and its hash (of a zip: the zip's)."""
    hasher, size = hashlib.sha256(), 0
    try:
        with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            while chunk := stream.read(CHUNK):
                hasher.update(chunk)
                size += file.write(chunk)
    except OSError as problem:
        _forget(out)
        raise Failed(f"{out} cannot be written: {problem.strerror}.", hint="Name another file.") from problem
    except BaseException:
        _forget(out)
        raise
    return {"file": str(out), "size": size, "sha256": hasher.hexdigest()}


def _forget(out: Path) -> None:
    with suppress(OSError):
        out.unlink()
