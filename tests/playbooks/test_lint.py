"""Each check with what it finds. A step that is right in everything but the one thing is built for each."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from hikeshi.playbooks.flow import ancestors
from hikeshi.playbooks.lint import CHECKS, Problem, lint
from hikeshi.playbooks.playbook import (
    Expected,
    FactSpec,
    Message,
    Option,
    Playbook,
    Simulation,
    StepSpec,
    Wait,
)
from hikeshi.text import Text

WORDS = Text("words", "言葉")
YES_NO = (Option(value="yes", label=WORDS), Option(value="no", label=WORDS))
KEY = FactSpec(label=WORDS, source="alert.key_id")


def step(key: str, *after: str, **changes: Any) -> StepSpec:
    base: dict[str, Any] = {
        "phase": "containment", "kind": "manual", "role": "responder", "title": WORDS, "text": WORDS,
    }  # fmt: skip
    return StepSpec(key=key, after=after, **(base | changes))


def isolate(key: str, *after: str, **changes: Any) -> StepSpec:
    base: dict[str, Any] = {
        "kind": "action", "action": "aws.ec2.isolate", "effect": "contain", "keep_for": 3600,
        "inputs": {"instance_id": "$alert.instance_id"},
    }  # fmt: skip
    return step(key, *after, **(base | changes))


def decide(key: str, *after: str, **changes: Any) -> StepSpec:
    return step(key, *after, **({"kind": "decision", "options": YES_NO} | changes))


def playbook(*steps: StepSpec, **changes: Any) -> Playbook:
    base: dict[str, Any] = {"name": "test", "version": 1, "severity": "SEV-2", "title": WORDS, "summary": WORDS}
    return Playbook(steps=steps, **(base | changes))


def problems(*steps: StepSpec, shelf: dict[str, Playbook] | None = None, **changes: Any) -> list[Problem]:
    return lint(playbook(*steps, **changes), shelf=shelf)


def said(*steps: StepSpec, **changes: Any) -> list[tuple[str, str, str]]:
    return [(one.level, one.place, one.what.en) for one in problems(*steps, **changes)]


def one(found: list[Problem], level: str, field: str, words: str) -> bool:
    return [(problem.level, problem.field) for problem in found] == [(level, field)] and words in found[0].what.en


def test_a_sound_playbook_has_nothing_wrong() -> None:
    assert not said(
        step("1.1", phase="detection_analysis", asks=("hosts",)),
        decide("1.2", "1.1", phase="detection_analysis"),
        step("2.1", kind="evidence", effect="collect", collects=("disk",)),
        isolate("2.2", "1.2", evidence=("2.1",), when='choice["1.2"] == "yes"', for_each="$fact.hosts", inputs={"instance_id": "$item"}),
        step("3.1", "2.2", phase="eradication", effect="destroy"),
        step("4.1", "3.1", phase="recovery", effect="contain"),
        facts={"hosts": FactSpec(label=WORDS, type="list")},
    )  # fmt: skip


def test_an_unknown_action_is_an_error() -> None:
    assert one(problems(isolate("2.1", action="aws.ec2.terminate")), "error", "action", "no action aws.ec2.terminate")


def test_waiting_for_a_step_that_is_not_there_is_an_error() -> None:
    assert one(problems(step("2.1", "7.7")), "error", "after.0", "waits for step 7.7")
    assert one(problems(step("2.1", evidence=("7.7",))), "error", "evidence.0", "waits for step 7.7")


def test_a_key_given_twice_is_an_error() -> None:
    assert one(problems(step("2.1"), step("2.1")), "error", "key", "given twice")


@pytest.mark.parametrize(
    ("text", "level", "words"),
    [
        (Text("words", " "), "error", "missing"),
        (Text("", "言葉"), "error", "missing"),
        (Text("words", "words"), "warning", "not Japanese"),
        (Text("言葉", "言葉"), "warning", "holds Japanese"),
    ],
)
def test_both_languages_have_to_be_there_in_every_text(text: Text, level: str, words: str) -> None:
    message = Message(to=("responder",), subject=WORDS, body=text)
    spec = FactSpec(label=text, source="alert.user")
    found = [
        *problems(step("2.1", title=text)),
        *problems(step("2.1", deadline=text)),
        *problems(step("2.1", draft=message)),
        *problems(step("2.1"), summary=text),
        *problems(step("2.1"), entry=(WORDS, text)),
        *problems(step("2.1", when='fact.who != ""'), facts={"who": spec}),
        *problems(
            decide("2.1", options=(YES_NO[0], Option(value="no", label=text))),
            step("2.2", "2.1", when='choice["2.1"] == "no"'),
        ),
    ]
    assert {(problem.level, words in problem.what.en) for problem in found} == {(level, True)}
    fields = [problem.field.rpartition(".")[0] for problem in found]
    assert fields == ["title", "deadline", "draft.body", "", "1", "who.label", "options.1.label"]


def test_a_destructive_step_without_any_evidence_is_an_error() -> None:
    assert one(problems(step("2.1", effect="destroy")), "error", "effect", "no step takes evidence")


def test_a_destructive_step_has_to_wait_for_all_evidence() -> None:
    disk, memory = step("2.1", effect="collect"), step("2.2", effect="collect")
    assert one(problems(disk, memory, step("2.3", "2.1", effect="destroy")), "error", "evidence", "before step 2.2")
    assert not problems(disk, memory, step("2.3", "2.1", "2.2"), step("2.4", "2.3", effect="destroy"))


def test_an_action_waits_for_the_evidence_that_it_may_cost() -> None:
    take = isolate("2.1", action="aws.ebs.snapshot_set", effect="collect", keep_for=None)
    assert one(problems(take, isolate("2.2")), "error", "evidence", "evidence that step 2.1 takes")
    assert not problems(take, isolate("2.2", evidence=("2.1",)))


def test_evidence_is_collected_and_nothing_else_is_waited_for_as_evidence() -> None:
    paper = step("2.1", kind="evidence", collects=("media",))
    assert one(problems(paper), "error", "effect", "expected `effect: collect`")
    assert one(problems(step("2.1"), step("2.2", evidence=("2.1",))), "error", "evidence.0", "takes no evidence")


def test_eradication_has_to_wait_for_containment() -> None:
    contain = step("2.1")
    assert one(problems(contain, step("3.1", phase="eradication")), "error", "after", "without waiting")
    assert one(problems(step("3.1", phase="eradication")), "error", "after", "without waiting")
    assert not problems(contain, step("2.2", "2.1"), step("3.1", "2.2", phase="eradication"))


def test_containment_ends_and_can_be_taken_back() -> None:
    assert one(problems(isolate("2.1", keep_for=None)), "error", "keep_for", "without a limit")
    assert one(problems(step("2.1", effect="contain", keep_for=60)), "error", "undo", "how it is taken back")
    assert not problems(step("2.1", effect="contain", keep_for=60, undo=WORDS))


def test_what_cannot_be_taken_back_needs_two_people() -> None:
    rotate = {"action": "aws.secretsmanager.rotate", "inputs": {"secret": "$fact.name"}, "keep_for": None}
    facts = {"name": FactSpec(label=WORDS, source="alert.user")}
    found = problems(isolate("2.1", **rotate), facts=facts)
    assert "approvals" in [problem.field for problem in found]
    assert "approvals" not in [
        problem.field for problem in problems(isolate("2.1", approvals=2, **rotate), facts=facts)
    ]


def test_the_effect_of_a_step_is_that_of_its_action() -> None:
    assert one(problems(isolate("2.1", effect="look")), "error", "effect", "expected `effect: contain`")


@pytest.mark.parametrize(
    ("inputs", "field", "words"),
    [
        ({}, "inputs", "needs the input instance_id"),
        ({"instance_id": "$alert.instance_id", "price": 1}, "inputs.price", "has no input price"),
        ({"instance_id": 7}, "inputs.instance_id", "Expected `str`, got `int`"),
        ({"instance_id": "$incident.severity"}, "inputs.instance_id", "incident.severity is of type number"),
    ],
)
def test_inputs_have_to_be_those_of_the_action(inputs: dict[str, Any], field: str, words: str) -> None:
    assert one(problems(isolate("2.1", inputs=inputs)), "error", field, words)


@pytest.mark.parametrize("value", ["$alert.instance", "$", "$item"])
def test_a_binding_to_something_that_is_no_fact_is_an_error(value: str) -> None:
    assert one(problems(isolate("2.1", inputs={"instance_id": value})), "error", "inputs.instance_id", "is no fact")
    # Two signs are a text that begins with one; what is left to say is that this is no instance.
    assert one(problems(isolate("2.1", inputs={"instance_id": "$$5"})), "error", "inputs.instance_id", "matching regex")


def test_a_binding_within_a_list_is_an_error() -> None:
    found = problems(isolate("2.1", inputs={"instance_id": ["$alert.instance_id"]}))
    assert any("a list is bound as a whole" in problem.what.en for problem in found)


def test_steps_listed_against_the_order_of_phases_are_a_warning() -> None:
    assert one(problems(step("4.1", phase="recovery"), step("2.1")), "warning", "phase", "later phase")


def test_a_step_due_before_what_it_waits_for_is_a_warning() -> None:
    first = step("2.1", due_within=600)
    assert one(problems(first, step("2.2", "2.1", due_within=60)), "warning", "due_within", "before step 2.1")
    assert not problems(first, step("2.2", "2.1", due_within=60, due_from="open"))


def test_a_step_that_waits_for_itself_is_an_error() -> None:
    assert one(problems(step("2.1", "2.1")), "error", "after", "waits for itself")


def test_a_circle_that_closes_only_at_a_failure_is_found() -> None:
    """2.3 is there for the failure of 2.1, and waits for 2.2, which then waits for 2.3."""
    found = said(step("2.1", on_failure="2.3"), step("2.2", "2.1"), step("2.3", "2.2"))
    assert {place for _, place, _ in found} == {"step 2.2", "step 2.3"}
    assert not said(step("2.1", on_failure="2.3"), step("2.2", "2.1"), step("2.3"))


def test_what_is_there_for_a_failure_exists_and_can_be_needed() -> None:
    assert one(problems(step("2.1", on_failure="9.9")), "error", "on_failure", "no step 9.9")
    found = [problem for problem in problems(decide("2.1", on_failure="2.2"), step("2.2")) if problem.level == "error"]
    assert one(found, "error", "on_failure", "does not fail")


def test_a_group_that_nothing_waits_for_is_a_warning() -> None:
    assert one(problems(step("2.1", group="hosts")), "warning", "group", "Nothing waits")
    assert not problems(step("2.1", group="hosts"), step("2.2", "hosts"))


def test_a_playbook_within_is_on_the_shelf_and_does_not_lead_back() -> None:
    inner = step("2.1", kind="playbook", playbook="other")
    back = playbook(step("2.1", kind="playbook", playbook="test"), name="other")
    assert one(problems(inner, shelf={}), "error", "playbook", "no playbook other")
    assert one(problems(inner, shelf={"other": back}), "error", "playbook", "comes back")
    assert not problems(inner)


@pytest.mark.parametrize(
    ("when", "words"),
    [
        ("fact.key ==", "cannot be used"),
        ("fact.key", "has to come to true or false"),
        ("fact.key > 3", "cannot be used"),
        ("nothing.at_all == 1", "nothing called nothing"),
        ('fact.other == ""', "fact.other is no fact"),
        ('choice["7.7"] == "yes"', "names no decision"),
        ('choice["2.2"] == "yes"', "names no decision"),
        ('choice["2.1"] == "maybe"', 'never "maybe"; expected one of: yes, no'),
        ('choice["2.1"] in ["yes", "maybe"]', 'never "maybe"'),
        ('state["7.7"] == "done"', "names no step"),
        ('state["2.2"] == "finished"', 'never "finished"'),
        ('state["2.4"] == "done"', "expected 2.4 in `after`"),
        ('choice["2.5"] == "yes"', "expected 2.5 in `after`"),
        ("fact.count > 3", "expected 2.4 in `after`"),
        ('item == "a"', "`item` is empty"),
        ("false", "never holds"),
        ('choice["2.1"] == "yes" && choice["2.1"] == "no"', "never holds"),
        ('choice["2.1"] == "yes" && incident.severity > 4', "never holds"),
    ],
)
def test_a_condition_that_cannot_be_meant_is_an_error(when: str, words: str) -> None:
    found = problems(
        decide("2.1"), step("2.2"), step("2.3", "2.1", "2.2", when=when), step("2.4", asks=("count",)), decide("2.5"),
        facts={"key": KEY, "count": FactSpec(label=WORDS, type="number")},
    )  # fmt: skip
    errors = [problem for problem in found if problem.level == "error"]
    assert any(words in problem.what.en and problem.field == "when" for problem in errors), errors


def test_a_condition_that_always_holds_is_a_warning() -> None:
    assert one(problems(step("2.1", when="incident.severity <= 4")), "warning", "when", "always holds")


def test_a_wait_may_look_at_what_is_told_later() -> None:
    facts = {"count": FactSpec(label=WORDS, type="number")}
    wait = step("2.1", kind="wait", wait=Wait(seconds=60, until="fact.count > 3"))
    assert not problems(wait, step("2.2", asks=("count",)), facts=facts)
    assert problems(step("2.1", kind="wait", wait=Wait(seconds=60, until="fact.nothing > 3")))


def test_a_decision_makes_a_difference() -> None:
    assert one(problems(decide("2.1")), "warning", "options", "No condition looks")
    three = (*YES_NO, Option(value="later", label=WORDS))
    found = problems(decide("2.1", options=three), step("2.2", "2.1", when='choice["2.1"] == "yes"'))
    assert one(found, "warning", "options", "no, later")


def test_targets_are_a_list() -> None:
    found = problems(isolate("2.1", for_each="$alert.user", inputs={"instance_id": "$item"}))
    assert one(found, "error", "for_each", "is no list")


def test_facts_are_told_used_and_declared() -> None:
    use = step("2.1", when='fact.key != ""')
    assert one(problems(use, facts={"key": FactSpec(label=WORDS)}), "warning", "key", "Nobody is asked")
    assert one(
        problems(use, facts={"key": FactSpec(label=WORDS, source="alert.x")}), "error", "key.source", "no alert.x"
    )
    assert one(problems(step("2.1"), facts={"key": KEY}), "warning", "key", "Nothing uses")
    assert one(problems(step("2.1", asks=("key",))), "error", "asks.0", "not declared")


@pytest.mark.parametrize(
    "place", ["{}", "{fact}", "{fact.other}", "{alert.user.name}", "{alert.user!r}", "{alert.user:>9}", "}", "{{"]
)
def test_a_message_is_filled_with_facts_and_nothing_else(place: str) -> None:
    body = Text(f"words {place}", "言葉 {fact.key}")
    message = Message(to=("responder",), subject=Text("{incident.name}", "{incident.name} です"), body=body)
    for found in (
        problems(step("2.1", kind="notify", message=message), facts={"key": KEY}),
        problems(step("2.1", draft=message), facts={"key": KEY}),
    ):
        assert {(one.level, one.field.partition(".")[2]) for one in found} == {("error", "body.en")}


def test_messages_go_to_duties_and_drafts_to_anybody() -> None:
    message = Message(to=("responder", "the customers"), subject=WORDS, body=WORDS)
    assert one(problems(step("2.1", kind="notify", message=message)), "error", "message.to.1", "is no duty")
    assert not problems(step("2.1", draft=message))


def test_ids_of_attack_and_csf_are_present() -> None:
    assert one(problems(step("2.1", attack=("T1486", "T1562.001"))), "error", "attack.1", "expected T1685")
    assert one(problems(step("2.1"), csf=("RS.MI-01", "RS.MI-09")), "error", "1", "expected one of: RS.MI-01, RS.MI-02")


@pytest.mark.parametrize(
    ("simulation", "field", "words"),
    [
        ({"choices": {"7.7": "yes"}}, "choices.7.7", "no step 7.7"),
        ({"choices": {"2.1": "maybe"}}, "choices.2.1", "no option of step 2.1"),
        ({"facts": {"alert.nothing": "x"}}, "facts.alert.nothing", "is no fact"),
        ({"facts": {"fact.count": "many"}}, "facts.fact.count", "a whole number"),
        ({"told": {"2.1": {"count": 1}}}, "told.2.1.count", "not asked for count"),
        ({"expect": Expected(steps={"2.2": "finished"})}, "expect.steps.2.2", "never finished"),
        ({"expect": Expected(order=(("2.2", "9.9"),))}, "expect.order.0", "no step 9.9"),
    ],
)
def test_simulations_speak_of_what_is_there(simulation: dict[str, Any], field: str, words: str) -> None:
    found = problems(
        decide("2.1"), step("2.2", "2.1", when='choice["2.1"] == "yes" && fact.count > 1'),
        facts={"count": FactSpec(label=WORDS, type="number", source="alert.user")},
        simulations=(Simulation(name="first", **simulation),),
    )  # fmt: skip
    assert one(found, "error", field, words)
    assert found[0].place == "simulation first"


def test_two_simulations_have_two_names() -> None:
    assert one(problems(step("2.1"), simulations=(Simulation(name="a"),) * 2), "error", "name", "given twice")


@settings(max_examples=25)
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


def test_everything_is_said_in_both_languages_with_a_path() -> None:
    broken = [
        step("3.1", "3.1", "8.8", phase="eradication", effect="destroy", when="fact.x"),
        step("3.1", on_failure="9.9"),
        isolate("2.1", action="x"),
    ]
    found = problems(*broken, title=Text("", ""))
    assert len(found) >= 8
    assert all(one.what.en and one.what.ja and one.what.en != one.what.ja and one.path and one.place for one in found)


def test_the_checks_are_in_alphabetical_order() -> None:
    names = [f"{check.__module__}.{check.__name__}" for check in CHECKS]
    assert names == sorted(names)
