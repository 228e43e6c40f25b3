"""No, less of it, without asking, not at all, and still: what people say to a step over the API."""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from desk.asked import asked_each
from doors.api.caller import SYSTEM, Caller, plan
from hikeshi.actions.action import Receipt
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.runs import ordering, plans, verbs as runs
from hikeshi.desk.runs.models import Step
from hikeshi.text import Text


def _path(step: Step) -> str:
    return f"/incidents/{step.run.incident.name}/steps/{step.key}"


def test_no_needs_command_a_reason_and_the_digest_that_was_read(on_it: Caller, commander: Caller, asked: Step) -> None:
    path, body = f"{_path(asked)}/reject", {"plan_digest": asked.plan_digest, "reason": "the shop is open"}
    on_it.post(path, body, 403)
    commander.post(path, {**body, "reason": " "}, 403)
    commander.post(path, {**body, "plan_digest": "0" * 64}, 409)
    assert commander.post(path, body)["state"] == "refused"


def test_one_yes_for_all_targets_names_each_plan(on_it: Caller, commander: Caller, incident: Incident) -> None:
    whole = asked_each(incident, SYSTEM)
    told = commander.get(f"{_path(whole)}/plans")
    assert (len(told["plans"]), told["plans"][0]["missing"], told["seconds"] > 0) == (8, 1, True)
    shown = {one["step"]: one["plan_digest"] for one in told["plans"]}
    on_it.post(f"{_path(whole)}/approve-all", {"plans": shown}, 403)
    first, *others = shown
    said = commander.post(f"{_path(whole)}/approve-all", {"plans": shown | {first: "0" * 64}, "reason": "all of them"})
    assert said["approved"] == others
    assert [(one["step"], "changed" in one["why"]) for one in said["left"]] == [(first, True)]
    assert [one["step"] for one in commander.get(f"{_path(whole)}/plans")["plans"]] == [first]


def test_less_of_it_is_planned_anew(commander: Caller, asked: Step) -> None:
    path = f"{_path(asked)}/narrow"
    assert "no parts" in commander.post(path, {"without": ["eni-1"]}, 403)["error"]
    Step.objects.filter(pk=asked.pk).update(action="aws.ec2.protect")
    asked.refresh_from_db()
    parted = msgspec.structs.replace(plan(asked.run.incident), after={"parts": {"a": 1, "b": 2}})
    plans.save_plan(asked, parted, actor=SYSTEM)
    assert commander.get(_path(asked))["asked"]["parts"] == ["a", "b"]
    assert commander.post(path, {"without": ["a"]})["state"] == "planning"


def test_the_glass_is_broken_by_whoever_is_there_and_reviewed_by_another(
    on_it: Caller, off_it: Caller, commander: Caller, asked: Step
) -> None:
    said = {"plan_digest": asked.plan_digest, "reason": "nobody answers"}
    off_it.post(f"{_path(asked)}/break-glass", said, 404)
    assert on_it.post(f"{_path(asked)}/break-glass", said, 201)["right"] is None
    assert on_it.get(_path(asked))["state"] == "approved"
    on_it.post(f"{_path(asked)}/glass-review", {"right": True, "note": "fine"}, 403)
    assert commander.post(f"{_path(asked)}/glass-review", {"right": False, "note": "they could be asked"})["closed_by"]
    assert [row["right"] for row in on_it.get(f"/incidents/{asked.run.incident.name}/broken-glass")] == [False]


def test_all_changes_are_stopped_and_go_on(on_it: Caller, commander: Caller) -> None:
    stop = {"reason": "wrong hosts", "account": "111122223333"}
    on_it.post("/halts", stop, 403)
    assert commander.post("/halts", stop, 201)["by"] == "kondo"
    assert [row["account"] for row in on_it.get("/halts")] == ["111122223333"]
    on_it.post("/halts/lift", {**stop, "reason": "checked"}, 403)
    assert commander.post("/halts/lift", {**stop, "reason": "checked"})["lifted_by"] == "kondo"
    assert on_it.get("/halts") == []


def test_a_second_person_stands_behind_an_order(commander: Caller, caller: Callable[[str, str], Caller]) -> None:
    order = {"name": "C2", "finding_types": ["Backdoor:"], "playbook": "compromised-ec2", "severity": 2}
    made = commander.post("/orders", order | {"expires_at": "2099-01-01T00:00:00Z"}, 403)
    assert "year" in made["error"] + made["hint"]
    made = commander.post("/orders", order | {"expires_at": _in_a_month()}, 201)
    commander.post("/orders/C2/approve", {"version": made["version"]}, 409)
    caller("aoki", "admin").post("/orders/C2/approve", {"version": made["version"] + 1}, 409)
    approved = caller("ito", "commander").post("/orders/C2/approve", {"version": made["version"]})
    assert len(approved["approvals"]) == 2


def test_an_order_is_edited_after_a_dry_run(commander: Caller, on_it: Caller) -> None:
    order = {"name": "C2", "finding_types": ["Backdoor:"], "playbook": "compromised-ec2", "severity": 2}
    commander.post("/orders", order | {"expires_at": _in_a_month(), "hours_from": "22:00", "hours_until": "06:00"}, 201)
    said = {"hours_from": None, "hours_until": None, "max_resources_per_hour": 9}
    assert commander.post("/orders/C2/try", said)["answered_count"] == 0
    commander.post("/orders/C2/try", {"hours_from": None}, 403)
    assert on_it.get("/orders/C2/try?days=30")["days"] == 30
    assert on_it("patch", "/orders/C2", {"version": 1, **said}).status_code == 403
    made = commander("patch", "/orders/C2", {"version": 1, **said}).json()  # type: ignore[attr-defined]  # the test client's answer
    assert (made["version"], made["state"], made["hours_from"], made["max_resources_per_hour"]) == (
        2,
        "waiting",
        None,
        9,
    )
    assert commander("patch", "/orders/C2", {"version": 1, **said}).status_code == 409


def _in_a_month() -> str:
    return ordering.ends_in(30).isoformat()


def test_what_is_contained_is_listed_with_its_review_and_kept(
    on_it: Caller, off_it: Caller, commander: Caller, asked: Step, incident: Incident
) -> None:
    done = Receipt(action=asked.action, outcome="done", summary=Text("done", "完了"), observed={}, grade="none")
    runs.end(asked, done, actor=SYSTEM)
    (row,) = on_it.get("/watches")
    assert (row["incident"], row["state"], row["looked_at"]) == (incident.name, "holds", None)
    assert off_it.get("/watches") == []
    on_it.post(f"{_path(asked)}/keep", {"reason": "x"}, 403)
    assert commander.post(f"{_path(asked)}/keep", {"reason": "not rebuilt"})["review_at"] > row["review_at"]
