"""Custody through the API: the record, both sides of a hand-over, holds, the end by two, and the gaps."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from doors.api.caller import Caller, as_actor
from hikeshi.desk.evidence import verbs
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.models import Incident

SHA = hashlib.sha256(b"disk, through the API").hexdigest()


@pytest.fixture
def path(on_it: Caller, incident: Incident) -> str:
    """The address of an item."""
    verbs.seal_bytes(incident, b"disk, through the API", actor=as_actor(on_it), title="Disk", kind="file")
    return f"/incidents/{incident.name}/evidence/EV-001"


def last(caller: Caller, path: str) -> dict[str, Any]:
    found: dict[str, Any] = caller.get(path)["line"][-1]
    return found


def test_the_record_is_sent_beside_the_file(on_it: Caller, incident: Incident) -> None:
    said = {"collector": "sato", "began_at": "2026-11-06T17:41:10Z", "clock_offset_us": "-1500", "tlp": "amber"}
    file = SimpleUploadedFile("disk.img", b"disk")
    answer = on_it("post", f"/incidents/{incident.name}/evidence", data={"file": file, **said})
    assert answer.status_code == 201, answer.content
    made = on_it.get(f"/incidents/{incident.name}/evidence/EV-001")
    assert (made["collector"], made["clock_offset_us"], made["tlp"]) == ("sato", -1500, "amber")
    assert made["line"][0]["occurred_at"].startswith("2026-11-06T17:41:10")


def test_a_field_is_filled_and_then_corrected_and_two_texts_are_shown(
    on_it: Caller, commander: Caller, path: str
) -> None:
    seen = on_it.get(path)["version"]
    assert on_it("patch", f"{path}/record", {"owner": "Sales", "version": seen}).status_code == 200
    late = commander("patch", f"{path}/record", {"owner": "Finance", "reason": "x", "version": seen})
    assert late.status_code == 409
    assert late.json()["current"] == "owner: Sales"  # type: ignore[attr-defined]  # the test client's answer
    made = on_it.post(f"{path}/corrections", {"field": "owner", "value": "Finance", "reason": "misread"}, 201)
    assert (made["data"]["before"], made["data"]["after"]) == ("Sales", "Finance")
    on_it.post(f"{path}/corrections", {"field": "owner", "value": None, "reason": "unknown"}, 201)
    assert on_it.get(path)["owner"] == ""
    on_it("patch", f"{path}/record", {"began_at": "2026-11-06T17:41:10Z"})
    on_it.post(f"{path}/corrections", {"field": "began_at", "value": "2026-11-06T18:00:00Z", "reason": "zone"}, 201)
    assert on_it.get(path)["began_at"].startswith("2026-11-06T18:00")
    assert on_it("patch", f"{path}/record", {"sha256": "0"}).status_code == 422


def test_a_note_is_a_custody_line_with_two_times(on_it: Caller, path: str) -> None:
    said = {
        "text": "mounted",
        "kind": "copy",
        "purpose": "search",
        "occurred_at": "2026-11-06T17:41:10Z",
        "time_source": "NTP",
    }
    on_it.post(f"{path}/notes", said, 201)
    line = last(on_it, path)
    assert (line["verb"], line["occurred_at"][:10], line["time_source"]) == ("evidence.copy", "2026-11-06", "NTP")


def test_a_hand_over_is_offered_accepted_and_returned(
    on_it: Caller, observer: Caller, commander: Caller, incident: Incident, path: str
) -> None:
    incidents.assign(incident, "observer", actor=as_actor(commander), person=observer.person)
    offer = {"receiver": "tanaka", "purpose": "analysis"}
    assert "/handover/" in on_it.post(f"{path}/transfers", offer, 201)["link"]
    on_it.post(f"{path}/transfers", offer, 403)
    on_it.post(f"{path}/transfers/accept", {"sha256": SHA}, 403)
    assert observer.post(f"{path}/transfers/accept", {"sha256": SHA})["state"] == "accepted"
    assert on_it.get(path)["held_by"] == "tanaka"
    assert on_it.post(f"{path}/return", {"sha256": "0" * 64})["held_by"] == "tanaka"
    assert on_it.post(f"{path}/return", {"sha256": SHA})["held_by"] == ""
    on_it.post(f"{path}/transfers", offer | {"means": "paper"}, 201)
    assert observer.post(f"{path}/transfers/refuse", {"reason": "away"})["state"] == "refused"
    on_it.post(f"{path}/transfers", offer, 201)
    assert on_it.post(f"{path}/transfers/withdraw", {"reason": "mistake"})["state"] == "withdrawn"
    assert len(on_it.get(path)["transfers"]) == 3


def test_a_signed_sheet_is_filed(on_it: Caller, off_it: Caller, path: str) -> None:
    on_it.post(f"{path}/transfers", {"receiver": "Lab", "purpose": "analysis", "means": "paper"}, 201)

    def sent() -> dict[str, Any]:
        return {"scan": SimpleUploadedFile("scan.pdf", b"%PDF"), "sha256": SHA, "signed_by": "Dr. Kim"}

    assert off_it("post", f"{path}/transfers/paper", data=sent()).status_code == 404
    answer = on_it("post", f"{path}/transfers/paper", data=sent())
    assert answer.json()["paper"] == "EV-002"  # type: ignore[attr-defined]  # the test client's answer
    assert on_it.get(path)["held_by"] == "Lab"


def test_the_end_takes_two_and_no_hold(commander: Caller, on_it: Caller, path: str, caller: Any) -> None:
    second = caller("ueda", "commander")
    held = commander.post(f"{path}/holds", {"reason": "LH-12"}, 201)
    commander.post(f"{path}/disposal", {"reason": "over"}, 403)
    commander.post(f"{path}/holds/{held['hold']}/lift", {"reason": "settled"})
    commander.post(f"{path}/holds/99/lift", {"reason": "settled"}, 404)
    commander("put", f"{path}/retention", {"until": "2999-01-01", "reason": "contract"})
    commander.post(f"{path}/disposal", {"reason": "over"}, 403)
    commander("put", f"{path}/retention", {"until": None, "reason": "wrong contract"})
    commander.post(f"{path}/disposal/approve", status=404)
    commander.post(f"{path}/disposal", {"reason": "over"}, 201)
    commander.post(f"{path}/disposal/approve", status=403)
    assert second.post(f"{path}/disposal/refuse", {"reason": "appeal"})["state"] == "refused"
    commander.post(f"{path}/disposal", {"reason": "over"}, 201)
    assert second.post(f"{path}/disposal/approve")["state"] == "done"
    assert commander.get(path)["disposed_at"]

    assert on_it("get", f"{path}/content").status_code == 403


def test_looking_at_what_is_sensitive_is_an_entry(on_it: Caller, commander: Caller, path: str) -> None:
    on_it("patch", f"{path}/record", {"sensitivity": "sensitive"})
    for _ in range(2):
        line = last(commander, path)
    assert (line["verb"], line["actor"]) == ("evidence.read", "kondo")
    assert sum(one["verb"] == "evidence.read" for one in commander.get(path)["line"]) == 1


def test_gaps_are_listed_in_both_languages(on_it: Caller, incident: Incident, path: str) -> None:
    found = on_it.get(f"/incidents/{incident.name}/evidence-gaps")
    assert {"EV-001"} == {gap["item"] for gap in found}
    assert all(gap["text"]["en"] and gap["text"]["ja"] and gap["todo"]["ja"] for gap in found)


SENT = [
    ("patch", "/record", {"owner": "x"}),
    ("post", "/corrections", {"field": "title", "value": "x", "reason": "x"}),
    ("post", "/notes", {"text": "x"}),
    ("post", "/transfers", {"receiver": "x", "purpose": "x"}),
    ("post", "/transfers/accept", {"sha256": SHA}),
    ("post", "/transfers/refuse", {"reason": "x"}),
    ("post", "/transfers/withdraw", {"reason": "x"}),
    ("post", "/return", {"sha256": SHA}),
    ("post", "/holds", {"reason": "x"}),
    ("put", "/retention", {"until": None, "reason": "x"}),
    ("post", "/disposal", {"reason": "x"}),
]


@pytest.mark.parametrize(("method", "tail", "body"), SENT)
def test_strangers_learn_nothing(
    off_it: Caller, observer: Caller, path: str, method: str, tail: str, body: dict[str, Any]
) -> None:
    for stranger in (off_it, observer):
        assert stranger(method, path + tail, body).status_code == 404
