"""Playing a playbook: steps open as the desk opens them (`playbooks/flow.py`), people's steps are done at once, waiting takes no time.

    trace = Rehearsal(book, simulation, hands, facts).play()

The clock is made up and jumps from one event to the next. Who does the actions is in `hands.py`; what is expected of the result is
judged in `judging.py`.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, Final

from hikeshi.errors import HikeshiError, Refused
from hikeshi.playbooks import flow
from hikeshi.playbooks.conditions import condition
from hikeshi.playbooks.facts import bind, checked, told_by_alert, world
from hikeshi.playbooks.playbook import Playbook, Simulation, StepSpec
from hikeshi.playbooks.states import ENDED
from hikeshi.simulation.hands import Ended, Hands
from hikeshi.simulation.traces import Beat
from hikeshi.text import Text

PLACEHOLDER: Final = re.compile(r"<([a-z_]+)>")
DEEPEST: Final = 5
"""Playbooks within playbooks."""
MOST_BEATS: Final = 5_000
"""Moves of one way: no playbook that ends needs as many."""

IT_ENDED: Final = Text("The simulation has it end like this.", "シミュレーションの指定による結果。")
BY_PEOPLE: Final = Text("Done by people.", "担当者が実施。")
OVER: Final = Text("The time is over.", "待ち時間が経過。")
OWN: Final = Text("Its own simulations play it.", "専用のシミュレーションで確認。")
HAPPENED: Final = Text("What it waited for has happened.", "待っていた条件が成立。")

Find = Callable[[str], Playbook]
"""Gives the playbook of a name, for steps that run another one. Raises `Refused`."""


def filled(value: Any, names: Mapping[str, Any]) -> Any:
    """A fact of a simulation with its placeholders put in. Raises `Refused` for one that nothing gives."""
    if isinstance(value, list):
        return [filled(one, names) for one in value]
    if not isinstance(value, str):
        return value

    def put(found: re.Match[str]) -> str:
        if found[1] not in names:
            raise Refused(
                f"No scene gives {found[0]}.", hint=f"There are {', '.join(f'<{one}>' for one in sorted(names))}."
            )
        return str(names[found[1]])

    return PLACEHOLDER.sub(put, value)


class Rehearsal:
    """One way through one playbook. After `play`, what happened is in `beats`, `states`, `choices`, `facts` and `wrong`."""

    def __init__(
        self, book: Playbook, way: Simulation, hands: Hands, facts: Mapping[str, Any], *,
        names: Mapping[str, Any] | None = None, find: Find | None = None, began: float = 0.0, within: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        self.book, self.way, self.hands = book, way, hands
        self.names, self.find, self.within = names or {}, find, within
        self.facts: dict[str, Any] = {**facts, **told_by_alert(book, facts)}
        self.states = dict.fromkeys((step.key for step in book.steps), "waiting")
        self.choices: dict[str, str] = {}
        self.beats: list[Beat] = []
        self.wrong: list[tuple[str, Text]] = []
        """What must not be, by the key of the step."""
        self.now = began
        self._events: list[tuple[float, int, str, Ended]] = []
        self._number = count()
        self._waits: list[StepSpec] = []

    def play(self) -> Rehearsal:
        """Go on until nothing moves any more. Raises `Refused` where it never ends."""
        self._move()
        while self._events:
            at, _, key, ended = heapq.heappop(self._events)
            if self.states[key] not in ENDED:  # a wait may have ended before its time
                self.now = at
                self._end(key, ended)
            if not (self._events and self._events[0][0] <= self.now):
                self._move()
        return self

    def _move(self) -> None:
        """Open what can open, and end the waits whose condition holds, until neither changes anything."""
        while True:
            fresh = flow.moves(self.book, self.states, self.choices, self.facts)
            for move in fresh:
                self._carry(self.book.step(move.key), move)
            met = [step for step in self._waits if self._holds(step)]
            for step in met:
                self._end(step.key, Ended("done", why=HAPPENED))
            if not met:
                return

    def _holds(self, step: StepSpec) -> bool:
        if step.wait is None or not step.wait.until:
            return False
        seen = world(self.book, self.facts, self.states, self.choices)
        try:
            return condition(step.wait.until).holds(seen)
        except Refused as problem:
            self.wrong.append((step.key, Text(str(problem), str(problem))))
            return False

    def _carry(self, step: StepSpec, move: flow.Move) -> None:
        if move.to != "open":
            self._note(step.key, move.to, move.why)
            return
        if (forced := self.way.comes_to.get(step.key)) is not None:
            self._note(step.key, "open")
            self._later(step.key, Ended(forced, why=IT_ENDED))
        elif step.for_each:
            self._note(step.key, "running")
            self._each(step, move)
        else:
            self._note(step.key, "open" if step.kind not in {"wait", "playbook", "notify"} else "running")
            self._later(step.key, self._done(step, step.key, dict(move.inputs)))

    def _each(self, step: StepSpec, move: flow.Move) -> None:
        """Each target in its turn; the step is as well as all of them are."""
        ends = []
        for number, item in enumerate(move.items, 1):
            key = f"{step.key}/{number}"
            ended = self._done(step, key, bind(self.book, step, self.facts, item))
            said = ended.why or Text("", "")
            self._note(key, ended.state, Text(f"{item}: {said.en}", f"{item}: {said.ja}"), ended.calls)
            ends.append(ended)
        state = flow.sum_up([one.state for one in ends])
        self._later(step.key, Ended(state, max((one.seconds for one in ends), default=0.0)))

    def _done(self, step: StepSpec, key: str, inputs: dict[str, Any]) -> Ended:
        kinds: dict[str, Callable[[], Ended]] = {
            "action": lambda: self._act(step, key, inputs),
            "decision": lambda: self._decided(step),
            "notify": lambda: self._notified(step),
            "playbook": lambda: self._inner(step, key),
            "wait": lambda: self._waited(step),
        }
        return kinds.get(step.kind, lambda: self._by_people(step))()

    def _act(self, step: StepSpec, key: str, inputs: dict[str, Any]) -> Ended:
        ended = self.hands.carry_out("/".join((*self.within, key)), step.action, inputs, self.now)
        self.wrong += [(self._label(key), text) for text in ended.wrong]
        return ended

    def _by_people(self, step: StepSpec) -> Ended:
        self._told(step)
        return Ended("done", why=BY_PEOPLE)

    def _decided(self, step: StepSpec) -> Ended:
        self._told(step)
        values = {option.value: option.label for option in step.options}
        chosen = self.way.choices.get(step.key, step.options[0].value)
        if chosen not in values:
            said = f"{chosen} is no option; there are {', '.join(values)}."
            self.wrong.append((self._label(step.key), Text(said, f"{chosen} という選択肢はない")))
        self.choices[step.key] = chosen
        return Ended("done", why=values.get(chosen, BY_PEOPLE))

    def _told(self, step: StepSpec) -> None:
        for name, value in self.way.told.get(step.key, {}).items():
            spec = self.book.facts.get(name)
            if spec is None:
                said = Text(f"There is no fact {name}.", f"{name} という事実はない。")
                self.wrong.append((self._label(step.key), said))
                continue
            try:
                self.facts[f"fact.{name}"] = checked(spec, name, filled(value, self.names))
            except Refused as problem:
                self.wrong.append((self._label(step.key), Text(str(problem), str(problem))))

    def _notified(self, step: StepSpec) -> Ended:
        assert step.message is not None  # noqa: S101  FIELDS_OF says so
        return Ended("done", why=rendered(step.message.subject, self.facts))

    def _waited(self, step: StepSpec) -> Ended:
        assert step.wait is not None  # noqa: S101  as above
        if step.wait.until:
            self._waits.append(step)
        return Ended("done", step.wait.seconds, OVER)

    def _inner(self, step: StepSpec, key: str) -> Ended:
        """The other playbook, played to its end with the same account and what is known so far; without `find` it is taken as done.

        So is one that asks people for facts, as nobody here can tell them: its own simulations play it.
        """
        name = str(step.playbook)
        if self.find is None:
            return Ended("done")
        if len(self.within) >= DEEPEST:
            return Ended("failed", why=Text(f"{name} is nested too deeply.", f"{name} の入れ子が深すぎる"))
        known = {fact: value for fact, value in self.facts.items() if not fact.startswith("fact.")}
        try:
            book = self.find(name)
            if any(step.asks for step in book.steps):
                return Ended("done", why=OWN)
            inner = Rehearsal(
                book, Simulation(name="inner"), self.hands, known, names=self.names, find=self.find,
                began=self.now, within=(*self.within, key),
            ).play()  # fmt: skip
        except HikeshiError as problem:
            return Ended("failed", why=Text(str(problem), str(problem)))
        self.beats += inner.beats
        self.wrong += inner.wrong
        state = flow.sum_up(
            [one for one in inner.states.values() if one in ENDED]
        )  # what waits for facts is left to its own simulations
        return Ended(state, inner.now - self.now)

    def _later(self, key: str, ended: Ended) -> None:
        heapq.heappush(self._events, (self.now + ended.seconds, next(self._number), key, ended))

    def _end(self, key: str, ended: Ended) -> None:
        self._waits = [step for step in self._waits if step.key != key]
        self._note(key, ended.state, ended.why, ended.calls)

    def _note(self, key: str, state: str, why: Text | None = None, calls: tuple[str, ...] = ()) -> None:
        if len(self.beats) >= MOST_BEATS:
            raise Refused(
                f"{self.book.name} has not ended after {MOST_BEATS} moves.", hint="Look for steps that open each other."
            )
        was = self.states.get(key, "")
        if key in self.states:
            self.states[key] = state
        at = int(self.now)
        self.beats.append(Beat(at=at, key=self._label(key), was=was, now=state, why=why, calls=calls))

    def _label(self, key: str) -> str:
        return ">".join((*self.within, key))


SLOT: Final = re.compile(r"\{([a-z]+\.[a-z_0-9]+)\}")


def rendered(text: Text, facts: Mapping[str, Any]) -> Text:
    """A text of a message with its facts put in; what is not known stays as it is written."""

    def put(found: re.Match[str]) -> str:
        value = facts.get(found[1])
        return found[0] if value is None else ", ".join(map(str, value)) if isinstance(value, list) else str(value)

    return Text(SLOT.sub(put, text.en), SLOT.sub(put, text.ja))
