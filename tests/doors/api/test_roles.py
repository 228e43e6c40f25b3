"""Roles are given by those in command."""

from __future__ import annotations

from doors.api.caller import Caller
from hikeshi.desk.accounts.models import Contact
from hikeshi.desk.incidents.models import Incident


def test_a_role_on_it_opens_the_incident(commander: Caller, off_it: Caller, incident: Incident) -> None:
    off_it.get(f"/incidents/{incident.name}", 404)
    made = commander.post(f"/incidents/{incident.name}/roles", {"duty": "scribe", "person": "suzuki"}, 201)
    assert (made["duty"], made["person"]) == ("scribe", "suzuki")
    off_it.get(f"/incidents/{incident.name}")


def test_a_contact_without_account_can_hold_a_role(commander: Caller, incident: Incident) -> None:
    Contact.objects.create(name="Okita / 沖田", duty="communications_lead")
    path = f"/incidents/{incident.name}/roles"
    made = commander.post(path, {"duty": "communications_lead", "contact": "Okita / 沖田"}, 201)
    assert (made["name"], made["person"]) == ("Okita / 沖田", None)
    assert made in commander.get(path)


def test_who_is_not_in_command_cannot_try_names(on_it: Caller, incident: Incident) -> None:
    path = f"/incidents/{incident.name}/roles"
    known = on_it.post(path, {"duty": "scribe", "person": "kondo"}, 403)
    assert on_it.post(path, {"duty": "scribe", "person": "nobody"}, 403) == known


def test_an_unknown_duty_or_nobody_is_refused_with_a_hint(commander: Caller, incident: Incident) -> None:
    path = f"/incidents/{incident.name}/roles"
    assert "scribe" in commander.post(path, {"duty": "boss", "person": "kondo"}, 403)["hint"]
    assert commander.post(path, {"duty": "scribe"}, 403)["hint"]
    commander.post(path, {"duty": "scribe", "person": "nobody"}, 404)


def test_what_is_wrong_with_the_staffing_is_told(incident: Incident, on_it: Caller, off_it: Caller) -> None:
    assert {row["warning"] for row in on_it.get(f"/incidents/{incident.name}/staffing")} == {
        "few_people",
        "no_commander",
    }
    off_it.get(f"/incidents/{incident.name}/staffing", 404)
    assert [row["duty"] for row in off_it.get("/oncall/proposal?severity=4")] == ["incident_commander", "responder"]
    off_it.get("/oncall/proposal?severity=9", 403)


def test_a_role_is_handed_over(commander: Caller, on_it: Caller, off_it: Caller, incident: Incident) -> None:
    commander.post(f"/incidents/{incident.name}/roles", {"duty": "incident_commander", "person": "sato"}, 201)
    body = {"duty": "incident_commander", "to": "suzuki", "words": "phone only"}
    row = on_it.post(f"/incidents/{incident.name}/handovers", body, 201)
    assert [one["handover"] for one in off_it.get("/handovers")] == [row["handover"]]
    at = f"/handovers/{row['handover']}"
    on_it.post(f"{at}/accept", {"say_back": "x"}, 403)
    assert off_it.post(f"{at}/decline", {"reason": "busy"})["state"] == "declined"
    off_it.post(f"{at}/accept", {"say_back": "x"}, 409)
    again = on_it.post(f"/incidents/{incident.name}/handovers", body, 201)["handover"]
    assert on_it.post(f"/handovers/{again}/withdraw", {"reason": "later"})["state"] == "withdrawn"
    last = on_it.post(f"/incidents/{incident.name}/handovers", body, 201)["handover"]
    assert off_it.post(f"/handovers/{last}/accept", {"say_back": "Send it."})["state"] == "accepted"
    off_it.get(f"/incidents/{incident.name}")


def test_who_was_called_in_by_which_rule_is_told(on_it: Caller, incident: Incident) -> None:
    Contact.objects.create(name="Mori", duty="legal_support")
    on_it.post(f"/incidents/{incident.name}/facts/personal_data", {"answer": "unknown"}, 201)
    on_it.post(f"/incidents/{incident.name}/facts/public", {"answer": "yes"}, 201)
    [row] = [row for row in on_it.get(f"/incidents/{incident.name}/roles") if row["called_for"]]
    assert (row["name"], row["duty"], row["called_for"]) == ("Mori", "legal_support", "personal_data")
    assert row["why"]["ja"].startswith("個人データ")
    warned = {row["warning"]: row["text"]["en"] for row in on_it.get(f"/incidents/{incident.name}/staffing")}
    assert warned["not_called_in"].startswith("Public relations is needed and nobody holds it")
