"""Playbooks at work through the API: looked at first, started, told facts, held, and each step done by whoever does it."""

from __future__ import annotations

import pytest

from doors.api.caller import Caller
from doors.played import played
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.runs.models import Run


@pytest.fixture
def run(incident: Incident) -> Run:
    return played(incident, key_id="AKIAEXAMPLE")


def path(run: Run, rest: str) -> str:
    return f"/incidents/{run.incident.name}/{rest}"


def test_starting_is_looked_at_first_and_a_missing_fact_is_asked_for_later(on_it: Caller, incident: Incident) -> None:
    root = f"/incidents/{incident.name}"
    seen = on_it.post(f"{root}/look", {"playbook": "compromised-ec2"}, 200)
    assert {one["name"]: one["value"] for one in seen["facts"]}["alert.instance_id"] is None
    assert {"open", "lacking"} >= {one["to"] for one in seen["first"]}
    assert on_it.get(f"{root}/runs") == []
    facts = {"alert.instance_id": "i-0123456789abcdef0"}
    made = on_it.post(f"{root}/runs", {"playbook": "compromised-ec2", "facts": facts}, 201)
    assert on_it.get(f"{root}/runs") == [made]
    assert "ransomware" in on_it.post(f"{root}/runs", {"playbook": "unheard-of"}, 403)["hint"]
    on_it.post(f"{root}/look", {"playbook": "ransomware", "facts": {"no-such": "x"}}, 403)


def test_a_run_says_what_it_knows_and_whom_each_step_waits_for(on_it: Caller, run: Run) -> None:
    seen = on_it.get(path(run, "runs/every-kind"))
    assert (seen["over"], seen["steps"]) == (0, 9)
    assert {one["name"]: one["value"] for one in seen["facts"]}["fact.key_id"] == "AKIAEXAMPLE"
    assert [(one["step"], one["waits_for"], one["names"]) for one in seen["waiting"][:2]] == [
        (f"{run.pk}:1.1", "role", ["responder"]), (f"{run.pk}:1.2", "role", ["incident_commander"]),
    ]  # fmt: skip
    assert seen["end"][0]["ja"]
    on_it.get(path(run, "runs/no-such"), 404)


def test_a_decision_is_taken_with_the_facts_it_asks_for(on_it: Caller, run: Run) -> None:
    shown = on_it.get(path(run, "steps/1.2"))
    assert [one["value"] for one in shown["options"]] == ["held", "unused"]
    assert shown["asks"] == ["personal", "records"]
    on_it.post(path(run, "steps/1.2/decide"), {"choice": "held"}, 403)
    facts = {"personal": True, "records": 3, "hosts": ["web-1", "web-2"]}
    assert on_it.post(path(run, "steps/1.2/decide"), {"choice": "held", "facts": facts})["choice"] == "held"
    assert on_it.get(path(run, "steps/2.3"))["targets"] == [f"{run.pk}:2.3/1", f"{run.pk}:2.3/2"]
    assert "AKIAEXAMPLE" in on_it.get(path(run, "steps/2.4"))["draft"]["body"]["en"]


def test_evidence_fails_and_is_taken_once_more(on_it: Caller, run: Run) -> None:
    on_it.post(path(run, "steps/1.1/done"), {}, 403)
    assert on_it.post(path(run, "steps/1.1/fail"), {"reason": "logging was off"})["state"] == "failed"
    assert on_it.post(path(run, "steps/1.1/again"), {"reason": "another copy is there"})["state"] == "open"
    assert on_it.post(path(run, "steps/1.1/done"), {"unobtainable": {"logs": "not there either"}})["state"] == "done"


def test_a_step_changes_hands(on_it: Caller, commander: Caller, run: Run) -> None:
    assert on_it.post(path(run, "steps/1.2/take"), {})["owner"]
    commander.post(path(run, "steps/1.2/take"), {}, 403)
    assert commander.post(path(run, "steps/1.2/take"), {"reason": "no answer"})["owner"] == "kondo"
    assert commander.post(path(run, "steps/1.2/give"), {})["owner"] == ""
    commander.post(path(run, "steps/1.2/take"), {"from_worker": True, "reason": "x"}, 409)
    commander.post(path(run, "steps/1.2/allow"), {"reason": "x"}, 409)


def test_a_run_is_held_told_facts_and_given_a_step(on_it: Caller, commander: Caller, run: Run) -> None:
    on_it.post(path(run, f"runs/{run.pk}/pause"), {"reason": "x"}, 403)
    held = commander.post(path(run, f"runs/{run.pk}/pause"), {"reason": "the owner asks"})
    assert (held["state"], held["pause_reason"]) == ("paused", "the owner asks")
    assert commander.post(path(run, f"runs/{run.pk}/resume"), {})["state"] == "running"
    told = on_it.post(path(run, f"runs/{run.pk}/facts"), {"facts": {"records": 12}})
    assert {one["name"]: one["value"] for one in told["facts"]}["fact.records"] == 12
    on_it.post(path(run, f"runs/{run.pk}/facts"), {"facts": {"records": "many"}}, 403)
    made = on_it.post(path(run, f"runs/{run.pk}/steps"), {"title": "Lower the limit", "after": ["1.1"]}, 201)
    assert (made["state"], made["title"]["ja"]) == ("waiting", "Lower the limit")


def test_who_is_not_on_the_incident_sees_no_run(observer: Caller, run: Run) -> None:
    observer.get(path(run, "runs/every-kind"), 404)
    observer.post(path(run, "steps/1.2/decide"), {"choice": "held"}, 404)
    observer.post(path(run, f"runs/{run.pk}/pause"), {"reason": "x"}, 404)
