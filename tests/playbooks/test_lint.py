from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, strategies as st

from hikeshi.playbooks.flow import ancestors
from hikeshi.playbooks.lint import CHECKS, lint
from hikeshi.playbooks.playbook import Playbook, StepSpec
from hikeshi.text import Text

WORDS = Text("words", "言葉")
ACTIONS = {"aws.ec2.isolate"}


def step(key: str, *after: str, **changes: Any) -> StepSpec:
    base: dict[str, Any] = {
        "phase": "containment",
        "kind": "manual",
        "role": "responder",
        "title": WORDS,
        "text": WORDS,
    }
    return StepSpec(key=key, after=after, **(base | changes))


def playbook(*steps: StepSpec, **changes: Any) -> Playbook:
    base: dict[str, Any] = {
        "name": "test",
        "version": 1,
        "severity": "SEV-2",
        "title": WORDS,
        "summary": WORDS,
        "matches": (),
    }
    return Playbook(steps=steps, **(base | changes))


def said(*steps: StepSpec, **changes: Any) -> list[tuple[str, str, str]]:
    return [(problem.level, problem.place, problem.what.en) for problem in lint(playbook(*steps, **changes), ACTIONS)]


def one(found: list[tuple[str, str, str]], level: str, place: str, words: str) -> bool:
    return len(found) == 1 and found[0][:2] == (level, place) and words in found[0][2]


def test_a_sound_playbook_has_nothing_wrong() -> None:
    assert not said(
        step("1.1", phase="detection_analysis"),
        step(
            "2.1",
            effect="collect",
            kind="action",
            action="aws.ec2.isolate",
            inputs={"instance_id": "$alert.instance_id"},
        ),
        step("3.1", "2.1", phase="eradication", effect="destroy"),
        step("4.1", "3.1", phase="recovery"),
    )


def test_an_unknown_action_is_an_error() -> None:
    found = said(step("2.1", kind="action", action="aws.ec2.terminate"))
    assert one(found, "error", "step 2.1", "no action aws.ec2.terminate")


def test_waiting_for_a_step_that_is_not_there_is_an_error() -> None:
    assert one(said(step("2.1", "7.7")), "error", "step 2.1", "waits for step 7.7")


def test_a_key_given_twice_is_an_error() -> None:
    assert one(said(step("2.1"), step("2.1")), "error", "step 2.1", "given twice")


@pytest.mark.parametrize(
    ("text", "level", "words"),
    [
        (Text("words", " "), "error", "missing"),
        (Text("", "言葉"), "error", "missing"),
        (Text("words", "words"), "warning", "not Japanese"),
        (Text("言葉", "言葉"), "warning", "holds Japanese"),
    ],
)
def test_both_languages_have_to_be_there(text: Text, level: str, words: str) -> None:
    for field in ("title", "text", "deadline"):
        assert one(said(step("2.1", **{field: text})), level, "step 2.1", words)
    assert one(said(step("2.1"), summary=text), level, "summary", words)
    assert one(said(step("2.1"), title=text), level, "title", words)


def test_a_destructive_step_without_any_evidence_is_an_error() -> None:
    assert one(said(step("2.1", effect="destroy")), "error", "step 2.1", "no step takes evidence")


def test_a_destructive_step_has_to_wait_for_all_evidence() -> None:
    disk, memory = step("2.1", effect="collect"), step("2.2", effect="collect")
    assert one(said(disk, memory, step("2.3", "2.1", effect="destroy")), "error", "step 2.3", "before step 2.2")
    assert not said(disk, memory, step("2.3", "2.1", "2.2"), step("2.4", "2.3", effect="destroy"))


def test_eradication_has_to_wait_for_containment() -> None:
    contain = step("2.1")
    assert one(said(contain, step("3.1", phase="eradication")), "error", "step 3.1", "without waiting")
    assert one(said(step("3.1", phase="eradication")), "error", "step 3.1", "without waiting")
    assert not said(contain, step("2.2", "2.1"), step("3.1", "2.2", phase="eradication"))


@pytest.mark.parametrize("value", ["$alert.instance", "$", ["$alert.instance_id"]])
def test_a_binding_to_something_that_is_no_fact_is_an_error(value: Any) -> None:
    found = said(step("2.1", kind="action", action="aws.ec2.isolate", inputs={"instance_id": value}))
    assert one(found, "error", "step 2.1", "instance_id")
    assert not said(step("2.1", kind="action", action="aws.ec2.isolate", inputs={"price": "$$5"}))


def test_steps_listed_against_the_order_of_phases_are_a_warning() -> None:
    found = said(step("4.1", phase="recovery"), step("2.1"))
    assert one(found, "warning", "step 2.1", "later phase")


def test_a_step_that_waits_for_itself_is_an_error() -> None:
    assert one(said(step("2.1", "2.1")), "error", "step 2.1", "waits for itself")


@given(st.integers(1, 12), st.data())
def test_every_circle_is_found_and_nothing_else(length: int, data: st.DataObject) -> None:
    """Steps that wait only for earlier ones are sound; one link back from an ancestor closes a circle."""
    keys = [f"2.{number + 1}" for number in range(length)]
    waits = [
        data.draw(st.lists(st.sampled_from(keys[:number]), unique=True)) if number else [] for number in range(length)
    ]
    steps = [step(key, *after) for key, after in zip(keys, waits, strict=True)]
    assert not said(*steps)
    last = data.draw(st.sampled_from(keys))
    before = ancestors(playbook(*steps))[last]
    first = data.draw(st.sampled_from(sorted(before | {last})))
    at = keys.index(first)
    steps[at] = msgspec.structs.replace(steps[at], after=(*steps[at].after, last))
    circle = {
        key for key in keys if key in (last, first) or (key in before and first in ancestors(playbook(*steps))[key])
    }
    assert {place for _, place, _ in said(*steps)} == {f"step {key}" for key in circle}


def test_a_long_row_of_steps_does_not_exhaust_the_stack() -> None:
    keys = [f"2.{number + 1}" for number in range(400)]
    steps = [step(key, *([keys[number - 1]] if number else [])) for number, key in enumerate(keys)]
    assert len(ancestors(playbook(*steps))[keys[-1]]) == 399


def test_everything_is_said_in_both_languages() -> None:
    broken = [
        step("3.1", "3.1", "8.8", phase="eradication", effect="destroy"),
        step("3.1"),
        step("2.1", kind="action", action="x"),
    ]
    problems = lint(playbook(*broken, title=Text("", "")), ACTIONS)
    assert len(problems) >= 7
    assert all(problem.what.en and problem.what.ja and problem.what.en != problem.what.ja for problem in problems)


def test_the_checks_are_in_alphabetical_order() -> None:
    assert [check.__name__ for check in CHECKS] == sorted(check.__name__ for check in CHECKS)
