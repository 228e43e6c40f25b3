"""Sources and what was not understood, over the API."""

from __future__ import annotations

from collections.abc import Callable

from doors.api.caller import Caller
from hikeshi.desk.actor import system
from hikeshi.desk.alerts import verbs


def test_a_source_and_its_secret(caller: Callable[[str, str], Caller]) -> None:
    admin, responder = caller("aoki", "admin"), caller("suzuki", "responder")
    made = admin.post("/sources", {"name": "siem", "proof": "token"}, 201)
    assert made["secret"]
    assert admin.post("/sources/siem/rotate", {"overlap_hours": 0})["secret"] != made["secret"]
    assert "secret" not in responder.get("/sources")[0]
    responder.post("/sources/siem/disable", {"reason": "x"}, 403)
    assert admin.post("/sources/siem/disable", {"reason": "x"})["trouble"] == "disabled"
    assert admin.post("/sources/siem/enable")["enabled"]
    admin.post("/sources", {"name": "siem"}, 403)


def test_set_aside_deliveries(caller: Callable[[str, str], Caller], observer: Caller) -> None:
    row = verbs.receive(b"broken", actor=system("t", "intake"), source="t")
    responder = caller("suzuki", "responder")
    observer.get("/deliveries", 403)
    assert [one["delivery"] for one in responder.get("/deliveries")["items"]] == [row.pk]
    assert responder.post(f"/deliveries/{row.pk}/reread")["problem"]
    responder.post(f"/deliveries/{row.pk}/dismiss", {"reason": "noise"})
    responder.post(f"/deliveries/{row.pk}/dismiss", {"reason": "noise"}, 409)
    assert responder.get("/deliveries")["items"] == []
