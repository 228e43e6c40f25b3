"""The evidence plan over the API, and the gate that it keeps."""

from __future__ import annotations

from doors.api.caller import Caller
from hikeshi.desk.evidence.models import Planned
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.runs.models import Step


def root(incident: Incident) -> str:
    return f"/incidents/{incident.name}/evidence-plan"


def test_lines_are_added_settled_and_waived(commander: Caller, on_it: Caller, incident: Incident) -> None:
    wanted = [{"kind": "disk", "target": "web-1"}, {"kind": "memory", "target": "web-1"}]
    memory, disk = on_it.post(root(incident), wanted, status=201)
    assert (memory["kind"], disk["kind"], disk["state"]) == ("memory", "disk", "pending")
    told = on_it.post(f"{root(incident)}/{memory['line']}/settle", {"failed": "the host is off"})
    assert (told["state"], told["reason"], told["settled_by"]) == ("failed", "the host is off", "sato")
    assert on_it("post", f"{root(incident)}/{disk['line']}/waive", {"reason": "x"}).status_code == 403
    assert commander.post(f"{root(incident)}/{disk['line']}/waive", {"reason": "a copy exists"})["state"] == "waived"
    assert [line["state"] for line in on_it.get(root(incident))] == ["failed", "waived"]


def test_who_is_not_on_it_learns_nothing(off_it: Caller, observer: Caller, incident: Incident) -> None:
    for caller in (off_it, observer):
        assert caller("get", root(incident)).status_code == 404
        assert caller("post", root(incident), []).status_code == 404


def test_a_step_says_what_its_gate_says_and_is_let_through_with_a_reason(commander: Caller, asked: Step) -> None:
    Planned.objects.update(state="pending")
    step = f"/incidents/{asked.run.incident.name}/steps/{asked.key}"
    gate = commander.get(step)["gate"]
    assert gate["closed"]
    assert [line["kind"] for line in gate["missing"]] == ["memory", "disk"]
    refused = commander.post(f"{step}/approve", {"plan_digest": asked.plan_digest}, status=403)
    assert "would lose evidence" in refused["error"]
    assert not commander.post(f"{step}/override", {"reason": "encryption is running"})["gate"]["closed"]
    assert commander.post(f"{step}/approve", {"plan_digest": asked.plan_digest})["state"] == "approved"
