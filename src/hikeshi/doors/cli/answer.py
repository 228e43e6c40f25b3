"""What a command answers, and how it is written: JSON for programs, tables for people, from the same data."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from hikeshi.doors.cli.options import Options
from hikeshi.doors.cli.plain import plain_json


@dataclass
class Answer:
    """`data` is plain: mappings, lists, texts, numbers, datetimes. A command may also return such data without wrapping it.

    `columns` are those people see of a list; programs always get all. With `lines` the rows are written one JSON object per line as
    they come, so that `data` may be an iterator over millions. `code` is the exit code, read after the data was written.
    """

    data: Any
    columns: Sequence[str] = ()
    lines: bool = False
    pretty: bool = False
    """A document for another program: people get it as indented JSON too."""
    code: int = 0
    people: Mapping[str, Any] | None = None
    """The same as `data` in another arrangement, where people read it differently from programs."""


def write(answer: Answer, options: Options) -> None:
    """Write to stdout: nothing but JSON with --json."""
    if options.json and answer.lines:
        for row in answer.data:
            sys.stdout.write(_json(row))
    elif options.json:
        sys.stdout.write(_json(answer.data))
    elif answer.pretty:
        sys.stdout.write(plain_json(msgspec.json.format(msgspec.json.encode(answer.data), indent=2).decode()) + "\n")
    else:
        from hikeshi.doors.cli.tables import show  # Rich is only for people, and a script should not wait for it

        show(answer, options)
    sys.stdout.flush()


def _json(data: Any) -> str:
    return plain_json(msgspec.json.encode(data, enc_hook=_other).decode()) + "\n"


def _other(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    return list(value) if isinstance(value, Iterable) else str(value)
