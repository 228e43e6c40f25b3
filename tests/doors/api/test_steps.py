"""Steps through the API: a yes belongs to one plan."""

from __future__ import annotations

import pytest

from doors.api.caller import SYSTEM, Caller, plan
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.runs import plans
from hikeshi.desk.runs.models import Step


def _path(step: Step) -> str:
    return f"/incidents/{step.run.incident.name}/steps/{step.key}"


def test_a_step_shows_its_plan_and_what_it_will_not_stop(on_it: Caller, asked: Step) -> None:
    shown = on_it.get(_path(asked))
    assert shown["state"] == "asked"
    assert shown["plan"]["calls"][0]["operation"] == "ec2.ModifyNetworkInterfaceAttribute"
    assert shown["plan"]["will_not_stop"][0]["ja"] == "すでに盗まれたセッション。"
    assert len(shown["plan_digest"]) == 64
    assert shown["text"].keys() == {"en", "ja"}


def test_approval_needs_command_and_the_digest_that_was_read(on_it: Caller, commander: Caller, asked: Step) -> None:
    body = {"plan_digest": asked.plan_digest}
    on_it.post(f"{_path(asked)}/approve", body, 403)
    wrong = commander.post(f"{_path(asked)}/approve", {"plan_digest": "0" * 64}, 409)
    assert wrong["current"] == asked.plan_digest
    approved = commander.post(f"{_path(asked)}/approve", body)
    assert (approved["state"], approved["approvals"][0]["by"]) == ("approved", "kondo")
    assert commander.post(f"{_path(asked)}/approve", body, 409)["current"] == "approved"


def test_a_plan_made_anew_is_not_covered_by_the_old_yes(commander: Caller, asked: Step) -> None:
    old = asked.plan_digest
    assert commander.post(f"{_path(asked)}/plan")["state"] == "planning"
    asked.refresh_from_db()
    plans.save_plan(asked, plan(asked.run.incident), actor=SYSTEM)
    commander.post(f"{_path(asked)}/approve", {"plan_digest": old}, 409)


def test_a_manual_step_is_done_or_skipped_with_a_reason(on_it: Caller, incident: Incident) -> None:
    on_it.post(f"/incidents/{incident.name}/runs", {"playbook": "ransomware"}, 201)
    first, second = [row["step"] for row in on_it.get(f"/incidents/{incident.name}/steps?state=open")][:2]
    path = f"/incidents/{incident.name}/steps"
    assert on_it.post(f"{path}/{first}/done", {"note": "owner reached"})["outcome"]["en"] == "owner reached"
    assert on_it.post(f"{path}/{second}/skip", {"reason": ""}, 403)["hint"]
    assert on_it.post(f"{path}/{second}/skip", {"reason": "no such host"})["state"] == "skipped"
    on_it.post(f"{path}/{first}/done", {}, 409)


def test_two_runs_with_the_same_key_are_told_apart(on_it: Caller, incident: Incident) -> None:
    path = f"/incidents/{incident.name}"
    on_it.post(f"{path}/runs", {"playbook": "ransomware"}, 201)
    on_it.post(f"{path}/runs", {"playbook": "ransomware"}, 403)
    on_it.post(f"{path}/runs", {"playbook": "ransomware", "again": True}, 201)
    key = on_it.get(f"{path}/steps")[0]["step"].partition(":")[2]
    assert "Several" in on_it.get(f"{path}/steps/{key}", 403)["error"]
    run = on_it.get(f"{path}/runs")[0]["run"]
    assert on_it.get(f"{path}/steps/{run}:{key}")["step"] == f"{run}:{key}"


@pytest.mark.parametrize("reference", ["9.9", "x", ":", "²:1.1", "999999:1.1"])
def test_a_step_that_is_not_there_is_404(on_it: Caller, incident: Incident, reference: str) -> None:
    on_it.get(f"/incidents/{incident.name}/steps/{reference}", 404)


def test_undo_is_only_for_what_was_done(commander: Caller, asked: Step) -> None:
    commander.post(f"{_path(asked)}/undo", {"reason": "safe again"}, 409)
    Step.objects.filter(pk=asked.pk).update(state="done")
    assert commander.post(f"{_path(asked)}/undo", {"reason": ""}, 403)["hint"]
    assert commander.post(f"{_path(asked)}/undo", {"reason": "safe again"})["state"] == "undoing"
