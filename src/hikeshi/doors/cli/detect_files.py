"""`events detect`: Sigma rules asked of logs, before anything is set up. No database."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.exits import DONE, UNREADABLE
from hikeshi.doors.cli.logs import Paths, here
from hikeshi.doors.cli.plain import plain
from hikeshi.stores.store import BuildReport

if TYPE_CHECKING:
    from hikeshi.events.s3 import Here

Rules = Annotated[
    list[Path] | None, typer.Option("--rules", help="A file or folder of Sigma rules; several times for several.")
]
Own = Annotated[bool, typer.Option("--own", help="Our own pack besides those of --rules.")]
COLUMNS: Final = ("level", "title", "hits", "file")
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


def unreadable(logs: Here, built: BuildReport) -> list[str]:
    """What of the logs is not in the store, and why."""
    places = [f"{logs.named(one.source)}, {one.place}: {one.reason}" for one in built.unreadable]
    return [*(trouble.message for trouble in logs.missed), *places]


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
    from hikeshi.stores.duck import DuckStore  # as above

    loaded = load(chosen(rules, own=own))
    with here(paths) as logs, tempfile.TemporaryDirectory(prefix="hikeshi-") as folder:
        store = DuckStore(Path(folder))
        built = store.build(logs.paths)
        report = detect(store, loaded)
    say(unreadable(logs, built))
    say(f"{rule.file}: {rule.error}" for rule in report.errors)
    rows = [
        {"rule": rule.rule, "title": rule.title, "file": rule.file, "level": rule.level, "hits": rule.hits}
        for rule in report.hit
    ]
    code = UNREADABLE if logs.missed or built.unreadable_count or built.not_recognised_count else DONE
    return Answer(rows, columns=COLUMNS, lines=True, code=code)
