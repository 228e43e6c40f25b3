"""A step's page: the exact plan, an approval bound to its digest, done by hand, left out, undone."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from desk.asked import asked_each
from doors.console.house import HIKESHI, as_actor, asked_step, isolation_plan, signed_in
from hikeshi.actions.action import Receipt
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.runs import approvals, plans, verbs as runs
from hikeshi.desk.runs.models import Step
from hikeshi.text import Text


@pytest.fixture
def step(incident: Incident) -> Step:
    return asked_step(incident)


def address(step: Step, act: str = "") -> str:
    return f"/incidents/{step.run.incident.name}/steps/{step.pk}/" + (f"{act}/" if act else "")


def test_everything_that_would_happen_is_on_the_page(responder: Person, step: Step) -> None:
    text = signed_in(responder).get(address(step)).content.decode()
    for words in (
        "ec2:ModifyNetworkInterfaceAttribute", "sg-iso", "sg-web", "A load balancer sends traffic to it.",
        "Connections that are open now.", step.plan_digest, "exact",
    ):  # fmt: skip
        assert words in text, words
    assert "cannot be undone" not in text


def test_it_says_the_same_in_japanese(responder: Person, step: Step) -> None:
    text = signed_in(responder, "ja").get(address(step)).content.decode()
    assert "現在確立している通信。" in text
    assert "止められないもの" in text


def test_only_who_commands_is_offered_the_approval(commander: Person, responder: Person, step: Step) -> None:
    assert "Approve and make 1 call" in signed_in(commander).get(address(step)).content.decode()
    assert "Approve and make" not in signed_in(responder).get(address(step)).content.decode()
    answer = signed_in(responder).post(address(step, "approve"), {"digest": step.plan_digest, "read": "yes"})
    assert answer.status_code == 403
    step.refresh_from_db()
    assert step.state == "asked"


def test_an_approval_is_of_the_plan_that_was_shown(commander: Person, step: Step) -> None:
    shown = step.plan_digest
    plans.save_plan(step, isolation_plan(step.run.incident, "i-other"), actor=HIKESHI)
    answer = signed_in(commander).post(address(step, "approve"), {"digest": shown, "read": "yes"})
    assert answer.status_code == 409
    assert "The plan has changed since it was shown" in answer.content.decode()
    step.refresh_from_db()
    assert (step.state, step.approvals.count()) == ("asked", 0)
    assert step.plan_digest in answer.content.decode()


def test_an_approval_moves_the_step_on(commander: Person, step: Step) -> None:
    client = signed_in(commander)
    assert client.post(address(step, "approve"), {"digest": step.plan_digest, "read": "yes"}).status_code == 302
    step.refresh_from_db()
    assert (step.state, step.approvals.get().plan_digest) == ("approved", step.plan_digest)
    assert "approved by kondo" in " ".join(client.get(address(step)).content.decode().split())


def test_what_was_not_read_is_not_approved(commander: Person, step: Step) -> None:
    assert signed_in(commander).post(address(step, "approve"), {"digest": step.plan_digest}).status_code == 403


def test_an_edited_plan_is_not_shown_as_one(commander: Person, step: Step) -> None:
    Step.objects.filter(pk=step.pk).update(plan=step.plan.replace("sg-iso", "sg-any"))
    text = signed_in(commander).get(address(step)).content.decode()
    assert "may not be believed" in text
    assert "Approve and make" not in text


def test_undo_is_offered_once_it_is_done_and_needs_a_reason(commander: Person, step: Step) -> None:
    approvals.approve(step, step.plan_digest, actor=as_actor(commander))
    step.refresh_from_db()
    runs.end(
        step,
        Receipt(
            action=step.action,
            outcome="done",
            summary=Text("Isolated.", "隔離済み。"),
            observed={},
            grade="effect-proven",
        ),
        actor=HIKESHI,
    )
    client = signed_in(commander)
    text = client.get(address(step)).content.decode()
    assert "effect proven" in text
    assert "The way back" in text
    assert "EV-001" in text
    assert client.post(address(step, "undo"), {"reason": ""}).status_code == 403
    assert client.post(address(step, "undo"), {"reason": "The host is clean"}).status_code == 302
    step.refresh_from_db()
    assert step.state == "undoing"


def test_a_manual_step_is_done_and_another_left_out(responder: Person, step: Step) -> None:
    client = signed_in(responder)
    todo = step.run.steps.filter(kind="manual", state="waiting").first()
    assert todo is not None
    step.run.steps.filter(pk=todo.pk).update(state="open")
    assert client.post(address(todo, "done"), {"note": "Called the owner"}).status_code == 302
    todo.refresh_from_db()
    assert (todo.state, todo.outcome["en"]) == ("done", "Called the owner")
    waiting = step.run.steps.filter(kind="manual", state__in=("open", "waiting")).first()
    assert waiting is not None
    assert client.post(address(waiting, "skip"), {"reason": ""}).status_code == 403
    assert client.post(address(waiting, "skip"), {"reason": "No such log here"}).status_code == 302


def test_a_step_of_another_incident_is_not_found(commander: Person, step: Step) -> None:
    client: Client = signed_in(commander)
    assert client.get(f"/incidents/INC-1999-001/steps/{step.pk}/").status_code == 404
    assert client.post(address(step, "explode")).status_code == 404


def test_a_playbook_is_started_from_its_page_with_the_facts_typed_there(responder: Person, incident: Incident) -> None:
    client = signed_in(responder)
    root = f"/incidents/{incident.name}/steps/"
    assert client.post(root + "start/", {"playbook": "no-such"}).status_code == 403
    typed = {"playbook": "compromised-ec2", "alert.instance_id": "i-0123456789abcdef0"}
    seen = client.get(root + "start/", typed).content.decode()
    assert "i-0123456789abcdef0" in seen
    assert "What it would do first" in seen
    assert client.post(root + "start/", typed).status_code == 302
    assert incident.runs.get().facts["alert.instance_id"] == "i-0123456789abcdef0"
    assert "compromised-ec2" in client.get(root).content.decode()


def test_what_is_contained_is_on_the_playbook_page_and_kept_with_a_reason(
    commander: Person, responder: Person, step: Step
) -> None:
    playbook = f"/incidents/{step.run.incident.name}/steps/"
    client = signed_in(commander)
    assert "To be reviewed before" not in client.get(playbook).content.decode()
    done = Receipt(action=step.action, outcome="done", summary=Text("done", "完了"), observed={}, grade="none")
    runs.end(step, done, actor=HIKESHI)
    assert "To be reviewed before" in client.get(playbook).content.decode()
    assert "Why it must stay contained" in client.get(address(step)).content.decode()
    assert "Why it must stay contained" not in signed_in(responder).get(address(step)).content.decode()
    assert client.post(address(step, "keep"), {"reason": " "}).status_code == 403
    assert client.post(address(step, "keep"), {"reason": "not rebuilt"}).status_code == 302
    assert "見直し期限" in signed_in(commander, "ja").get(playbook).content.decode()


def test_all_targets_are_approved_by_one_yes_and_what_it_does_not_count_for_is_said(
    commander: Person, responder: Person, incident: Incident
) -> None:
    whole = asked_each(incident, HIKESHI)
    text = signed_in(commander).get(address(whole)).content.decode()
    assert "Approve all 8 plans" in text
    assert "Approve all" not in signed_in(responder).get(address(whole)).content.decode()
    named = re.findall(r'name="plan" value="([^"]+)"', text)
    said = {"plan": ["1:2.1/1 " + "0" * 64, *named[1:]], "read": "yes"}
    answer = signed_in(commander).post(address(whole, "approve-all"), said)
    assert "does not count for 1 plans" in answer.content.decode()
    assert list(whole.parts.order_by("pk").values_list("state", flat=True)) == ["asked", *["approved"] * 7]
