"""What a draft's text comes to: the playbook in it, what lint says, how many have to say yes, what has changed since it was published."""

from __future__ import annotations

import difflib
from collections.abc import Iterator
from typing import NamedTuple

from hikeshi.actions import ACTIONS
from hikeshi.desk.playbooks.reading import Shelved, books, shelf
from hikeshi.errors import Refused, Unreadable
from hikeshi.playbooks.lint import Problem, reviewed, unreadable
from hikeshi.playbooks.playbook import Playbook, StepSpec
from hikeshi.strict_yaml import parse


class Checked(NamedTuple):
    """A text as it was understood: `book` is None where it is no playbook. `said` is in the order of the lines."""

    book: Playbook | None
    said: tuple[Problem, ...]

    @property
    def errors(self) -> int:
        return sum(one.level == "error" for one in self.said)


def check(text: str) -> Checked:
    """Read a text from people. Never raises for what stands in it."""
    try:
        document = parse(text.encode("utf-8", "replace"), source="playbook")
    except Unreadable as problem:
        return Checked(None, (unreadable(problem),))
    book, said = reviewed(document, shelf=books())
    return Checked(book, tuple(said))


def clean(text: str) -> Playbook:
    """The playbook of a text that has no error. Raises `Refused` naming the first one."""
    found = check(text)
    first = next((one for one in found.said if one.level == "error"), None)
    if found.book is None or first is not None:
        said = first.what.en if first else ""
        raise Refused(
            f"It has {found.errors} errors, the first in line {first.line if first else 0}: {said}",
            hint="Put them right first; `hikeshi playbook lint` and the editor name them all.",
        )
    return found.book


def needed(book: Playbook) -> int:
    """How many have to say yes: two where a step takes something away from somebody, one otherwise."""
    return 2 if any(takes(step) for step in book.steps) else 1


def takes(step: StepSpec) -> bool:
    """Whether a step contains or destroys, by its own word or by its action's."""
    effects = {step.effect, ACTIONS[step.action].effect if step.action in ACTIONS else ""}
    return bool(effects & {"contain", "destroy"})


class Change(NamedTuple):
    """A step that is new, gone or changed, or "" for the head of the playbook."""

    key: str
    what: str
    """"new", "gone" or "changed"."""
    fields: tuple[str, ...] = ()


def changes(before: Playbook | None, after: Playbook) -> list[Change]:
    """What is another than in the version before, step by step."""
    if before is None:
        return []
    old, new = ({step.key: step for step in book.steps} for book in (before, after))
    head = _fields(before, after, {"steps", "version", "name"})
    found = [Change("", "changed", head)] if head else []
    found += [Change(key, "new") for key in new if key not in old]
    found += [
        Change(key, "changed", fields) for key in new if key in old and (fields := _fields(old[key], new[key], set()))
    ]
    return found + [Change(key, "gone") for key in old if key not in new]


def _fields(before: Playbook | StepSpec, after: Playbook | StepSpec, without: set[str]) -> tuple[str, ...]:
    names = [name for name in type(before).__struct_fields__ if name not in without]
    return tuple(name for name in names if getattr(before, name) != getattr(after, name))


def text_of(found: Shelved) -> str:
    """The YAML that people wrote of a playbook on the shelf."""
    if found.row is not None:
        return found.row.source
    with open(found.place, encoding="utf-8-sig", newline="") as stream:  # noqa: PTH123 - newlines as they are
        return stream.read()


def difference(before: str, after: str) -> Iterator[str]:
    """The lines of a unified difference of two texts."""
    return difflib.unified_diff(before.splitlines(), after.splitlines(), "published", "draft", lineterm="")


def standing(name: str) -> Shelved | None:
    """What is on the shelf under that name now."""
    return shelf().books.get(name)
