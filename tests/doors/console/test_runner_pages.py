"""The page of a playbook at work: each act of a person, by role, and what every state looks like."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from doors.console.house import HIKESHI, as_actor, signed_in
from doors.played import played
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.evidence import verbs as evidence
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.runs.models import Run, Step


@pytest.fixture
def run(incident: Incident) -> Run:
    return played(incident, key_id="AKIAEXAMPLE")


def step(run: Run, key: str) -> Step:
    return run.steps.get(key=key)


def address(run: Run, key: str = "", act: str = "") -> str:
    root = f"/incidents/{run.incident.name}/steps/"
    return root + (f"{step(run, key).pk}/" if key else "") + (f"{act}/" if act else "")


def text(client: Client, where: str) -> str:
    return " ".join(client.get(where).content.decode().split())


def send(client: Client, run: Run, key: str, act: str, **typed: Any) -> int:
    return client.post(address(run, key, act), typed).status_code


def held(run: Run, client: Client, **facts: Any) -> None:
    """The decision is taken: the attacker holds the key."""
    assert (
        send(client, run, "1.2", "decide", value="held", **{"fact.personal": "no", "fact.records": "0"} | facts) == 302
    )


def test_a_decision_is_taken_by_a_button_in_the_readers_language(responder: Person, run: Run) -> None:
    assert "攻撃者が保持している" in text(signed_in(responder, "ja"), address(run, "1.2"))
    client = signed_in(responder)
    assert "The attacker holds it" in text(client, address(run, "1.2"))
    assert send(client, run, "1.2", "decide", value="held") == 403  # two facts are asked for
    held(run, client)
    decided = step(run, "1.2")
    assert (decided.choice, run.steps.get(key="2.2").state) == ("held", "waiting")
    run.refresh_from_db()
    assert run.facts["fact.personal"] is False


def test_evidence_is_named_or_said_why_not(responder: Person, run: Run) -> None:
    client = signed_in(responder)
    item = evidence.seal_bytes(run.incident, b"log", actor=HIKESHI, title="Audit log", kind="logs")
    assert item.name in text(client, address(run, "1.1"))
    assert send(client, run, "1.1", "done") == 403
    assert send(client, run, "1.1", "done", evidence=[item.name], note="two days") == 302
    assert step(run, "1.1").receipts == [item.name]


def test_a_failure_opens_what_is_there_for_it(responder: Person, run: Run) -> None:
    client = signed_in(responder)
    assert send(client, run, "1.1", "done", **{"not.logs": "logging was off"}) == 302
    held(run, client)
    assert "Step 2.2 is there for this" in text(client, address(run, "2.1"))
    assert send(client, run, "2.1", "fail", reason="the account is not ours") == 302
    assert step(run, "2.2").state == "open"
    assert send(client, run, "2.1", "again", reason="access given") == 302
    assert step(run, "2.1").state == "open"


def test_a_fact_that_is_lacking_is_told_on_the_step_and_its_targets_open(responder: Person, run: Run) -> None:
    client = signed_in(responder)
    held(run, client)
    shown = text(client, address(run, "2.3"))
    assert "It lacks a fact" in shown
    assert 'name="fact.hosts"' in shown
    answer = client.post(
        f"/incidents/{run.incident.name}/runs/{run.pk}/tell/?step={step(run, '2.3').pk}",
        {"fact.hosts": "web-1\nweb-2\nweb-3"},
    )
    assert answer.status_code == 302
    assert "0 of 3 targets over" in text(client, address(run, "2.3"))
    assert "web-2" in text(client, address(run, "2.3/2"))


def test_more_targets_than_usual_are_let_go_by_who_commands(commander: Person, responder: Person, run: Run) -> None:
    held(run, signed_in(responder), **{"fact.hosts": "\n".join(f"web-{number}" for number in range(25))})
    assert "All of them are meant" not in text(signed_in(responder), address(run, "2.3"))
    client = signed_in(commander)
    assert "All of them are meant" in text(client, address(run, "2.3"))
    assert send(client, run, "2.3", "allow", reason="the whole farm") == 302
    assert step(run, "2.3").parts.count() == 25


def test_a_draft_comes_with_the_facts_put_in(responder: Person, run: Run) -> None:
    client = signed_in(responder)
    held(run, client)
    assert "Key AKIAEXAMPLE was turned off." in text(client, address(run, "2.4"))


def test_a_step_is_taken_given_on_and_taken_over_with_a_reason(commander: Person, responder: Person, run: Run) -> None:
    client, other = signed_in(responder), signed_in(commander)
    assert send(client, run, "1.2", "take") == 302
    assert "sato has it" in text(other, address(run, "1.1"))
    assert send(other, run, "1.2", "take") == 403
    assert send(other, run, "1.2", "take", reason="no answer") == 302
    assert step(run, "1.2").owner == "kondo"
    assert send(other, run, "1.2", "give", person=str(responder.pk)) == 302
    assert step(run, "1.2").owner == "sato"


def test_what_is_stuck_with_a_worker_is_seen_and_taken_from_it(commander: Person, run: Run) -> None:
    long_ago = timezone.now() - timedelta(hours=1)
    Step.objects.filter(pk=step(run, "3.1").pk).update(state="running", due_at=long_ago, began_at=long_ago)
    client = signed_in(commander)
    assert "No worker has taken it up" in text(client, address(run, "3.1"))
    assert send(client, run, "3.1", "take-over", reason="no worker") == 302
    assert (step(run, "3.1").state, step(run, "3.1").owner) == ("open", "kondo")


def test_a_run_is_paused_and_goes_on(commander: Person, responder: Person, run: Run) -> None:
    where = f"/incidents/{run.incident.name}/runs/{run.pk}/"
    assert signed_in(responder).post(where + "pause/", {"reason": "x"}).status_code == 403
    client = signed_in(commander)
    assert client.post(where + "pause/", {"reason": ""}).status_code == 403
    assert client.post(where + "pause/", {"reason": "the owner asks for an hour"}).status_code == 302
    assert "the owner asks for an hour" in text(client, address(run))
    assert client.post(where + "resume/").status_code == 302
    run.refresh_from_db()
    assert run.state == "running"
    assert client.post(where + "explode/").status_code == 404


def test_a_step_is_added_to_the_run(responder: Person, run: Run) -> None:
    client = signed_in(responder)
    typed = {"title": "Lower the limit", "role": "responder", "phase": "containment", "after": ["1.1"], "due": "x"}
    where = f"/incidents/{run.incident.name}/runs/{run.pk}/add/"
    assert client.post(where, typed).status_code == 403
    assert client.post(where, typed | {"due": ""}).status_code == 302
    assert "Lower the limit" in text(client, address(run, "1.2"))


def test_only_who_works_on_the_incident_is_offered_anything(
    commander: Person, other: Person, outsider: Person, run: Run
) -> None:
    for stranger in (other, outsider):
        assert signed_in(stranger).get(address(run, "1.2")).status_code == 404
        assert send(signed_in(stranger), run, "1.2", "decide", value="held") == 404
        assert (
            signed_in(stranger)
            .post(f"/incidents/{run.incident.name}/runs/{run.pk}/pause/", {"reason": "x"})
            .status_code
            == 404
        )
    incidents.assign(run.incident, "observer", actor=as_actor(commander), person=outsider)
    seen = text(signed_in(outsider), address(run, "1.2"))
    assert "Does the attacker hold the key" in seen
    assert "The decision" not in seen
    assert send(signed_in(outsider), run, "1.2", "decide", value="held") == 403


def test_my_work_lists_my_steps_and_what_waits_for_my_role(commander: Person, responder: Person, run: Run) -> None:
    assert "1.1 Keep the audit log" in text(signed_in(responder), "/mine/")
    assert "Does the attacker hold the key" not in text(signed_in(responder), "/mine/")
    assert send(signed_in(responder), run, "1.2", "take") == 302
    assert "1.2 Does the attacker hold the key" in text(signed_in(responder), "/mine/")
    incidents.assign(run.incident, "incident_commander", actor=as_actor(commander), person=commander)
    assert "1.2 Does the attacker hold the key" not in text(signed_in(commander), "/mine/")
    assert send(signed_in(commander), run, "1.2", "give") == 302
    assert "1.2 Does the attacker hold the key" in text(signed_in(commander), "/mine/")
