"""What is wrong, or likely wrong, with a playbook. docs/playbooks.md says the rules to authors.

One file for each subject; CHECKS is the table of everything that is looked at in a playbook that can be read. `review` looks at a text, and
so says the line of each problem, too.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Final

from hikeshi.actions import ACTIONS
from hikeshi.errors import Unreadable
from hikeshi.playbooks.lint import actions, conditions, facts, ids, order, safety, simulations, steps, texts, ways
from hikeshi.playbooks.lint.misfits import misfits
from hikeshi.playbooks.lint.problem import Level, Problem, Subject
from hikeshi.playbooks.playbook import Playbook
from hikeshi.playbooks.shelf import LIBRARY, library
from hikeshi.strict_yaml import Document, parse, read
from hikeshi.text import Text

__all__ = ["CHECKS", "Level", "Problem", "lint", "review", "review_files", "reviewed", "unreadable"]

CHECKS: Final[tuple[Callable[[Subject], Iterator[Problem]], ...]] = (
    actions.approved_when_final,
    actions.bound,
    actions.known,
    actions.same_effect,
    conditions.looked_at,
    conditions.names,
    conditions.usable,
    facts.bindings,
    facts.targets,
    facts.told,
    facts.used,
    ids.outcomes,
    ids.techniques,
    order.circles,
    order.due,
    order.reading,
    safety.containment_ends,
    safety.containment_first,
    safety.evidence_before_containing,
    safety.evidence_first,
    safety.evidence_is_collected,
    simulations.names,
    steps.fallbacks,
    steps.groups,
    steps.keys_given_twice,
    steps.playbooks_within,
    steps.unknown_steps,
    texts.duties,
    texts.languages,
    texts.places,
    ways.can_hold,
    ways.told_apart,
)
"""What is checked, in alphabetical order. Each check takes the subject and yields problems; none raises."""


def lint(
    playbook: Playbook, known_actions: Container[str] = ACTIONS, shelf: Mapping[str, Playbook] | None = None
) -> list[Problem]:  # fmt: skip
    """Everything wrong with a playbook, in the order of CHECKS. Lines are not known here, see `review`.

    `known_actions` holds the names of the actions that may be used; `shelf` the playbooks that may be run within this one, by name: None
    where that is not known, so that it is not judged.
    """
    subject = Subject(playbook, known_actions, shelf)
    return [problem for check in CHECKS for problem in check(subject)]


def review(text: bytes, source: str = "playbook", shelf: Mapping[str, Playbook] | None = None) -> list[Problem]:
    """Everything wrong with the text of a playbook, in the order of the lines. Never raises: what cannot be read is a problem, too."""
    try:
        document = parse(text, source=source)
    except Unreadable as problem:
        return [unreadable(problem)]
    return reviewed(document, shelf=shelf)[1]


def reviewed(
    document: Document, known_actions: Container[str] = ACTIONS, shelf: Mapping[str, Playbook] | None = None
) -> tuple[Playbook | None, list[Problem]]:  # fmt: skip
    """The playbook that a file holds, None where it holds none, and everything wrong with it, with lines, in their order."""
    found = misfits(document)
    if found:
        return None, _in_order(found)
    book = document.convert(Playbook)
    return book, _in_order([problem.placed(document.marks) for problem in lint(book, known_actions, shelf)])


def review_files(files: Iterable[Path]) -> dict[Path, list[Problem]]:
    """Everything wrong with each of these files. A playbook may run those of the other files, and of the library, within."""
    documents: dict[Path, Document | Problem] = {}
    for file in files:
        try:
            documents[file] = read(file)
        except Unreadable as problem:
            documents[file] = unreadable(problem)
    shelf = Shelf(document for document in documents.values() if isinstance(document, Document))
    return {
        file: [found] if isinstance(found, Problem) else reviewed(found, shelf=shelf)[1]
        for file, found in documents.items()
    }


class Shelf(Mapping[str, Playbook]):
    """The playbooks of some files, and of the library. Read only when one is looked for, which few playbooks need."""

    def __init__(self, documents: Iterable[Document]) -> None:
        self._documents = documents

    @cached_property
    def _own(self) -> dict[str, Playbook]:
        found = {}
        for document in self._documents:
            with contextlib.suppress(Unreadable):
                book = document.convert(Playbook)
                found[book.name] = book
        return found

    def __getitem__(self, name: str) -> Playbook:
        return self._own[name] if name in self._own else library()[name]

    def __iter__(self) -> Iterator[str]:
        return iter(dict.fromkeys((*self._own, *LIBRARY)))

    def __len__(self) -> int:
        return len({*self._own, *LIBRARY})


def unreadable(problem: Unreadable) -> Problem:
    """What is no YAML at all, as a problem of the list."""
    line, column = (int(number) for number in (*re.findall(r"\d+", problem.place), 0, 0)[:2])
    said = problem.message.removeprefix(f"{problem.source}, {problem.place}: ").removeprefix(f"{problem.source}: ")
    return Problem("error", "file", Text(f"{said}.", f"読み取れません: {said}"), line=line, column=column)


def _in_order(problems: list[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: (problem.line, problem.column))
