"""No, less of it, without asking, not at all, and still: what people say to a step at the command line."""

from __future__ import annotations

import pytest

from desk.asked import asked, asked_each
from doors.cli.typed import Keyboard
from hikeshi.actions.action import Receipt
from hikeshi.desk.actor import system
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.runs import verbs as runs
from hikeshi.desk.runs.models import Step
from hikeshi.text import Text
from standing import stand

HIKESHI = system("Hikeshi", "worker")


@pytest.fixture
def step(incident: Incident) -> Step:
    return asked(incident, HIKESHI)


def test_no_is_an_answer(admin: Keyboard, step: Step) -> None:
    name, plan = step.run.incident.name, ("--plan-digest", step.plan_digest[:12])
    assert admin("contain", "narrow", name, step.key, "--without", "eni-1").code == 3  # it is one whole
    assert admin("contain", "reject", name, step.key, *plan, "--reason", " ").code == 3
    assert admin.json("contain", "reject", name, step.key, *plan, "--reason", "the shop is open")["state"] == "refused"


def test_one_yes_is_for_exactly_the_plans_of_all_targets(admin: Keyboard, incident: Incident) -> None:
    name, whole = incident.name, asked_each(incident, HIKESHI)
    shown = admin.json("contain", "plans", name, whole.key)
    assert shown["plan_digest"][:12] in admin("contain", "plans", name, whole.key).out
    row = whole.parts.first()
    assert row
    assert admin("contain", "approve-all", name, whole.key, "--plan-digest", row.plan_digest).code == 3
    said = admin.json("contain", "approve-all", name, whole.key, "--plan-digest", shown["plan_digest"][:12])
    assert (len(said["approved"]), said["left"]) == (8, [])
    assert admin.json("contain", "plans", name, whole.key)["plans"] == []


def test_the_glass_is_broken_and_not_reviewed_by_the_same_person(admin: Keyboard, step: Step) -> None:
    name, plan = step.run.incident.name, ("--plan-digest", step.plan_digest)
    assert admin("contain", "break-glass", name, step.key, *plan, "--reason", "").code == 3
    assert admin.json("contain", "break-glass", name, step.key, *plan, "--reason", "alone")["by"] == "aoki"
    assert admin("contain", "review", name, step.key, "--right", "--note", "fine").code == 3


def test_all_changes_are_stopped_and_go_on(admin: Keyboard) -> None:
    assert admin("contain", "halt", "--reason", "").code == 3
    assert admin.json("contain", "halt", "--reason", "wrong hosts", "--account", "111122223333")["by"] == "aoki"
    assert [row["reason"] for row in admin.json("contain", "halts")] == ["wrong hosts"]
    assert admin("contain", "lift", "--reason", "checked").code == 3  # not everywhere, only there
    lifted = admin.json("contain", "lift", "--reason", "checked", "--account", "111122223333")
    assert lifted["lifted_by"] == "aoki"
    assert admin.json("contain", "halts") == []


def test_who_does_not_command_stops_nothing(responder: Keyboard) -> None:
    assert responder("contain", "halt", "--reason", "x").code == 3


def test_a_second_person_stands_behind_an_order(admin: Keyboard) -> None:
    order = stand("C2", actor=HIKESHI, finding_types=["Backdoor:"], playbook="compromised-ec2", severity=2)
    assert admin("order", "approve", "C2", "--version", order.version + 1).code != 0
    assert "aoki" in str(admin.json("order", "approve", "C2", "--version", order.version)["approvals"])


def test_an_order_is_edited_after_a_dry_run(admin: Keyboard) -> None:
    stand("C2", actor=HIKESHI, finding_types=["Backdoor:"], playbook="compromised-ec2", severity=2, accounts=["1"])
    edit = (
        "order",
        "edit",
        "C2",
        "--version",
        1,
        "--hours",
        "22:00-06:00",
        "--account",
        "any",
        "--max-resources-per-hour",
        9,
    )
    assert admin.json(*edit, "--dry-run")["answered_count"] == 0
    assert admin.json("order", "show", "C2")["version"] == 1
    made = admin.json(*edit)
    assert (made["version"], made["state"], made["accounts"], made["hours_from"]) == (2, "waiting", [], "22:00:00")
    assert admin("order", "edit", "C2", "--version", 2, "--hours", "22").code == 2
    made = admin.json("order", "edit", "C2", "--version", 2, "--hours", "any", "--criticality", 3, "--no-reapply")
    assert (made["hours_until"], made["criticalities"], made["max_resources_per_hour"]) == (None, [3], 9)
    assert admin.json("order", "try", "C2", "--days", 30)["days"] == 30


def test_what_is_contained_is_listed_with_its_review_and_kept(admin: Keyboard, step: Step) -> None:
    name = step.run.incident.name
    assert admin("contain", "keep", name, step.key, "--reason", "x").code != 0
    done = Receipt(action=step.action, outcome="done", summary=Text("done", "完了"), observed={}, grade="none")
    runs.end(step, done, actor=HIKESHI)
    (row,) = admin.json("contain", "watch")
    assert (row["incident"], row["state"]) == (name, "holds")
    assert admin.json("contain", "keep", name, step.key, "--reason", "not rebuilt")["review_at"] > row["review_at"]
