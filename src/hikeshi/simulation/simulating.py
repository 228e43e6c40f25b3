"""Playing a playbook in all its ways: those that its file describes, and those that they leave out.

with stage() as account:
report = simulate(book, account, find=find)
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any, Final

import msgspec

from hikeshi.errors import HikeshiError, Refused
from hikeshi.playbooks.playbook import Playbook, Simulation
from hikeshi.simulation.account import Account, running_account
from hikeshi.simulation.differences import Watched
from hikeshi.simulation.hands import InAccount
from hikeshi.simulation.judging import judged, undoing
from hikeshi.simulation.rehearsing import Find, Rehearsal, filled
from hikeshi.simulation.samples import TOLD
from hikeshi.simulation.scenes import EVERYWHERE, build
from hikeshi.simulation.traces import Beat, Mismatch, Trace
from hikeshi.simulation.ways import ways
from hikeshi.text import Text

KNOWN: Final = ("alert.account", "alert.finding_id", "alert.region", "incident.name")
"""Facts that are there although a simulation does not name them."""


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """All ways of one version. `uncovered` are steps ("2.1") and options ("1.4=isolate") that none of them reaches."""

    playbook: str
    version: int
    digest: str
    traces: tuple[Trace, ...]
    uncovered: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        return all(trace.passed for trace in self.traces)


class Stage:
    """Where ways are played one after the other. The account is opened with the first thing that needs it, and built anew only where
    the way before has left something.
    """

    def __init__(self, kept: ExitStack) -> None:
        self._kept = kept
        self._account: Account | None = None
        self._scene: str | None = None
        self._names: dict[str, Any] = dict(EVERYWHERE)
        self._played = 0
        self._watched: Watched | None = None

    @property
    def account(self) -> Account:
        """Raises `Failed` without moto."""
        if self._account is None:
            self._account = self._kept.enter_context(running_account())
        return self._account

    def set(self, scene: str) -> tuple[dict[str, Any], InAccount]:
        """The names of what stands there, and hands to act with. Raises `Refused` for a scene that is none."""
        if scene.split():
            self._build(scene)
        self._played += 1
        return self._names, InAccount(lambda: self._watch(scene), f"INC-2026-{self._played:04d}")

    def _watch(self, scene: str) -> Watched:
        """The account with this scene in it, and how it stands as far as that is known."""
        self._build(scene)
        self._watched = Watched(self.account, self._watched.known if self._watched else None)
        return self._watched

    def _build(self, scene: str) -> None:
        """Put the scene up, but where it still stands as it was, with nothing but evidence beside it."""
        if scene == self._scene and not (self._watched and self._watched.spoilt):
            return
        self._scene, self._watched = None, None
        self.account.reset()
        self.account.simulated.lookups.paced = False
        self.account.bucket()
        self._names = build(self.account, scene.split())
        self._scene = scene


@contextmanager
def stage() -> Iterator[Stage]:
    """A stage with an account in this process, gone at the end."""
    with ExitStack() as kept:
        yield Stage(kept)


def simulate(
    book: Playbook, on: Stage, *, find: Find | None = None, only: str = "", told: Callable[[Trace], None] = lambda _: None
) -> Report:  # fmt: skip
    """Play every way, or the one named `only`; `told` hears of each as it ends. Raises `Refused` for a way that is none."""
    further = ways(book)
    derived = {way.name for way in further.derived}
    chosen = [way for way in (*book.simulations, *further.derived) if only in ("", way.name)]
    if not chosen:
        names = ", ".join(way.name for way in (*book.simulations, *further.derived))
        raise Refused(f"{book.name} has no simulation {only!r}.", hint=f"There are {names}.")
    traces = []
    for way in chosen:
        traces.append(play(book, way, on, find=find, derived=way.name in derived))
        told(traces[-1])
    return Report(
        playbook=book.name, version=book.version, digest=book.digest, traces=tuple(traces),
        uncovered=further.uncovered if not only else (),
    )  # fmt: skip


def play(book: Playbook, way: Simulation, on: Stage, *, find: Find | None = None, derived: bool = False) -> Trace:
    """Play one way, undo what it has contained, and judge it."""
    try:
        names, hands = on.set(way.scene)
        played = Rehearsal(book, way, hands, _facts(book, way, names), names=names, find=find).play()
    except HikeshiError as problem:
        wrong = Mismatch(step="", expected="", found="", what=Text(str(problem), str(problem)))
        return _trace(book, way, derived, (), {}, {}, (wrong,), 0)
    undone = hands.undo_all(played.now)
    beats = [
        Beat(
            at=int(played.now),
            key=one.key,
            was="done",
            now="failed" if one.wrong else "undone",
            why=one.why,
            calls=one.calls,
        )
        for one in undone
    ]
    wrong_ones = (*judged(played, way), *undoing(hands, undone, way))
    return _trace(
        book, way, derived, (*played.beats, *beats), played.states, played.choices, wrong_ones, int(played.now)
    )  # fmt: skip


def _trace(
    book: Playbook, way: Simulation, derived: bool, beats: tuple[Beat, ...], states: dict[str, str], choices: dict[str, str],
    mismatches: tuple[Mismatch, ...], seconds: int,
) -> Trace:  # fmt: skip
    return Trace(
        playbook=book.name, version=book.version, way=way.name, derived=derived, beats=beats, states=states,
        choices=choices, mismatches=mismatches, seconds=seconds,
    )  # fmt: skip


def _facts(book: Playbook, way: Simulation, names: Mapping[str, Any]) -> dict[str, Any]:
    known = {name: TOLD[name] for name in KNOWN} | {"incident.severity": int(book.severity[-1])}
    return {**known, **{name: filled(value, names) for name, value in way.facts.items()}}
