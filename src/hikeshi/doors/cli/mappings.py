"""`alert mappings`: by what alerts are understood, and trying a mapping of one's own before it counts. No database."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.exits import DONE, UNREADABLE
from hikeshi.doors.cli.options import WrongUsage
from hikeshi.doors.cli.plain import plain
from hikeshi.environment import read_environment
from hikeshi.errors import Unreadable
from hikeshi.signals import mapped, mapping
from hikeshi.signals.decoding import PAYLOAD_LIMIT
from hikeshi.signals.mails import MAIL_LIMIT
from hikeshi.signals.mapped import Mapped
from hikeshi.signals.reading import Reading, read_by, readers
from hikeshi.signals.shapes import SHAPES
from hikeshi.signals.signal import Signal

COLUMNS = ("title", "kind", "score", "account", "archived", "last_seen_at")


def mappings(
    check: Annotated[Path | None, typer.Option(help="A mapping file: say whether it is right, else the line.")] = None,
    try_: Annotated[Path | None, typer.Option("--try", help="A mapping file to read --payload with.")] = None,
    payload: Annotated[str, typer.Option(help="A payload, - for standard input: what would be understood.")] = "",
) -> Answer:
    """By what alerts are understood: shapes, your own mappings, ours. See docs/mappings.md for how to write one.

    With --payload, what would be understood of it: by all of them, or with --try by that one. Exit code 5 where something would not.
    """
    if check is not None:
        found = mapping.read(check)
        return Answer({"file": str(check), "reader": found.name, "about": found.about, "problem": ""})
    if try_ is not None and not payload:
        raise WrongUsage("--try needs a payload.", hint="Add --payload FILE, or --payload - for standard input.")
    own = read_environment().home / "mappings"
    if payload:
        by = [Mapped(mapping.read(try_))] if try_ is not None else readers(own=own)
        return _understood(read_by(_bytes(payload), payload, by))
    wrong = mapped.problems(own)
    _say(wrong)
    return Answer(
        [_row(one, own) for one in readers(own=own)],
        columns=("reader", "kind", "about"),
        code=UNREADABLE if wrong else DONE,
    )


def _bytes(payload: str) -> bytes:
    limit = max(PAYLOAD_LIMIT, MAIL_LIMIT) + 1
    if payload == "-":
        return sys.stdin.buffer.read(limit)
    try:
        with Path(payload).open("rb") as file:
            return file.read(limit)
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}", source=payload) from error


def _row(one: Any, own: Path) -> dict[str, Any]:
    kind = "shape" if one.NAME in SHAPES else "own" if one.NAME in mapped.loaded(own) else "shipped"
    return {"reader": one.NAME, "kind": kind, "about": msgspec.to_builtins(one.ABOUT)}


def _understood(found: Reading) -> Answer:
    _say(found.problems)
    return Answer([_signal(one) for one in found.signals], columns=COLUMNS, code=UNREADABLE if found.problems else DONE)


def _signal(one: Signal) -> dict[str, Any]:
    said = {name: getattr(one, name) for name in one.__struct_fields__ if name != "doubts"}
    seen = [{"kind": seen.kind, "value": seen.value} for seen in one.observables]
    return said | {
        "observables": seen,
        "cause": list(one.cause),
        "doubts": msgspec.to_builtins(one.doubts),
        "fingerprint": one.fingerprint,
    }


def _say(problems: list[Unreadable]) -> None:
    for problem in problems:
        sys.stderr.write(plain(str(problem)) + "\n")
