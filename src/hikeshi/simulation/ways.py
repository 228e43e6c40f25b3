"""The ways through a playbook that its file does not describe: each option of each decision, and each step for a failure, at least once.

Found by playing without an account, which costs a few milliseconds, with one thing after another changed that a condition looks at.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations, islice, product
from typing import Any, Final, NamedTuple

from hikeshi.errors import HikeshiError
from hikeshi.playbooks.conditions import condition
from hikeshi.playbooks.flow import ancestors, fallback_for
from hikeshi.playbooks.playbook import Input, Playbook, Simulation, StepSpec
from hikeshi.simulation.hands import Idle
from hikeshi.simulation.rehearsing import Rehearsal
from hikeshi.simulation.samples import PLACES, samples, scenes_for

MOST_TRIES: Final = 150
"""Ways that are tried for one thing that has not been reached."""
DEEPEST: Final = 3
"""Things changed at the same time."""
DONE: Final = frozenset({"done", "partial"})

Goal = tuple[str, str]
"""A step to be done ("2.1", "") or an option to be taken ("1.4", "isolate")."""
Change = tuple[str, str, Any]
"""One thing to be changed: ("choice", "1.4", "isolate"), ("state", "2.1", "failed") or ("fact", "fact.hosts", [])."""


class Ways(NamedTuple):
    """Simulations that were worked out, and what none reaches: "2.1", or "1.4=isolate"."""

    derived: tuple[Simulation, ...]
    uncovered: tuple[str, ...]


def ways(book: Playbook) -> Ways:
    """What the simulations of the file leave out."""
    search = _Search(book)
    open_ = [goal for goal in goals(book) if goal not in search.covered(book.simulations)]
    found: list[Simulation] = []
    if not book.simulations or search.reached(search.way("try", {})).intersection(open_):
        found, open_ = _take(search, open_, {}, found)
    for place in range(1, max((len(step.options) for step in book.steps), default=0)):
        found, open_ = _all_at_once(search, open_, place, found)
    missed = []
    while open_:
        goal = open_[0]
        changes = search.reaching(goal)
        if changes is None:
            missed.append(goal)
            open_ = open_[1:]
        else:
            found, open_ = _take(search, open_, changes, found)
    return Ways(tuple(found), tuple(f"{key}={option}" if option else key for key, option in missed))


def _all_at_once(
    search: _Search, open_: list[Goal], place: int, found: list[Simulation]
) -> tuple[list[Simulation], list[Goal]]:
    """Every decision with its option at this place: one way that often reaches what many would."""
    decisions = [step for step in search.book.steps if step.options]
    changes = {("choice", step.key): step.options[min(place, len(step.options) - 1)].value for step in decisions}
    reached = search.reached(search.way("try", changes))
    return _take(search, open_, changes, found) if reached.intersection(open_) else (found, open_)


def _take(
    search: _Search, open_: list[Goal], changes: dict[tuple[str, str], Any], found: list[Simulation]
) -> tuple[list[Simulation], list[Goal]]:
    way = search.way(f"derived-{len(found) + 1}", changes)
    reached = search.reached(way)
    return [*found, way], [goal for goal in open_ if goal not in reached]


def goals(book: Playbook) -> list[Goal]:
    return [
        goal for step in book.steps for goal in ((step.key, ""), *((step.key, option.value) for option in step.options))
    ]


class _Search:
    def __init__(self, book: Playbook) -> None:
        self.book = book
        self.before = ancestors(book)
        self.failures = fallback_for(book)
        self.samples = samples(book)
        self.scene = " ".join(scenes_for(book, self.samples))
        self.asked = {name: step.key for step in reversed(book.steps) for name in step.asks}

    def way(self, name: str, changes: Mapping[tuple[str, str], Any]) -> Simulation:
        facts = {**self.samples, **{key: value for (kind, key), value in changes.items() if kind == "fact"}}
        told: dict[str, dict[str, Input]] = {}
        for fact, step in self.asked.items():
            if (value := facts.pop(f"fact.{fact}", None)) not in (None, "", []):
                told.setdefault(step, {})[fact] = value
        return Simulation(
            name=name, scene=self.scene, told=told, facts={key: value for key, value in facts.items() if value != ""},
            choices={key: value for (kind, key), value in changes.items() if kind == "choice"},
            comes_to={key: value for (kind, key), value in changes.items() if kind == "state"},
        )  # fmt: skip

    def covered(self, simulations: Iterable[Simulation]) -> set[Goal]:
        return {goal for way in simulations for goal in self.reached(way)}

    def reached(self, way: Simulation) -> set[Goal]:
        """What this way comes to, without an account; what scenes would give is there by its name."""
        names = dict.fromkeys(PLACES, "there")
        try:
            played = Rehearsal(self.book, way, Idle(), way.facts, names=names).play()
        except HikeshiError:
            return set()
        done = {(key, "") for key, state in played.states.items() if state in DONE}
        return done | set(played.choices.items())

    def reaching(self, goal: Goal) -> dict[tuple[str, str], Any] | None:
        """The fewest changes that reach it, None where none of those tried does."""
        key, option = goal
        step = self.book.step(key)
        fixed: list[Change] = [("choice", key, option)] if option else []
        fixed += [("state", cause, "failed") for cause in self.failures.get(key, ())]
        for tried in islice(self._combinations(step), MOST_TRIES):
            changes = {(kind, name): value for kind, name, value in (*tried, *fixed)}
            if goal in self.reached(self.way("try", changes)):
                return changes
        return None

    def _combinations(self, step: StepSpec) -> Iterator[tuple[Change, ...]]:
        """What the step looks at itself comes first, then what those before it look at."""
        yield ()
        before = [one for one in self.book.steps if one.key in self.before[step.key]]
        causes = [self.book.step(cause) for cause in self.failures.get(step.key, ())]
        for near in ([step, *causes], [step, *before]):
            domains = self._domains(near)
            for cause in (cause for one in near for cause in self.failures.get(one.key, ())):
                domains["state", cause] = ["failed"]
            for size in range(1, DEEPEST + 1):
                for names in combinations(domains, size):
                    for values in product(*(domains[name] for name in names)):
                        yield tuple((kind, key, value) for (kind, key), value in zip(names, values, strict=True))

    def _domains(self, near: list[StepSpec]) -> dict[tuple[str, str], list[Any]]:
        """What the conditions of these steps look at, and the values it can be given."""
        found: dict[tuple[str, str], list[Any]] = {}
        texts = [one.when for one in near if one.when] + [one.wait.until for one in near if one.wait and one.wait.until]
        for text in texts:
            for name in condition(text).names:
                root, _, rest = name.partition(".")
                if root == "choice" and any(one.key == rest for one in self.book.steps):
                    options = [option.value for option in self.book.step(rest).options]
                    found["choice", rest] = sorted(options, key=lambda one: f'"{one}"' not in text)
                elif root == "state":
                    found["state", rest] = ["failed", "skipped", "partial"]
                elif root in {"fact", "alert", "incident"}:
                    found["fact", name] = _values(self.samples.get(name), text, found.get(("fact", name), []))
        for one in near:
            if one.for_each:
                found.setdefault(("fact", one.for_each.lstrip("$")), []).append([])
        return found


_LITERAL: Final = re.compile(r"\"([^\"]*)\"|'([^']*)'|\b(\d+)\b")


def _values(sample: Any, text: str, known: list[Any]) -> list[Any]:
    """Other values for a fact that this condition looks at: what it is compared with, and what is empty."""
    if isinstance(sample, bool):
        return [False, True]
    if "<" in str(sample):  # it names something of the account: nothing else would be found there
        return [[] if isinstance(sample, list) else ""]
    written = [one[0] or one[1] or one[2] for one in _LITERAL.findall(text)]
    if isinstance(sample, int):
        numbers = {int(one) for one in written if one.isdecimal()}
        return [*known, 0, *sorted({near for one in numbers for near in (one - 1, one, one + 1)})]
    if isinstance(sample, list):
        return [*known, [], *([one] for one in written if one)]
    return [*known, *(one for one in written if one), ""]
