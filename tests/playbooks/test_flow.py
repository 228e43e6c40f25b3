"""What moves next in a run."""

from __future__ import annotations

import time
from typing import Any

import pytest

from hikeshi.playbooks import flow
from hikeshi.playbooks.playbook import FactSpec, Option, Playbook, StepSpec
from hikeshi.text import Text

WORDS = Text("Words", "言葉")


def step(key: str, **fields: Any) -> StepSpec:
    return StepSpec(
        **{
            "key": key,
            "phase": "containment",
            "title": WORDS,
            "text": WORDS,
            "kind": "manual",
            "role": "responder",
            **fields,
        }
    )


def book(*steps: StepSpec, **facts: FactSpec) -> Playbook:
    return Playbook(name="answer", version=1, title=WORDS, summary=WORDS, severity="SEV-2", steps=steps, facts=facts)


def moved(
    playbook: Playbook, states: dict[str, str], choices: dict[str, str] | None = None, **facts: Any
) -> dict[str, str]:
    found = flow.moves(playbook, states, choices or {}, {f"fact.{name}": value for name, value in facts.items()})
    return {move.key: move.to for move in found}


def test_steps_that_wait_for_nothing_open_side_by_side() -> None:
    assert moved(book(step("1.1"), step("1.2"), step("1.3", after=("1.1",))), {}) == {"1.1": "open", "1.2": "open"}


def test_a_group_is_waited_for_by_its_name() -> None:
    answer = book(step("1.1", group="looking"), step("1.2", group="looking"), step("1.3", after=("looking",)))
    assert moved(answer, {"1.1": "done", "1.2": "open"}) == {}
    assert moved(answer, {"1.1": "done", "1.2": "done"}) == {"1.3": "open"}


def test_a_decision_opens_one_way_and_the_other_is_not_needed() -> None:
    ways = (Option(value="rebuild", label=WORDS), Option(value="keep", label=WORDS))
    answer = book(
        step("1.1", kind="decision", options=ways), step("1.2", after=("1.1",), when='choice["1.1"] == "rebuild"'),
        step("1.3", after=("1.1",), when='choice["1.1"] == "keep"'), step("1.4", after=("1.2", "1.3")),
    )  # fmt: skip
    assert moved(answer, {"1.1": "done"}, {"1.1": "keep"}) == {"1.2": "not_needed", "1.3": "open"}


@pytest.mark.parametrize(
    ("fields", "opens"),
    [
        ({}, False),
        ({"on_failure": "go_on"}, True),
        ({"on_failure": "hold"}, False),
        ({"kind": "evidence", "collects": ("logs",)}, True),
    ],
)
def test_a_failure_holds_unless_it_was_evidence_or_the_step_says_to_go_on(fields: dict[str, Any], opens: bool) -> None:
    answer = book(step("1.1", **fields), step("1.2", after=("1.1",)))
    assert moved(answer, {"1.1": "failed"}) == ({"1.2": "open"} if opens else {})


def test_the_step_for_a_failure_takes_the_place_of_the_one_that_failed() -> None:
    answer = book(step("1.1", on_failure="1.2"), step("1.2"), step("1.3", after=("1.1",)))
    assert moved(answer, {"1.1": "failed"}) == {"1.2": "open"}
    assert moved(answer, {"1.1": "failed", "1.2": "done"}) == {"1.3": "open"}
    assert moved(answer, {"1.1": "done"}) == {"1.2": "not_needed", "1.3": "open"}


def test_evidence_comes_first_and_holds_nothing_hostage() -> None:
    answer = book(step("1.1", kind="evidence", collects=("disk",), on_failure="hold"), step("1.2", evidence=("1.1",)))
    assert moved(answer, {"1.1": "open"}) == {}
    assert moved(answer, {"1.1": "failed"}) == {"1.2": "open"}


def test_a_missing_fact_is_said_once_and_waited_for() -> None:
    answer = book(
        step("1.1", kind="action", action="x", inputs={"name": "$fact.key"}), key=FactSpec(label=WORDS),
    )  # fmt: skip
    assert moved(answer, {}) == {"1.1": "lacking"}
    assert moved(answer, {"1.1": "lacking"}) == {}
    (move,) = flow.moves(answer, {"1.1": "lacking"}, {}, {"fact.key": "AKIA"})
    assert move.to == "open"
    assert move.inputs == {"name": "AKIA"}


def test_a_loop_has_a_target_for_each_and_none_makes_it_not_needed() -> None:
    answer = book(
        step("1.1", for_each="$fact.hosts"), step("1.2", after=("1.1",)), hosts=FactSpec(label=WORDS, type="list")
    )
    (move,) = flow.moves(answer, {}, {}, {"fact.hosts": ["a", "b"]})
    assert move.items == ("a", "b")
    assert moved(answer, {}, hosts=[]) == {"1.1": "not_needed", "1.2": "open"}
    assert moved(answer, {}) == {"1.1": "lacking"}


@pytest.mark.parametrize(
    ("states", "state"),
    [
        (["done", "open"], ""),
        (["done", "not_needed"], "done"),
        (["done", "failed"], "partial"),
        (["failed", "unknown"], "failed"),
    ],
)
def test_the_parts_of_a_step_are_summed_up(states: list[str], state: str) -> None:
    assert flow.sum_up(states) == state


def test_the_longest_chain_that_a_playbook_can_hold_moves_in_time() -> None:
    """Each step is not needed once the one before is: as many rounds as steps."""
    keys = [f"2.{number + 1}" for number in range(500)]
    chain = [
        step(key, after=tuple(keys[number + 1 : number + 2]), when="incident.severity == 9")
        for number, key in enumerate(keys)
    ]
    began = time.process_time()
    assert set(moved(book(*chain), {}).values()) == {"not_needed"}
    assert time.process_time() - began < 5
