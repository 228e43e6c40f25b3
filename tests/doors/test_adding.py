"""The catalogue of actions, what findings call for, and adding an action: at the keyboard, through the API, in the console."""

from __future__ import annotations

import pytest

from doors.api.caller import Caller
from doors.console.house import HIKESHI, as_actor, person, signed_in
from hikeshi.desk.accounts import verbs as accounts
from hikeshi.desk.alerts import verbs as alerts
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.runs.models import Step
from tests_findings import finding

INSTANCE = "i-0123456789abcdef0"
SEEN = {"resource": {"instanceDetails": {"instanceId": INSTANCE}}}


@pytest.fixture
def incident(db: None) -> Incident:
    seen = alerts.receive(finding(**SEEN), actor=HIKESHI, source="test").alerts.get()
    return incidents.declare("Talks to a command server", 2, actor=HIKESHI, reason="test", alerts=[seen])


@pytest.fixture
def responder(incident: Incident) -> Caller:
    who = person("sato", "responder")
    incidents.assign(incident, "responder", actor=as_actor(person("kondo", "commander")), person=who)
    return Caller(who, accounts.issue_token(who, "test", actor=as_actor(who)))


def test_findings_call_for_actions_with_what_they_know_filled_in(incident: Incident, responder: Caller) -> None:
    (told,) = responder.get(f"/incidents/{incident.name}/advice")
    assert (told["kind"], told["mode"], told["order"]) == ("Backdoor:EC2/C&CActivity.B", "order", "contain first")
    disk = next(line for line in told["actions"] if line["action"] == "aws.ebs.snapshot_set")
    assert (disk["inputs"], disk["to_give"]) == ({"instance_id": INSTANCE}, [])


def test_an_action_is_added_through_the_api(incident: Incident, responder: Caller) -> None:
    body = {"action": "aws.ec2.mark", "inputs": {"instance_id": INSTANCE}, "reason": "it is on the list"}
    made = responder.post(f"/incidents/{incident.name}/actions", body, 201)
    assert (made["action"], made["state"], made["playbook"]) == ("aws.ec2.mark", "planning", "by-hand")
    wrong = responder.post(f"/incidents/{incident.name}/actions", {**body, "inputs": {"instance": "x"}}, 403)
    assert "instance" in wrong["error"]


def test_an_action_is_added_in_the_console(incident: Incident, responder: Caller) -> None:
    client = signed_in(responder.person)
    page = client.get(f"/incidents/{incident.name}/actions/").content.decode()
    assert "Talks to a command server" in page
    assert "peers=203.0.113.66&amp;" in page
    form = f"/incidents/{incident.name}/actions/aws.ec2.mark/"
    assert INSTANCE in client.get(f"{form}?instance_id={INSTANCE}").content.decode()
    refused = client.post(form, {"instance_id": "web-1", "reason": "why", "account": "1"})
    assert refused.status_code == 403
    assert "web-1" in refused.content.decode()
    assert client.post(form, {"instance_id": INSTANCE, "reason": "why", "account": "111122223333"}).status_code == 302
    assert Step.objects.get().inputs == {"instance_id": INSTANCE}


def test_strangers_see_neither_the_form_nor_the_advice(incident: Incident) -> None:
    client = signed_in(person("suzuki", "responder"))
    for page in ("actions/", "actions/aws.ec2.mark/"):
        assert client.get(f"/incidents/{incident.name}/{page}").status_code == 404
    assert client.get("/actions/").status_code == 200
    assert client.get("/actions/aws.ec2.fly/").status_code == 404
    assert signed_in(person("tanaka", "observer")).get("/actions/").status_code == 404
