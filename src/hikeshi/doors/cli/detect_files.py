"""`events detect`: Sigma rules asked of logs, before anything is set up. No database."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer

from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.exits import DONE, UNREADABLE
from hikeshi.doors.cli.logs import Paths, reach
from hikeshi.doors.cli.plain import plain
from hikeshi.doors.cli.progress import progress
from hikeshi.events.detect.titles import title as titled

Rules = Annotated[
    list[Path] | None, typer.Option("--rules", help="A file or folder of Sigma rules; several times for several.")
]
Own = Annotated[bool, typer.Option("--own", help="Our own pack besides those of --rules.")]
COLUMNS: Final = ("level", "titles", "hits", "file")
SAID: Final = 20
"""How many rules with an error, and unreadable places, are named on stderr."""


def chosen(rules: list[Path] | None, *, own: bool) -> list[Path]:
    """The folders named; our own pack where none are, or where it is wanted besides."""
    from hikeshi.events.detect.loading import OWN  # pySigma takes a third of a second, which help should not wait for

    return [*(rules or ()), *((OWN,) if own or not rules else ())]


def say(lines: Iterable[str]) -> None:
    """The first lines on stderr, and how many more there are."""
    told = list(lines)
    for line in told[:SAID]:
        sys.stderr.write(plain(line) + "\n")
    if len(told) > SAID:
        sys.stderr.write(f"... {len(told) - SAID} more\n")


def row(rule: str, title: str, file: str, level: str, hits: int) -> dict[str, Any]:
    """A rule that hit, with its title in both languages."""
    both = msgspec.to_builtins(titled(title))
    return {"rule": rule, "title": title, "file": file, "level": level, "hits": hits, "titles": both}


def detect_events(
    paths: Paths,
    rules: Rules = None,
    own: Own = False,
) -> Answer:
    """Which rules hit these logs, and how many distinct events each: our own pack, or the rules of --rules.

    Exit code 5 where a log was unreadable. A rule that cannot be asked is named on stderr, and the others are asked all the same.
    """
    from hikeshi.events.detect.loading import load  # as above
    from hikeshi.stores.detecting import detect  # as above
    from hikeshi.stores.opening import opened  # as above

    loaded = load(chosen(rules, own=own))
    with progress("S3") as told, opened(paths, reach=reach(), progress=told) as logs:
        report = detect(logs.store, loaded)
    say(logs.unreadable)
    say(f"{rule.file}: {rule.error}" for rule in report.errors)
    rows = [row(rule.rule, rule.title, rule.file, rule.level, rule.hits) for rule in report.hit]
    code = UNREADABLE if logs.unreadable else DONE
    return Answer(rows, columns=COLUMNS, lines=True, code=code)
