"""An organisation's own playbooks from a folder, such as a git checkout: every `*.yaml` in it, one playbook each.

What is wrong with one file is said of that file, and the others are taken. A file that has an error by `lint` is not taken, as it would
not be published; where keys are named, neither is one that none of them has signed.
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.playbooks.commits import commit_of
from hikeshi.playbooks.lint import reviewed
from hikeshi.playbooks.playbook import Playbook
from hikeshi.playbooks.signatures import Signed, check, content_of, signature_file
from hikeshi.strict_yaml import parse

MOST_FILES: Final = 500


class Found(msgspec.Struct, frozen=True):
    """A file that counts. `source` is its text."""

    playbook: Playbook
    path: Path
    signed: Signed
    source: str


class Folder(NamedTuple):
    """What a folder gave: its playbooks by name, what is wrong with the others, and the commit of the checkout ("" for none)."""

    books: dict[str, Found]
    problems: list[Unreadable]
    commit: str = ""


def load_folder(folder: Path, keys: Iterable[str] = (), *, known: Iterable[str] = ()) -> Folder:
    """Read a folder anew where anything in it has changed.

    `keys`: public keys (PEM); where there are any, only files signed by one of them count. `known`: keys by which signatures are told
    apart, without which a file counts as well. A folder that cannot be read is one problem.
    """
    try:
        files = [*sorted(folder.glob("*.yaml")), *sorted(folder.glob("*.yml"))]
        stamps = tuple((file, _stamp(file), _stamp(signature_file(file))) for file in files[: MOST_FILES + 1])
    except OSError as error:
        return Folder({}, [Unreadable(f"cannot be read: {error.strerror}", source=str(folder))])
    if not folder.is_dir():
        return Folder({}, [Unreadable("is no folder", source=str(folder), hint="Check HIKESHI_PLAYBOOKS.")])
    found = _read(stamps, tuple(keys), tuple(known))
    return Folder(dict(found.books), list(found.problems), commit_of(folder))


Stamp = tuple[int, int, int] | None


def _stamp(path: Path) -> Stamp:
    """What changes when a file does."""
    try:
        seen = path.stat()
    except FileNotFoundError:
        return None
    return seen.st_ino, seen.st_size, seen.st_mtime_ns


@functools.lru_cache(maxsize=8)
def _read(stamps: tuple[tuple[Path, Stamp, Stamp], ...], keys: tuple[str, ...], known: tuple[str, ...]) -> Folder:
    folder = Folder({}, [])
    for path, _, _ in stamps[:MOST_FILES]:
        try:
            found = _file(path, keys, known)
            if found.playbook.name in folder.books:
                other = folder.books[found.playbook.name].path.name
                raise _wrong(path, f"{found.playbook.name} is in {other} already")
            folder.books[found.playbook.name] = found
        except Unreadable as problem:
            folder.problems.append(problem)
    if len(stamps) > MOST_FILES:
        folder.problems.append(_wrong(stamps[0][0].parent, f"has more than {MOST_FILES} playbooks"))
    return folder


def _file(path: Path, keys: tuple[str, ...], known: tuple[str, ...]) -> Found:
    """Raises `Unreadable` with the reason why it does not count."""
    if not path.resolve().is_relative_to(path.parent.resolve()):
        raise _wrong(path, "is a link out of the folder")
    content = content_of(path)
    signed = check(path, content, (*keys, *known))
    if keys and check(path, content, keys).state != "signed":
        said = (
            "has no signature"
            if signed.state == "unsigned"
            else "its signature is of another text, or of a key not named"
        )
        raise _wrong(path, said, hint="HIKESHI_PLAYBOOK_KEYS asks for one; `hikeshi playbook sign` makes it.")
    document = parse(content, source=str(path))
    book, problems = reviewed(document)
    first = next((one for one in problems if one.level == "error"), None)
    if book is None or first is not None:
        said, line = (f"{first.place} {first.field}: {first.what.en}", first.line) if first else ("is no playbook", 1)
        raise Unreadable(said, source=str(path), place=f"line {line}", hint="`hikeshi playbook lint` says all of it.")
    return Found(book, path, signed, content.decode("utf-8-sig"))


def _wrong(path: Path, what: str, *, hint: str = "") -> Unreadable:
    return Unreadable(what, source=str(path), hint=hint)
