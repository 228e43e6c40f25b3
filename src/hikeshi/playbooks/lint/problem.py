"""A problem of a playbook, and the playbook as the checks see it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from functools import cached_property
from typing import Final, Literal

import msgspec

from hikeshi.playbooks.flow import ancestors
from hikeshi.playbooks.playbook import Playbook, StepSpec
from hikeshi.strict_yaml import Marks
from hikeshi.text import Text

Level = Literal["error", "warning"]
Path = tuple[str | int, ...]
SHORT: Final = 60
"""Characters of a foreign name in a sentence."""


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong. An `error` keeps a playbook from being published; a `warning` is shown.

    `place` says where for people ("step 2.1", or a field of the playbook), `path` for programs (("steps", 3, "inputs", "user")), `field` the part of the
    path within the place ("inputs.user"). `line` and `column` count from 1; 0 where no text is at hand.
    """

    level: Level
    place: str
    what: Text
    path: Path = ()
    field: str = ""
    line: int = 0
    column: int = 0

    def placed(self, marks: Marks) -> Problem:
        """The same with its line: of its field, or of the nearest part around it that is written down."""
        path = self.path
        while path and path not in marks:
            path = path[:-1]
        mark = marks[path]
        return msgspec.structs.replace(self, line=mark.line + 1, column=mark.column + 1)


class Subject:
    """A playbook with what checks ask about it again and again."""

    def __init__(self, book: Playbook, actions: Container[str], shelf: Mapping[str, Playbook] | None = None) -> None:
        self.book, self.actions, self.shelf = book, actions, shelf
        self._numbers = {id(step): number for number, step in enumerate(book.steps)}

    @cached_property
    def steps(self) -> dict[str, StepSpec]:
        """By key; of a key that is given twice, the first."""
        return {step.key: step for step in reversed(self.book.steps)}

    @cached_property
    def groups(self) -> dict[str, list[StepSpec]]:
        found: dict[str, list[StepSpec]] = {}
        for step in self.book.steps:
            if step.group:
                found.setdefault(step.group, []).append(step)
        return found

    @cached_property
    def before(self) -> dict[str, frozenset[str]]:
        """For each step the keys of everything that is over before it starts."""
        return ancestors(self.book)

    def error(self, at: StepSpec | None, field: Path | str, en: str, ja: str) -> Problem:
        """An error at a field of a step, or of the playbook where `at` is None."""
        return self._problem("error", at, field, en, ja)

    def warning(self, at: StepSpec | None, field: Path | str, en: str, ja: str) -> Problem:
        return self._problem("warning", at, field, en, ja)

    def at(self, level: Level, path: Path, en: str, ja: str) -> Problem:
        """A problem at a path from the top of the file."""
        place, field = _said(path, self.book)
        return Problem(level, place, Text(en, ja), path, field)

    def _problem(self, level: Level, at: StepSpec | None, field: Path | str, en: str, ja: str) -> Problem:
        inner = (field,) if isinstance(field, str) else field
        start: Path = ("steps", self._numbers[id(at)]) if at is not None else ()
        return self.at(level, (*start, *inner), en, ja)


def _said(path: Path, book: Playbook) -> tuple[str, str]:
    """The place in words, and the field within it."""
    match path:
        case ("steps", int(number), *rest):
            place = f"step {book.steps[number].key}"
        case ("simulations", int(number), *rest):
            place = f"simulation {book.simulations[number].name}"
        case (first, *rest):
            place = str(first)
        case _:
            return "playbook", ""
    return place, dotted(tuple(rest)) or ("" if place.startswith(("step ", "simulation ")) else place)


def dotted(path: Path) -> str:
    """A path as people write it: ("inputs", "hosts", 0) is "inputs.hosts.0"."""
    return ".".join(str(part) for part in path)


def short(name: object) -> str:
    """A foreign name, cut to what fits into a sentence."""
    said = str(name)
    return said if len(said) <= SHORT else f"{said[: SHORT - 3]}..."


def listed(names: Iterable[str]) -> str:
    """Names for a sentence, the first dozen."""
    known = sorted(names)
    return ", ".join(known[:12]) + (", ..." if len(known) > 12 else "") if known else "-"
