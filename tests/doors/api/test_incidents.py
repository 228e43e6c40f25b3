"""Incidents through the API: seen by those with a role, never lost to a second writer."""

from __future__ import annotations

import pytest

from doors.api.caller import Caller
from hikeshi.desk.incidents.models import Incident


def test_declaring_gives_number_clock_phase_and_a_role(off_it: Caller) -> None:
    made = off_it.post("/incidents", {"title": "Odd sign-ins", "severity": 1, "reason": "three countries"}, 201)
    assert made["name"].startswith("INC-")
    assert {clock["rule"] for clock in made["clocks"]} == {"response.sev1", "update.sev1", "containment.sev1"}
    assert [phase["phase"] for phase in made["phases"]] == ["detection_analysis"]
    assert [(role["duty"], role["person"]) for role in made["roles"]] == [("incident_commander", "suzuki")]


def test_an_observer_may_not_declare(observer: Caller) -> None:
    observer.post("/incidents", {"title": "x", "severity": 1, "reason": "x"}, 403)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"severity": 1, "reason": "x"}, "title"),
        ({"title": "", "severity": 1, "reason": "x"}, "title"),
        ({"title": "x" * 301, "severity": 1, "reason": "x"}, "title"),
        ({"title": "x", "severity": 5, "reason": "x"}, "severity"),
        ({"title": "x", "severity": 1, "reason": "x", "sevirity": 2}, "sevirity"),
        ({"title": "x", "severity": 1, "reason": "x", "detected_at": "yesterday"}, "detected_at"),
    ],
)
def test_wrong_input_is_422_naming_the_field(off_it: Caller, body: dict[str, object], field: str) -> None:
    assert field in off_it.post("/incidents", body, 422)["hint"]
    assert not Incident.objects.exists()


def test_a_body_that_is_not_json_is_an_answer_not_a_crash(off_it: Caller) -> None:
    answer = off_it("post", "/incidents", data=b"{nonsense", content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["hint"]  # type: ignore[attr-defined]  # the test client's answer


def test_who_has_no_role_sees_nothing_and_learns_nothing(off_it: Caller, observer: Caller, incident: Incident) -> None:
    for stranger in (off_it, observer):
        assert stranger.get("/incidents")["items"] == []
        there = stranger.get(f"/incidents/{incident.name}", 404)
        absent = stranger.get("/incidents/INC-1999-001", 404)
        assert there == {**absent, "error": absent["error"].replace("INC-1999-001", incident.name)}


def test_who_has_a_role_sees_it(on_it: Caller, commander: Caller, incident: Incident) -> None:
    for caller in (on_it, commander):
        assert [row["name"] for row in caller.get("/incidents?status=open")["items"]] == [incident.name]
        assert caller.get(f"/incidents/{incident.name}")["severity"] == 2
    assert on_it.get("/incidents?status=closed")["items"] == []
    assert on_it.get("/incidents?severity=1")["items"] == []


def test_acknowledging_stops_the_clock_and_twice_changes_nothing(on_it: Caller, incident: Incident) -> None:
    first = on_it.post(f"/incidents/{incident.name}/acknowledge")
    assert (first["status"], first["clocks"][0]["state"]) == ("active", "met")
    assert on_it.post(f"/incidents/{incident.name}/acknowledge") == first


def test_a_second_writer_gets_409_with_the_text_saved_now(on_it: Caller, commander: Caller, incident: Incident) -> None:
    version = on_it.get(f"/incidents/{incident.name}")["version"]
    path = f"/incidents/{incident.name}/summary"
    assert on_it("put", path, {"summary": "ours", "version": version}).status_code == 200
    late = commander("put", path, {"summary": "theirs", "version": version})
    assert late.status_code == 409
    assert "ours" in late.json()["current"]  # type: ignore[attr-defined]  # the test client's answer
    assert Incident.objects.get().summary == "ours"


def test_severity_phase_and_end_need_command(on_it: Caller, commander: Caller, incident: Incident) -> None:
    path = f"/incidents/{incident.name}"
    anyway = {"reason": "over", "overrides": dict.fromkeys(("containment", "impact", "review", "summary"), "a drill")}
    for act, body in (("severity", {"severity": 1, "reason": "worse"}), ("close", anyway)):
        on_it.post(f"{path}/{act}", body, 403)
        commander.post(f"{path}/{act}", body)
    assert Incident.objects.get().status == "closed"
    commander.post(f"{path}/reopen", {"reason": "it came back"})
    commander.post(f"{path}/reopen", {"reason": "again"}, 403)


def test_phases_are_entered_and_left(on_it: Caller, commander: Caller, incident: Incident) -> None:
    path = f"/incidents/{incident.name}/phase"
    on_it.post(path, {"phase": "containment"})
    on_it.post(path, {"phase": "containment", "leave": True}, 403)
    left = commander.post(path, {"phase": "containment", "leave": True})
    assert [phase["left_at"] is None for phase in left["phases"]] == [True, False]
    assert "detection_analysis" in on_it.post(path, {"phase": "preparation"}, 403)["hint"]


def test_the_stream_has_each_line_in_both_languages(on_it: Caller, incident: Incident) -> None:
    assert on_it("post", f"/incidents/{incident.name}/notes", {"text": "reboot is forbidden"}).status_code == 204
    first = on_it.get(f"/incidents/{incident.name}/stream?limit=2")
    rest = on_it.get(f"/incidents/{incident.name}/stream?after={first['next']}")
    lines = first["items"] + rest["items"]
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))
    assert lines[-1]["text"] == {"en": "sato: reboot is forbidden", "ja": "sato: reboot is forbidden"}
    assert lines[0]["text"]["ja"].startswith("SEV-2 として")


def test_times_keep_their_microseconds(on_it: Caller, incident: Incident) -> None:
    incident.detected_at = incident.detected_at.replace(microsecond=123456)
    incident.save()
    assert ".123456Z" in on_it.get(f"/incidents/{incident.name}")["detected_at"]


def test_an_empty_note_is_refused(on_it: Caller, incident: Incident) -> None:
    on_it.post(f"/incidents/{incident.name}/notes", {"text": " "}, 403)
