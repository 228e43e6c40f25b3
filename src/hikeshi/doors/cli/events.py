"""`events parse | parsers`: logs as events, before anything is set up. No database."""

from __future__ import annotations

import inspect
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.clock_options import Mapping, Skew, Zone
from hikeshi.doors.cli.event_files import WRITERS, writer_for
from hikeshi.doors.cli.exits import UNREADABLE
from hikeshi.doors.cli.logs import Paths, reach
from hikeshi.doors.cli.plain import plain
from hikeshi.doors.cli.progress import progress
from hikeshi.doors.events import said, shown
from hikeshi.errors import Unreadable
from hikeshi.events.assumed import mapping_file
from hikeshi.events.event import Event
from hikeshi.events.parsers import PARSERS
from hikeshi.events.reading import parse

SAID = 20
"""How many unreadable places are named on stderr; the count is always complete."""

SEEN = ("ts", "source_kind", "outcome", "action", "actor_name", "src_ip", "message")


class Reading:
    """Events as they are read; what could not be read is counted, and the first places named on stderr."""

    def __init__(self, found: Iterator[Event | Unreadable]) -> None:
        self.found = found
        self.events = self.unreadable = 0

    def __iter__(self) -> Iterator[Event]:
        for one in self.found:
            if isinstance(one, Unreadable):
                self._say(one)
            else:
                self.events += 1
                yield one

    def _say(self, problem: Unreadable) -> None:
        self.unreadable += 1
        if self.unreadable <= SAID:
            sys.stderr.write(plain(problem.message) + "\n")


def parse_events(
    paths: Paths,
    as_: Annotated[str, typer.Option("--as", help="Read all of it as this kind; see `events parsers`.")] = "",
    out: Annotated[Path | None, typer.Option(help=f"Write here instead: {', '.join(WRITERS)}.")] = None,
    skew: Skew = None,
    zone: Zone = None,
    mapping: Mapping = None,
) -> Answer:
    """Every event, one per line, with the field names of the event schema. Exit code 5 where something was unreadable."""
    assumed = said(skew, zone, map(mapping_file, mapping or ()))
    if out is not None:
        with progress("S3") as told:
            return _to_file(
                Reading(parse(paths, parser=as_ or None, reach=reach(), progress=told, assumed=assumed)), out
            )
    reading = Reading(parse(paths, parser=as_ or None, reach=reach(), assumed=assumed))
    answer = Answer(None, columns=SEEN, lines=True)
    answer.data = _told(reading, answer)
    return answer


def _told(reading: Reading, answer: Answer) -> Iterator[dict[str, Any]]:
    for event in reading:
        yield shown(msgspec.structs.asdict(event))
    if reading.unreadable:
        answer.code = UNREADABLE
        sys.stderr.write(f"unreadable: {reading.unreadable}\n")


def _to_file(reading: Reading, out: Path) -> Answer:
    write = writer_for(out)
    started = time.perf_counter()
    write(out, reading)
    told = {
        "out": str(out),
        "events": reading.events,
        "unreadable": reading.unreadable,
        "seconds": round(time.perf_counter() - started, 3),
    }
    return Answer(told, code=UNREADABLE if reading.unreadable else 0)


def list_parsers() -> Answer:
    """Every kind of log that can be read, and the version of its parser."""
    rows = [
        {"name": name, "version": parser.VERSION, "what": (inspect.getdoc(parser) or "").partition("\n")[0]}
        for name, parser in PARSERS.items()
    ]
    return Answer(rows)
