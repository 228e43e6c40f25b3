"""Deadlines over the API: the same answers as on the command line."""

from __future__ import annotations

from doors.api.caller import Caller
from hikeshi.desk.incidents.models import Incident


def test_a_deadline_is_computed_from_days_and_instants(on_it: Caller) -> None:
    asked = "moment=appi_known_on=2026-11-02&moment=filed_at=2026-12-02"
    told = on_it.get(f"/clocks/rules/jp-appi-final/due?{asked}")
    assert (told["state"], told["due_at"]) == ("submitted_late", "2026-12-01T23:59:59+09:00")


def test_a_rule_says_what_its_report_has_to_say(on_it: Caller) -> None:
    told = on_it.get("/clocks/rules/eu-gdpr-33-authority")
    assert told["recipient"]["ja"]
    assert [one["set"] for one in told["content"]] == ["C-GDPR33"] * 5


def test_an_unknown_rule_is_answered_with_the_nearest_name(on_it: Caller) -> None:
    assert "jp-appi-final" in on_it.get("/clocks/rules/jp-api-final", 403)["hint"]


def test_who_has_no_part_in_anything_is_told_nothing(observer: Caller) -> None:
    observer.get("/clocks/rules", 404)


def test_duties_are_decided_counted_and_filed(on_it: Caller, commander: Caller, incident: Incident) -> None:
    root = f"/incidents/{incident.name}"
    on_it.post(f"{root}/moments", {"key": "appi_known_on", "when": "2026-11-02"}, 201)
    decision = {"answer": "applies", "reason": "more than 1,000 persons"}
    on_it.post(f"{root}/duties/jp-appi-final/decision", decision, 403)
    told = commander.post(f"{root}/duties/jp-appi-final/decision", decision)
    assert told["due_at"] == "2026-12-01T23:59:59+09:00"
    filed = on_it.post(
        f"{root}/duties/jp-appi-final/filings", {"at": "2026-11-20T10:00+09:00", "proof": "receipt in the safe"}, 201
    )
    assert filed["late_by_us"] == 0
    everything = on_it.get(f"{root}/duties")
    assert [one["state"] for one in everything["duties"]] == ["submitted"]
    claim = everything["moments"][0]["claim"]
    commander.post(f"{root}/moments/{claim}/withdraw", {"reason": "another matter"})
    assert on_it.get(f"{root}/duties")["duties"][0]["filings"][0]["late_by_us"] == 0


def test_who_is_not_on_the_incident_is_told_nothing_of_its_duties(off_it: Caller, incident: Incident) -> None:
    off_it.get(f"/incidents/{incident.name}/duties", 404)
    off_it.post(f"/incidents/{incident.name}/moments", {"key": "aware_at", "when": "2026-11-02"}, 404)


def test_a_report_is_drafted_item_by_item(on_it: Caller, off_it: Caller, incident: Incident) -> None:
    root = f"/incidents/{incident.name}"
    said = {"certainty": "suspected", "en": "At 198.51.100.23", "version": 0}
    assert on_it.post(f"{root}/statements/C-APPI/1", said)["version"] == 1
    on_it.post(f"{root}/statements/C-APPI/1", said, 409)
    made = on_it.get(f"{root}/duties/jp-appi-individuals/draft")
    assert "At 198.51.100.23" in made["text"]["en"]
    assert [hint["rule"] for hint in made["hints"]] == ["address"]
    off_it.post(f"{root}/statements/C-APPI/1", said, 404)


def test_facts_point_to_duties_and_counsel_switches_a_rule_on(
    on_it: Caller, commander: Caller, incident: Incident
) -> None:
    root = f"/incidents/{incident.name}"
    for fact in ("personal_data", "persons_ca"):
        on_it.post(f"{root}/facts/{fact}", {"answer": "yes"}, 201)
    (quebec,) = [one for one in on_it.get(f"{root}/proposals") if one["rule"] == "ca-qc"]
    assert (quebec["verdict"], quebec["on"]) == ("may_apply", False)
    commander.post("/clocks/rules/ca-qc/sign-offs", {"counsel": "K. Ito"}, 201)
    (row,) = [one for one in on_it.get("/clocks/sign-offs") if one["rule"] == "ca-qc"]
    assert (row["on"], row["counsel"]) == (True, "K. Ito")
    commander.post("/facts/listed_jp", {"answer": "yes"}, 201)
    assert {one["fact"]: one["answer"] for one in on_it.get(f"{root}/facts")}["listed_jp"] == "yes"
    commander.post("/clocks/rules/ca-qc/sign-offs/withdraw", {"reason": "amended"}, 200)
