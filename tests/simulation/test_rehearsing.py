"""Playing playbooks: the order of what happens, time that jumps, failures, and the account as it was before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from hikeshi.errors import Refused
from hikeshi.playbooks.playbook import Playbook, Simulation
from hikeshi.simulation.hands import Idle
from hikeshi.simulation.judging import judged
from hikeshi.simulation.rehearsing import Rehearsal, filled, rendered
from hikeshi.simulation.simulating import Stage, simulate, stage
from hikeshi.simulation.ways import ways
from hikeshi.text import Text

SAID = {"en": "Something", "ja": "何か"}
ISOLATE = {
    "kind": "action",
    "action": "aws.ec2.isolate",
    "effect": "contain",
    "inputs": {"instance_id": "$alert.instance_id"},
}
MAIL = {
    "to": ["incident_commander"],
    "subject": {"en": "About {incident.name}", "ja": "{incident.name} の件"},
    "body": SAID,
}
DECIDE = {"kind": "decision", "options": [{"value": "yes", "label": SAID}, {"value": "no", "label": SAID}]}


def book(*steps: dict[str, Any], simulations: Any = (), **more: Any) -> Playbook:
    plain = {"phase": "containment", "title": SAID, "text": SAID, "kind": "manual", "role": "responder"}
    whole = {"name": "a-playbook", "version": 1, "title": SAID, "severity": "SEV-2", "summary": SAID, **more}
    numbered = [{"key": f"2.{place}", **plain, **step} for place, step in enumerate(steps, 1)]
    return msgspec.convert({**whole, "steps": numbered, "simulations": simulations}, Playbook)


def played(a_book: Playbook, facts: dict[str, Any] | None = None, **way: Any) -> Rehearsal:
    simulation = msgspec.convert({"name": "way", **way}, Simulation)
    return Rehearsal(a_book, simulation, Idle(), facts or {}, find=lambda _: book({}, {"after": ["2.1"]})).play()


@pytest.fixture(scope="module")
def on() -> Iterator[Stage]:
    with stage() as opened:
        yield opened


def test_steps_open_in_their_order_and_waiting_takes_no_time() -> None:
    found = played(book({}, {"kind": "wait", "wait": {"seconds": 3600}, "after": ["2.1"]}, {"after": ["2.2"]}))
    assert [(beat.at, beat.key, beat.now) for beat in found.beats] == [
        (0, "2.1", "open"), (0, "2.1", "done"), (0, "2.2", "running"), (3600, "2.2", "done"), (3600, "2.3", "open"), (3600, "2.3", "done"),
    ]  # fmt: skip


def test_a_wait_ends_as_soon_as_what_it_waits_for_is_so() -> None:
    hour = {"kind": "wait", "wait": {"seconds": 3600}}
    until = {"kind": "wait", "wait": {"seconds": 9000, "until": 'state["2.1"] == "done"'}}
    found = played(book(hour, until))
    assert (found.now, found.states) == (3600, {"2.1": "done", "2.2": "done"})
    assert (
        played(
            book(
                {},
                {"kind": "wait", "wait": {"seconds": 9000, "until": "fact.x"}},
                facts={"x": {"label": SAID, "type": "yes_no"}},
            )
        ).now
        == 9000
    )


def test_options_failures_targets_messages_and_other_playbooks() -> None:
    asks = {"asks": ["hosts"]}
    whole = book(
        DECIDE, asks, {"when": 'choice["2.1"] == "no"', "after": ["2.1"]}, {"on_failure": "2.5"}, {},
        {"for_each": "$fact.hosts", "after": ["2.2"]}, {"kind": "notify", "message": MAIL}, {"kind": "playbook", "playbook": "other"},
        facts={"hosts": {"label": SAID, "type": "list"}},
    )  # fmt: skip
    found = played(
        whole, {"incident.name": "INC-2026-001"}, choices={"2.1": "no"}, told={"2.2": {"hosts": ["a", "b"]}},
        comes_to={"2.4": "failed"},
    )  # fmt: skip
    assert found.states == {"2.4": "failed"} | {key: "done" for key in found.states if key != "2.4"}
    keys = [beat.key for beat in found.beats]
    assert {"2.6/1", "2.6/2", "2.8>2.1", "2.8>2.2"} <= set(keys)
    assert Text("About INC-2026-001", "INC-2026-001 の件") in [beat.why for beat in found.beats]
    assert judged(found, found.way) == []


def test_a_fact_that_nobody_tells_a_choice_that_is_none_and_an_order_that_is_not_kept_are_named() -> None:
    lacking = played(book(ISOLATE), expect={"steps": {"2.1": "done"}})
    assert [(one.step, one.expected, one.found) for one in judged(lacking, lacking.way)] == [("2.1", "done", "lacking")]
    wrong = played(book(DECIDE), choices={"2.1": "perhaps"})
    assert "perhaps is no option" in judged(wrong, wrong.way)[0].what.en
    order = played(book({}, {}), expect={"order": [["2.1", "2.2"]]})
    assert judged(order, order.way)[0].expected == "2.1 < 2.2"
    assert "no fact what" in judged(told := played(book({}), told={"2.1": {"what": "x"}}), told.way)[0].what.en


def test_a_failure_holds_what_waits_for_it_and_nothing_else_is_left_over() -> None:
    held = played(book({}, {"after": ["2.1"]}), comes_to={"2.1": "failed"})
    assert (held.states["2.2"], judged(held, held.way)) == ("waiting", [])


def test_placeholders_are_put_in_and_strange_ones_refused() -> None:
    assert filled(["<a>", "x-<a>", 3], {"a": "b"}) == ["b", "x-b", 3]
    with pytest.raises(Refused, match="No scene gives <b>"):
        filled("<b>", {"a": "b"})
    assert rendered(Text("{fact.x} {y}", "{fact.x}"), {"fact.x": ["a", "b"]}) == Text("a, b {y}", "a, b")


def test_every_option_and_every_fallback_is_reached_by_a_way() -> None:
    ifs = [
        {"when": 'choice["2.1"] == "no" && fact.big > 100', "after": ["2.1"]},
        {"when": "fact.sure", "after": ["2.2"]},
    ]
    facts = {"big": {"label": SAID, "type": "number"}, "sure": {"label": SAID, "type": "yes_no"}}
    found = ways(book(DECIDE, *ifs, {"on_failure": "2.5"}, {}, {"when": "false"}, facts=facts))
    assert found.uncovered == ("2.6",)
    assert len(found.derived) == 4
    written = [{"name": "all", "choices": {"2.1": "no"}}]
    assert [way.choices for way in ways(book(DECIDE, simulations=written)).derived] == [{}]


def test_actions_are_done_and_undone_the_last_first(on: Stage) -> None:
    disks = {**ISOLATE, "action": "aws.ebs.snapshot_set", "effect": "collect"}
    mark = {**ISOLATE, "action": "aws.ec2.mark", "after": ["2.2"]}
    report = simulate(book(disks, {**ISOLATE, "after": ["2.1"]}, mark), on)
    assert (report.passed, report.uncovered) == (True, ())
    undone = [beat for beat in report.traces[0].beats if beat.now == "undone"]
    assert [beat.key for beat in undone] == ["2.3", "2.2"]
    assert all(beat.calls for beat in undone)


def test_what_the_file_expects_and_does_not_find_is_named(on: Stage) -> None:
    way = {"name": "cut", "scene": "instance", "facts": {"alert.instance_id": "<instance_id>"}}
    wrong = [
        {**way, "expect": {"steps": {"2.1": "failed"}}},
        {**way, "name": "lost", "facts": {"alert.instance_id": "i-0"}},
    ]
    first, second = simulate(book(ISOLATE, simulations=wrong), on).traces[:2]
    assert [(one.step, one.expected, one.found) for one in first.mismatches] == [("2.1", "failed", "done")]
    assert [(one.step, one.found) for one in second.mismatches] == [("2.1", "refused")]
    with pytest.raises(Refused, match="no simulation 'other'"):
        simulate(book(ISOLATE), on, only="other")


def test_what_is_not_as_it_was_is_named(on: Stage) -> None:
    """An end of shells cannot be taken back, which is granted; a group that somebody changed meanwhile is not."""
    names, hands = on.set("instance")
    assert hands.carry_out("2.1", "aws.ssm.end_sessions", {"instance_id": names["instance_id"]}, 0).state == "done"
    assert hands.carry_out("2.2", "aws.ec2.isolate", {"instance_id": names["instance_id"]}, 0).state == "done"
    on.account.ec2.create_tags(Resources=[names["subnet_id"], names["instance_id"]], Tags=[{"Key": "x", "Value": "y"}])
    assert not [one for one in hands.undo_all(0) if one.wrong]
    assert {path for path, _, _ in hands.left} == {
        "ec2.instances[].Instances[].Tags[].Key",
        "ec2.instances[].Instances[].Tags[].Value",
    }
    assert hands.watched.spoilt
