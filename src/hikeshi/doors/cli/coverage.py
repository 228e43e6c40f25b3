"""`playbook coverage`: which findings and techniques have an answer. The desk is asked only where somebody is signed in."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.shelved import Files, on_desk
from hikeshi.doors.coverage import covered
from hikeshi.playbooks.playbook import load
from hikeshi.playbooks.shelf import library


def show_coverage(
    paths: Annotated[
        list[Path] | None, typer.Argument(help="YAML files or folders, beside the others and over them.")
    ] = None,
    files: Files = False,
) -> Answer:
    """Families of GuardDuty findings and ATT&CK techniques, those without an answer first.

    What answers is the shelf of the desk (published versions, folder, library) where you are signed in, else the library.
    """
    shelf = on_desk(files=files)
    books = library() if shelf is None else {name: one.playbook for name, one in shelf.items()}
    for path in paths or ():
        for file in sorted(path.rglob("*.y*ml")) if path.is_dir() else [path]:
            book = load(file)
            books[book.name] = book
    found = covered(books.values())
    rows = [
        {"kind": kind, **line}
        for kind, lines in (("finding", found["findings"]), ("technique", found["techniques"]))
        for line in lines
    ]
    return Answer(rows, columns=("kind", "name", "title", "state", "playbooks"))
