"""Whether a way went as it had to: what the file expects, and what has to hold for every playbook."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from hikeshi.playbooks.flow import ancestors
from hikeshi.playbooks.playbook import Simulation
from hikeshi.playbooks.states import ENDED, FAILED, WAITING
from hikeshi.simulation.hands import InAccount, Undone
from hikeshi.simulation.rehearsing import Rehearsal
from hikeshi.simulation.traces import Mismatch
from hikeshi.text import Text

MOST_SHOWN: Final = 5
"""Differences of the account that are told one by one."""
WELL: Final = frozenset({"done", "not_needed", "skipped"})


def judged(played: Rehearsal, way: Simulation) -> list[Mismatch]:
    """What is not as it has to be, without the undoing."""
    return [
        *_states(played, way), *_order(played, way), *_ended(played, way),
        *(Mismatch(step=key, expected="", found="", what=text) for key, text in played.wrong),
    ]  # fmt: skip


def _states(played: Rehearsal, way: Simulation) -> Iterator[Mismatch]:
    for key, expected in way.expect.steps.items():
        found = played.states.get(key, "")
        if not found:
            yield Mismatch(
                step=key, expected=expected, found="", what=Text("There is no such step.", "そのステップはない。")
            )
        elif found != expected:
            yield Mismatch(step=key, expected=expected, found=found, what=_last_word(played, key))


def _last_word(played: Rehearsal, key: str) -> Text:
    """Why the step came to what it did; of one with several targets, why the last that did not go well."""
    said = [beat.why for beat in played.beats if beat.key == key and beat.why]
    said += [beat.why for beat in played.beats if beat.key.startswith(f"{key}/") and beat.why and beat.now not in WELL]
    return said[-1] if said else Text("It came to something else.", "期待と異なる結果になった。")


def _order(played: Rehearsal, way: Simulation) -> Iterator[Mismatch]:
    """The first of each pair has ended before the second begins, where both began at all."""
    for first, second in way.expect.order:
        began = [place for place, beat in enumerate(played.beats) if beat.key == second and beat.now != "not_needed"]
        ended = [place for place, beat in enumerate(played.beats) if beat.key == first and beat.now in ENDED]
        if began and not (ended and ended[0] < began[0]):
            found = Text(f"{second} began before {first} had ended.", f"{first} が終わる前に {second} が始まった。")
            yield Mismatch(step=second, expected=f"{first} < {second}", found="", what=found)


def _ended(played: Rehearsal, way: Simulation) -> Iterator[Mismatch]:
    """Steps that nothing was expected of go well, or end as the simulation has it; nothing is left waiting but for a failure."""
    before = ancestors(played.book)
    for key, state in played.states.items():
        if key in way.expect.steps or key in way.comes_to or state in WELL:
            continue
        held = state == "waiting" and any(played.states[one] in FAILED | WAITING for one in before[key])
        if held:  # by a failure, or by a step that is told of itself
            continue
        yield Mismatch(step=key, expected="done", found=state, what=_last_word(played, key))


def undoing(hands: InAccount, undone: list[Undone], way: Simulation) -> Iterator[Mismatch]:
    """Undoing has worked, and the account is what it was but for what cannot be taken back; not asked where the way says so."""
    for one in undone:
        if one.wrong and way.expect.undone:
            yield Mismatch(step=one.key, expected="undone", found="", what=one.why)
    left = hands.left if way.expect.undone else []
    for path, value, number in left[:MOST_SHOWN]:
        more = Text(f"{path} is {value}, and was not.", f"{path} が元に戻っていない ({value})。")
        less = Text(f"{path} was {value}, and is not any more.", f"{path} が失われている (元は {value})。")
        yield Mismatch(step="", expected="undone", found=path, what=more if number > 0 else less)
    if len(left) > MOST_SHOWN:
        rest = len(left) - MOST_SHOWN
        yield Mismatch(step="", expected="undone", found="", what=Text(f"And {rest} more.", f"ほか {rest} 件。"))
