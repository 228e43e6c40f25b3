"""`playbook list | show | lint`: the written answers. No database."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from hikeshi.actions import ACTIONS
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.exits import DIFFERENCE, DONE, UNREADABLE
from hikeshi.errors import Refused, Unreadable
from hikeshi.playbooks.lint import lint
from hikeshi.playbooks.playbook import Playbook, load
from hikeshi.playbooks.shelf import library


def list_playbooks() -> Answer:
    """The playbooks that come with Hikeshi."""
    rows = [_head(book) | {"steps": len(book.steps)} for book in library().values()]
    return Answer(rows, columns=("name", "version", "severity", "title"))


def show(name: Annotated[str, typer.Argument(help="A name of `playbook list`, or a YAML file.")]) -> dict[str, Any]:
    """One playbook with its steps in order."""
    book = book_named(name)
    return _head(book) | {
        "summary": msgspec.to_builtins(book.summary),
        "matches": list(book.matches),
        "steps": [_step(step) for step in msgspec.to_builtins(book.steps)],
    }


def _head(book: Playbook) -> dict[str, Any]:
    return {
        "name": book.name,
        "version": book.version,
        "severity": book.severity,
        "title": msgspec.to_builtins(book.title),
        "digest": book.digest,
    }


def _step(step: dict[str, Any]) -> dict[str, Any]:
    order = ("key", "phase", "title", "role", "action", "after")
    return {name: step[name] for name in order if name in step} | {
        name: value for name, value in step.items() if name not in order
    }


def book_named(name: str) -> Playbook:
    """One of the library, or a YAML file. Raises `Refused` for a name that is neither, `Unreadable` for a broken file."""
    if name in library():
        return library()[name]
    path = Path(name)
    if path.is_file():
        return load(path)
    raise Refused(f"There is no playbook {name!r}.", hint=f"Name a YAML file, or one of: {', '.join(library())}.")


def lint_playbooks(
    paths: Annotated[list[Path] | None, typer.Argument(help="YAML files or folders; without any, the library.")] = None,
) -> Answer:
    """What is wrong, or likely wrong. Exit code 4 where a playbook has an error, 5 where a file cannot be read."""
    rows: list[dict[str, Any]] = []
    unreadable: list[Unreadable] = []
    for path in _files(paths) if paths else ():
        try:
            rows += _problems(str(path), load(path))
        except Unreadable as problem:
            unreadable.append(problem)
    if not paths:
        rows = [row for name, book in library().items() for row in _problems(name, book)]
    rows += [
        {"playbook": problem.source, "level": "error", "place": problem.place, "what": _both(str(problem))}
        for problem in unreadable
    ]
    wrong = any(row["level"] == "error" for row in rows)
    return Answer(rows, code=UNREADABLE if unreadable else DIFFERENCE if wrong else DONE)


def _both(text: str) -> dict[str, str]:
    return {"en": text, "ja": text}


def _files(paths: list[Path]) -> list[Path]:
    return [file for path in paths for file in (sorted(path.rglob("*.y*ml")) if path.is_dir() else [path])]


def _problems(name: str, book: Playbook) -> list[dict[str, Any]]:
    return [{"playbook": name, **msgspec.to_builtins(problem)} for problem in lint(book, ACTIONS)]
