"""The room over the API: assets, decisions, tasks, the state document, gates."""

from __future__ import annotations

import json

from doors.api.caller import Caller
from hikeshi.desk.incidents.models import Incident


def test_a_task_goes_from_hand_to_hand(incident: Incident, commander: Caller, on_it: Caller, off_it: Caller) -> None:
    root = f"/incidents/{incident.name}/tasks"
    task = commander.post(root, {"title": "Read the log", "owner": "sato"}, 201)["task"]
    assert on_it.post(f"{root}/{task}/take")["state"] == "taken"
    assert [one["task"] for one in on_it.get("/tasks/mine")] == [task]
    assert on_it.post(f"{root}/{task}/done", {"text": "x", "version": 1}, 409)["differences"]
    assert on_it.post(f"{root}/{task}/done", {"text": "two hosts", "version": 2})["outcome"] == "two hosts"
    off_it.get(root, 404)
    commander.post(root, {"title": "x", "owner": "suzuki"}, 403)


def test_a_decision_is_objected_to_and_made(incident: Incident, commander: Caller, on_it: Caller) -> None:
    root = f"/incidents/{incident.name}/decisions"
    made = on_it.post(root, {"question": "Shut down?", "options": ["Yes", "No"]}, 201)
    one = f"{root}/{made['decision']}"
    on_it.post(f"{one}/objections", {"text": "customers"})
    seen = {"chosen": "Yes", "reason": "r", "version": made["version"]}
    assert commander.post(f"{one}/decide", seen, 409)["current"] == "customers"
    assert commander.post(f"{one}/decide", {"chosen": "No", "reason": "r"})["decided_by"] == "kondo"
    assert commander.post(f"{one}/verdict", {"text": "right"})["later_verdict"] == "right"


def test_assets_are_listed_and_judged(incident: Incident, on_it: Caller) -> None:
    root = f"/incidents/{incident.name}/affected"
    added = on_it.post(root, {"identifier": "web-1"}, 201)
    assert on_it.post(f"{root}/gather") == []
    on_it.post(f"{root}/{added['asset']}", {"clearance": "cleared", "reason": "rebuilt"}, 403)
    judged = {"clearance": "contained", "compromise": "confirmed", "reason": "isolated"}
    assert on_it.post(f"{root}/{added['asset']}", judged)["version"] == 2
    on_it.post(f"{root}/999", judged, 404)


def test_the_state_is_read_and_written(incident: Incident, on_it: Caller, commander: Caller) -> None:
    root = f"/incidents/{incident.name}"
    written = on_it("put", f"{root}/sections/objective", {"text": "Cut the key", "version": 0})
    assert written.status_code == 200
    late = commander("put", f"{root}/sections/objective", {"text": "Other", "version": 0})
    assert late.status_code == 409
    assert json.loads(late.content)["differences"][0]["saved"] == "Cut the key"
    assert on_it.post(f"{root}/updates", {"text": "off", "audience": "legal"}, 201)["number"] == 1
    commander.post(f"{root}/rhythm", {"minutes": 20, "reason": "customers ask"})
    commander.post(f"{root}/contained", {"reason": "account off"})
    state = on_it.get(f"{root}/state")
    assert "Cut the key" in state["markdown"]["en"]
    assert [one["text"] for one in on_it.get(f"{root}/sections/objective/history")] == ["Cut the key"]
    commander.post(f"{root}/close", {"reason": "over"}, 403)
    left = [one["gate"] for one in on_it.get(f"{root}/gates") if one["open"]]
    closed = commander.post(f"{root}/close", {"reason": "over", "overrides": dict.fromkeys(left, "a drill")})
    assert closed["status"] == "closed"
