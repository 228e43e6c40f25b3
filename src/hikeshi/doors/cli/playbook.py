"""`playbook list | show | lint | schema`: the written answers. The desk is asked only where somebody is signed in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.exits import DIFFERENCE, DONE, UNREADABLE
from hikeshi.doors.cli.shelved import Files, OnDesk, on_desk
from hikeshi.environment import read_environment
from hikeshi.errors import Refused
from hikeshi.playbooks.folder import load_folder
from hikeshi.playbooks.lint import Problem, review_files
from hikeshi.playbooks.playbook import Playbook, load
from hikeshi.playbooks.shelf import FOLDER, LIBRARY, library
from hikeshi.playbooks.signatures import read_keys


def list_playbooks(files: Files = False) -> Answer:
    """The playbooks there are: where you are signed in those of the desk, with when each was last simulated and exercised; else the files."""
    shelf = on_desk(files=files)
    if shelf is not None:
        rows = [_head(one.playbook) | {"steps": len(one.playbook.steps)} | _stood(one) for one in shelf.values()]
        return Answer(rows, columns=("name", "version", "severity", "origin", "simulated_on", "exercised_on", "title"))
    rows = [
        _head(book) | {"steps": len(book.steps), "origin": "library" if book == library().get(name) else "folder"}
        for name, book in known().items()
    ]
    return Answer(rows, columns=("name", "version", "severity", "origin", "title"))


def show(
    name: Annotated[str, typer.Argument(help="A name of `playbook list`, or a YAML file.")],
    files: Files = False,
) -> dict[str, Any]:
    """One playbook with its steps in order, and where you are signed in with when it was last simulated and exercised."""
    one = (on_desk(files=files or Path(name).is_file()) or {}).get(name)
    book = one.playbook if one else book_named(name)
    return (
        _head(book)
        | (_stood(one) if one else {})
        | {
            "summary": msgspec.to_builtins(book.summary),
            "matches": list(book.matches),
            "steps": [_step(step) for step in msgspec.to_builtins(book.steps)],
        }
    )


def _stood(one: OnDesk) -> dict[str, Any]:
    return {"origin": one.origin, "simulated_on": one.simulated_on, "exercised_on": one.exercised_on}


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
    """One of the folder or the library, or a YAML file. Raises `Refused` for a name that is neither, `Unreadable` for a broken file."""
    there = known()
    if name in there:
        return there[name]
    path = Path(name)
    if path.is_file():
        return load(path)
    raise Refused(f"There is no playbook {name!r}.", hint=f"Name a YAML file, or one of: {', '.join(there)}.")


def known() -> dict[str, Playbook]:
    """Those of the folder over those of the library, by name. `playbook folder` says what in it does not count."""
    environment = read_environment()
    if environment.playbooks is None:
        return library()
    folder = load_folder(environment.playbooks, read_keys(environment.playbook_keys))
    return dict(sorted({**library(), **{name: found.playbook for name, found in folder.books.items()}}.items()))


def lint_playbooks(
    paths: Annotated[list[Path] | None, typer.Argument(help="YAML files or folders; without any, the library.")] = None,
) -> Answer:
    """What is wrong, or likely wrong, each with file, line and field. Exit code 4 where a playbook has an error, 5 where a file cannot be read."""
    files = _files(paths) if paths else [FOLDER / f"{name}.yaml" for name in LIBRARY]
    found = review_files(files)
    rows = [_problem(file, problem) for file, problems in found.items() for problem in problems]
    unreadable = any(problem.place == "file" for problems in found.values() for problem in problems)
    wrong = any(row["level"] == "error" for row in rows)
    columns = ("position", "level", "place", "field", "what")
    return Answer(rows, columns=columns, code=UNREADABLE if unreadable else DIFFERENCE if wrong else DONE)


def write_schema(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="The file to write; without it, standard output.")
    ] = None,
) -> Answer:
    """The format of playbooks as JSON Schema, for editors: `# yaml-language-server: $schema=FILE` as the first line of a playbook."""
    from hikeshi.playbooks.schema import schema, written  # reads its own source, which no other command needs

    if output is None:
        return Answer(schema(), pretty=True)
    output.write_bytes(written())
    return Answer({"file": str(output), "id": schema()["$id"]})


def _files(paths: list[Path]) -> list[Path]:
    return [file for path in paths for file in (sorted(path.rglob("*.y*ml")) if path.is_dir() else [path])]


def _problem(file: Path, problem: Problem) -> dict[str, Any]:
    place = {"position": f"{file}:{problem.line}", "file": str(file), "line": problem.line, "column": problem.column}
    return place | {name: value for name, value in msgspec.to_builtins(problem).items() if name not in {*place, "path"}}
