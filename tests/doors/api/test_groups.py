"""Groups over the API: the same decisions as in the console, and a conflict that shows who was faster."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.utils import timezone

from desk.triage import group_of
from doors.api.caller import SYSTEM, Caller
from hikeshi.desk.alerts.models import Group, Suppression
from hikeshi.desk.incidents.models import Incident

JUDGED = {"verdict": "benign", "why": "scanner_of_ours", "reason": "our scanner"}


def _soon(hours: int = 1) -> str:
    return (timezone.now() + timedelta(hours=hours)).isoformat()


def test_a_group_is_listed_shown_and_judged(off_it: Caller) -> None:
    name = str(group_of(SYSTEM))
    [listed] = off_it.get("/groups?show=waiting")["items"]
    shown = off_it.get(f"/groups/{name}")
    assert (listed["name"], listed["alerts"], shown["questions"]) == (name, 1, [])
    assert {"kind": "instance", "value": "i-0abc"} in shown["observables"]
    assert len(off_it.get(f"/groups/{name}/alerts")["items"]) == 1
    [judged] = off_it.post("/groups/judge", {"groups": [name], "versions": {name: shown["version"]}, **JUDGED})
    assert (judged["state"], judged["why"]) == ("judged", "scanner_of_ours")
    assert off_it.get("/groups?show=waiting")["items"] == []
    assert off_it.post(f"/groups/{name}/reopen", {"reason": "no"})["state"] == "waiting"


def test_who_was_second_is_told_what_the_first_said(off_it: Caller, on_it: Caller) -> None:
    name = str(group_of(SYSTEM))
    off_it.post("/groups/judge", {"groups": [name], **JUDGED})
    told = on_it.post("/groups/judge", {"groups": [name], **JUDGED}, 409)
    assert told["current"] == f"suzuki judged {name} benign: our scanner"


def test_merge_unmerge_related_snooze_wake_assign_and_ask(off_it: Caller) -> None:
    first, second = str(group_of(SYSTEM)), str(group_of(SYSTEM, cause="i-0def"))
    [related] = off_it.get(f"/groups/{first}/related")
    assert (related["group"], related["shared"]) == (second, ["address 203.0.113.66"])
    off_it.post("/groups/merge", {"groups": [first, second], "reason": "one machine"})
    assert off_it.get(f"/groups/{first}")["merged"] == [second]
    assert off_it.post(f"/groups/{second}/unmerge", {"reason": "two"})["state"] == "waiting"
    [asleep] = off_it.post("/groups/snooze", {"groups": [first], "until": _soon(), "reason": "r"})
    assert asleep["state"] == "snoozed"
    assert off_it.post(f"/groups/{first}/wake")["state"] == "waiting"
    off_it.post("/groups/snooze", {"groups": [first], "until": "2026-11-07T03:00", "reason": "r"}, 422)
    assert off_it.post(f"/groups/{first}/assign", {"person": "suzuki"})["assigned_to"] == "suzuki"
    asked = off_it.post(f"/groups/{first}/ask", {"to": "web team", "question": "Was this you?"}, 201)
    assert off_it.post(f"/questions/{asked['question']}/answer", {"text": "No."})["answered_by"] == "suzuki"


def test_declare_link_and_unlink(off_it: Caller, on_it: Caller, incident: Incident) -> None:
    first, second = str(group_of(SYSTEM)), str(group_of(SYSTEM, cause="i-0def"))
    made = off_it.post("/groups/declare", {"groups": [first], "severity": 1, "reason": "r"}, 201)
    assert len(made["alerts"]) == 1
    wanted = {"groups": [second], "incident": incident.name, "reason": "same address"}
    off_it.post("/groups/link", wanted, 404)  # they may not know that it exists
    assert on_it.post("/groups/link", wanted)[0]["state"] == "taken"
    assert on_it.post(f"/groups/{second}/unlink", {"incident": incident.name, "reason": "r"})["state"] == "waiting"


def test_a_suppression_is_proposed_made_counted_and_ended(off_it: Caller) -> None:
    name = str(group_of(SYSTEM))
    match: dict[str, Any] = off_it.get(f"/groups/{name}/proposal")
    off_it.post("/groups/judge", {"groups": [name], **JUDGED})
    made = off_it.post("/suppressions", {"match": match, "reason": "our scanner", "expires_at": _soon()}, 201)
    hidden = group_of(SYSTEM, 2)
    assert off_it.get("/groups?show=suppressed")["items"][0]["name"] == str(hidden)
    [listed] = off_it.get("/suppressions?active=true")["items"]
    assert (listed["name"], listed["hits"], listed["active"]) == (made["name"], 1, True)
    assert off_it.post(f"/groups/{hidden}/unhide", {"reason": "look"})["state"] == "waiting"
    assert off_it.post(f"/suppressions/{made['name']}/end", {"reason": "mended"})["active"] is False
    assert Suppression.objects.get().ended_by == "suzuki"


def test_reasons_are_listed_and_unknown_lists_refused(off_it: Caller, observer: Caller) -> None:
    assert {"why", "verdicts", "title"} == off_it.get("/verdict-reasons")[0].keys()
    assert "waiting" in off_it.get("/groups?show=none", 403)["hint"]
    observer.get(f"/groups/{group_of(SYSTEM)}", 404)
    assert Group.objects.count() == 1
