"""What moves next in a run: which steps open, which are not needed, which wait for a fact. Pure: the same for the desk and a simulation.

A step opens when everything it waits for is over well enough, in this order:

    evidence      the steps it names have ended, well or with a reason (what cannot be had must not hold containment hostage)
    after         the steps and groups it names are clear: done, partly done, left out or not needed; a failed one is clear where its
                  `on_failure` says to go on, or once the step that it names for the failure is clear
    its failure   a step that another one names in `on_failure` opens only when that one has failed, and is not needed otherwise
    when          its condition holds; where it does not, the step is not needed
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final, Literal, NamedTuple

from hikeshi.errors import Refused
from hikeshi.playbooks.conditions import condition
from hikeshi.playbooks.facts import Lacking, bind, bound_fact, value_of, world
from hikeshi.playbooks.playbook import GO_ON, HOLD, Playbook, StepSpec
from hikeshi.playbooks.states import CLEAR, ENDED, FAILED, WAITING
from hikeshi.text import Text

NOT_NEEDED: Final = Text("Its condition does not hold.", "条件を満たさないため不要です。")
NO_FAILURE: Final = Text("What it is there for did not fail.", "対象のステップが失敗しなかったため不要です。")
NO_TARGETS: Final = Text("There is nothing to do it to.", "対象がないため不要です。")


class Move(NamedTuple):
    """One step that does not wait any more. `inputs` are bound where it opens, `items` are the targets of one with `for_each`."""

    key: str
    to: Literal["open", "not_needed", "lacking"]
    why: Text | None = None
    inputs: Mapping[str, Any] = {}
    items: tuple[str, ...] = ()


def waits_for(playbook: Playbook, step: StepSpec) -> tuple[str, ...]:
    """Keys of the steps that are named in `after` and `evidence`, groups unfolded, in the order of the playbook."""
    named = {*step.after, *step.evidence}
    return tuple(other.key for other in playbook.steps if other.key in named or (other.group or "") in named)


def fallback_for(playbook: Playbook) -> dict[str, tuple[str, ...]]:
    """For each step that is only there for failures, the steps whose failure opens it."""
    found: dict[str, tuple[str, ...]] = {}
    for step in playbook.steps:
        if step.on_failure not in (None, GO_ON, HOLD):
            found[str(step.on_failure)] = (*found.get(str(step.on_failure), ()), step.key)
    return found


def moves(
    playbook: Playbook, states: Mapping[str, str], choices: Mapping[str, str], facts: Mapping[str, Any],
    allowed: Collection[str] = (),
) -> list[Move]:  # fmt: skip
    """Every step that can move now, in the order of the playbook, with all that follows from steps that are not needed.

    `states` and `choices` by key of the step; `facts` by full name; `allowed` are keys of steps that may take more targets than their
    `at_most`. Never raises for what a playbook that passes `lint` can come to: a
    condition that cannot be evaluated, or a fact that is missing, makes the step `lacking`, with the reason.
    """
    now = dict(states)
    found: dict[str, Move] = {}
    waits = {step.key: waits_for(playbook, step) for step in playbook.steps}
    while fresh := _round(playbook, waits, now, choices, facts, found, allowed):
        for move in fresh:
            found[move.key] = move
            now[move.key] = move.to
    return [found[step.key] for step in playbook.steps if step.key in found and _news(states, found[step.key])]


def _news(states: Mapping[str, str], move: Move) -> bool:
    return not (move.to == "lacking" and states.get(move.key) == "lacking")


def _round(
    playbook: Playbook, waits: Mapping[str, tuple[str, ...]], now: Mapping[str, str], choices: Mapping[str, str],
    facts: Mapping[str, Any], found: Mapping[str, Move], allowed: Collection[str],
) -> list[Move]:  # fmt: skip
    """One pass. Conditions see the states of its beginning."""
    fallbacks, seen = fallback_for(playbook), world(playbook, facts, now, choices)
    fresh = []
    for step in playbook.steps:
        if now.get(step.key, "waiting") not in WAITING or step.key in found:
            continue
        if all(clears(playbook, step, key, now) for key in waits[step.key]):
            move = _move(playbook, step, now, facts, seen, fallbacks.get(step.key, ()), step.key in allowed)
            if move is not None:
                fresh.append(move)
    return fresh


def _move(
    playbook: Playbook, step: StepSpec, now: Mapping[str, str], facts: Mapping[str, Any], seen: Mapping[str, Any],
    failures: tuple[str, ...], allowed: bool,
) -> Move | None:  # fmt: skip
    """What becomes of a step that has nothing to wait for but, maybe, the failure it is there for."""
    if failures and not any(now.get(key) in FAILED for key in failures):
        over = all(now.get(key) in ENDED for key in failures)
        return Move(step.key, "not_needed", NO_FAILURE) if over else None
    try:
        if step.when and not condition(step.when).holds(seen):
            return Move(step.key, "not_needed", NOT_NEEDED)
        return _opened(playbook, step, facts, allowed)
    except Lacking as problem:
        return Move(step.key, "lacking", problem.said)
    except Refused as problem:
        return Move(step.key, "lacking", Text(str(problem), f"事実の入力待ち: {problem}"))


def _opened(playbook: Playbook, step: StepSpec, facts: Mapping[str, Any], allowed: bool) -> Move:
    if not step.for_each:
        return Move(step.key, "open", inputs=bind(playbook, step, facts))
    targets = targets_of(playbook, step, facts)
    if len(targets) > step.at_most and not allowed:
        return Move(step.key, "lacking", _too_many(len(targets), step.at_most))
    return Move(step.key, "open", items=targets) if targets else Move(step.key, "not_needed", NO_TARGETS)


def _too_many(count: int, at_most: int) -> Text:
    return Text(
        f"It has {count} targets, more than the {at_most} it takes by itself. Somebody who commands says that they are meant.",
        f"対象が {count} 件あり、上限の {at_most} 件を超えています。指揮者の確認が必要です。",
    )


def targets_of(playbook: Playbook, step: StepSpec, facts: Mapping[str, Any]) -> tuple[str, ...]:
    """The targets of a step with `for_each`. Raises `Refused` where nobody has told them yet; a list told as empty has none."""
    fact = bound_fact(step.for_each) or ""
    if fact in facts and facts[fact] == []:
        return ()
    value = value_of(playbook, step, fact, facts, "its targets")
    return tuple(value) if isinstance(value, list) else (str(value),)


def clears(playbook: Playbook, step: StepSpec, key: str, now: Mapping[str, str]) -> bool:
    """Whether `step` need not wait for the step `key` any more."""
    state = now.get(key, "waiting")
    if state in CLEAR:
        return True
    if state not in FAILED:
        return False
    earlier = playbook.step(key)
    if key in step.evidence and key not in step.after:
        return True
    if earlier.on_failure == GO_ON or (earlier.on_failure is None and free(earlier)):
        return True
    if earlier.on_failure in (None, HOLD):
        return False
    return earlier.on_failure == step.key or clears(playbook, step, str(earlier.on_failure), now)


def free(step: StepSpec) -> bool:
    """It takes nothing away from anybody, so a failure of it holds nothing back."""
    return step.kind in {"action", "evidence"} and step.effect in {"look", "collect"}


def sum_up(states: list[str]) -> str:
    """The state of a step that is done once for each target, or as a playbook of its own, from the states of its parts. "" while one runs."""
    if any(state not in ENDED for state in states):
        return ""
    if all(state in CLEAR - {"partial"} for state in states):
        return "done"
    return "partial" if any(state in CLEAR for state in states) else "failed"


def ancestors(playbook: Playbook) -> dict[str, frozenset[str]]:
    """For each step, every step that is over before it can start. Steps in a circle are their own ancestors.

    A step that is only there for the failure of another waits for that one too.
    """
    return _closed(_direct(playbook))


def circular(playbook: Playbook) -> frozenset[str]:
    """Steps that wait for themselves, also where it shows only at a failure.

    What waits for a step that has failed waits for the step that is there for the failure, too (`clears`).
    """
    direct = _direct(playbook)
    fallback = {step.key: str(step.on_failure) for step in playbook.steps if step.on_failure not in (None, GO_ON, HOLD)}
    for key, earlier in direct.items():
        earlier |= {fallback[one] for one in earlier if one in fallback and fallback[one] != key}
    return frozenset(key for key, before in _closed(direct).items() if key in before)


def _direct(playbook: Playbook) -> dict[str, set[str]]:
    """What each step waits for by itself; a name that is no step and no group stands for itself."""
    failures = fallback_for(playbook)
    members: dict[str, set[str]] = {}
    for step in playbook.steps:
        for name in (step.key, step.group):
            if name:
                members.setdefault(name, set()).add(step.key)
    found: dict[str, set[str]] = {}
    for step in playbook.steps:
        earlier = found.setdefault(step.key, set())
        for name in {*step.after, *step.evidence}:
            earlier |= members.get(name, {name})
        earlier.update(failures.get(step.key, ()))
    return found


def _closed(direct: Mapping[str, set[str]]) -> dict[str, frozenset[str]]:
    """Everything that can be reached, by Warshall's algorithm on whole numbers as sets: 500 steps that all wait for each other in 0.1 s."""
    names = sorted(direct.keys() | {name for earlier in direct.values() for name in earlier})
    bit = {name: 1 << place for place, name in enumerate(names)}
    reached = {name: sum(bit[one] for one in direct.get(name, ())) for name in names}
    for middle in names:
        for name in names:
            if reached[name] & bit[middle]:
                reached[name] |= reached[middle]
    return {key: frozenset(name for name in names if reached[key] & bit[name]) for key in direct}
