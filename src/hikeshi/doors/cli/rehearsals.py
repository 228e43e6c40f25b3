"""`playbook simulate | drift`: playing written answers in a simulated account, and what has changed since. No database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import msgspec
import typer

from hikeshi.doors.cli import session
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.exits import DIFFERENCE, DONE, UNREADABLE
from hikeshi.doors.cli.progress import progress
from hikeshi.doors.cli.texts import say
from hikeshi.errors import Refused, Unreadable
from hikeshi.playbooks.playbook import Playbook, load
from hikeshi.playbooks.shelf import FOLDER, library
from hikeshi.simulation import stamps
from hikeshi.simulation.side_by_side import Among, simulate_all
from hikeshi.simulation.simulating import Report
from hikeshi.simulation.traces import Trace

What = Annotated[
    list[str] | None, typer.Argument(help="Names of `playbook list`, YAML files or folders; without any, the library.")
]
COLUMNS = ("playbook", "simulation", "result", "step", "expected", "found", "what")
TRACED = ("simulation", "seconds", "step", "was", "now", "why", "calls")


class Chosen(NamedTuple):
    """Playbooks with the folder each is from, and what could not be read."""

    books: list[tuple[Playbook, Path]]
    unreadable: list[Unreadable]

    @property
    def among(self) -> Among:
        """What the steps of these playbooks can run: these, and those of the library."""
        return Among({**library(), **{book.name: book for book, _ in self.books}})


def simulate_playbooks(
    what: What = None,
    way: Annotated[str, typer.Option(help="Only the simulation of this name.")] = "",
    trace: Annotated[bool, typer.Option(help="Every move of every step.")] = False,
    stamp: Annotated[bool, typer.Option(help="Where all has passed, write simulated.json beside the playbooks.")] = False,
) -> Answer:  # fmt: skip
    """Play playbooks with the real actions in a simulated account: each simulation of the file, and every option and failure it leaves out.

    Nothing real is touched. Exit code 4 where something is not as expected, 5 where a file cannot be read. Needs hikeshi[drill].
    """
    if way and stamp:
        raise Refused("A stamp is for all ways of a playbook.", hint="Leave out --way, or --stamp.")
    chosen = _chosen(what or [])
    rows: list[dict[str, Any]] = []
    reports = []
    with progress(say("say.simulating", session.options.language)) as shown:
        for report in simulate_all([book for book, _ in chosen.books], chosen.among.find, only=way):
            reports.append(report)
            shown(len(reports), len(chosen.books))
            rows += _rows(report, _traced if trace else _judged)
    passed = all(report.passed for report in reports)
    if stamp and passed and not chosen.unreadable:
        _stamp(chosen, reports)
    rows += [_unread(problem) for problem in chosen.unreadable]
    code = UNREADABLE if chosen.unreadable else DONE if passed else DIFFERENCE
    return Answer(rows, columns=TRACED if trace else COLUMNS, code=code)


def drift(what: What = None) -> Answer:
    """Playbooks that were never simulated, or changed since, or whose actions changed since. Exit code 4 where there are any."""
    chosen = _chosen(what or [])
    find = chosen.among.find
    rows = []
    for folder in sorted({folder for _, folder in chosen.books}):
        books = [book for book, place in chosen.books if place == folder]
        rows += [msgspec.to_builtins(one) for one in stamps.drift(books, stamps.read(folder), find)]
    stale = any(row["state"] != "fresh" for row in rows)
    rows += [_unread(problem) for problem in chosen.unreadable]
    code = UNREADABLE if chosen.unreadable else DIFFERENCE if stale else DONE
    return Answer(rows, columns=("playbook", "version", "state", "simulated_on", "changed_actions"), code=code)


def _chosen(what: list[str]) -> Chosen:
    chosen = Chosen([], [])
    for name in what or list(library()):
        if name in library() and not Path(name).exists():
            chosen.books.append((library()[name], FOLDER))
            continue
        for path in _files(name):
            try:
                chosen.books.append((load(path), path.parent))
            except Unreadable as problem:
                chosen.unreadable.append(problem)
    return chosen


def _files(name: str) -> list[Path]:
    path = Path(name)
    if path.is_dir():
        return [*sorted(path.rglob("*.yaml")), *sorted(path.rglob("*.yml"))]
    if not path.is_file():
        raise Refused(
            f"There is no playbook {name!r}.", hint=f"Name a file, a folder, or one of: {', '.join(library())}."
        )
    return [path]


def _stamp(chosen: Chosen, reports: list[Report]) -> None:
    find = chosen.among.find
    today = datetime.now(UTC).date()
    for folder in {folder for _, folder in chosen.books}:
        made = {
            book.name: stamps.stamp_of(report, book, find, today)
            for (book, place), report in zip(chosen.books, reports, strict=True)
            if place == folder
        }
        stamps.write(folder, made)


def _rows(report: Report, told: Callable[[Trace], Iterator[dict[str, Any]]]) -> Iterator[dict[str, Any]]:
    for trace in report.traces:
        yield from told(trace)
    for place in report.uncovered:
        step, _, option = place.partition("=")
        yield _row(report.playbook, "", "uncovered", step=step, expected=option)


def _judged(trace: Trace) -> Iterator[dict[str, Any]]:
    """One row where all is well, else one for each expectation that was not met."""
    if trace.passed:
        yield _row(trace.playbook, trace.way, "passed")
    for one in trace.mismatches:
        said = msgspec.to_builtins(one)
        yield _row(trace.playbook, trace.way, "failed", **said)


def _traced(trace: Trace) -> Iterator[dict[str, Any]]:
    for beat in trace.beats:
        said = msgspec.to_builtins(beat)
        yield {
            "playbook": trace.playbook, "simulation": trace.way, "seconds": beat.at, "step": beat.key, "was": beat.was, "now": beat.now,
            "why": said.get("why"), "calls": list(beat.calls),
        }  # fmt: skip
    yield from (row | {"now": row["result"], "why": row["what"], "seconds": trace.seconds} for row in _judged(trace))


def _row(playbook: str, way: str, result: str, **said: Any) -> dict[str, Any]:
    empty = {"step": "", "expected": "", "found": "", "what": None}
    return {"playbook": playbook, "simulation": way, "result": result, **empty, **said}


def _unread(problem: Unreadable) -> dict[str, Any]:
    said = {"en": str(problem), "ja": str(problem)}
    return _row(problem.source, "", "failed", step=problem.place, what=said) | {"state": "unreadable", "version": None}
