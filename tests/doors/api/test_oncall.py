"""On call over the API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from doors.api.caller import Caller, as_actor
from hikeshi.desk.accounts import verbs as accounts


def test_a_rotation_is_made_covered_read_and_ended(caller: Callable[[str, str], Caller]) -> None:
    admin, responder = caller("aoki", "admin"), caller("suzuki", "responder")
    for name in ("Kondo", "Sato"):
        accounts.add_contact(name, "scribe", actor=as_actor(admin))
    part = {"members": ["Kondo"], "every": "daily", "time_zone": "Asia/Tokyo", "since": "2026-11-01"}
    admin.post("/rotations", {"name": "Scribes", "duty": "scribe", "parts": [part]}, 201)
    admin.post("/rotations", {"name": "x", "duty": "cook"}, 403)
    responder.post("/rotations", {"name": "x", "duty": "scribe"}, 403)
    cover = {"contact": "Sato", "start": "2026-11-05T00:00Z", "end": "2026-11-06T00:00Z", "reason": "leave"}
    row = responder.post("/rotations/Scribes/overrides", cover, 201)
    at = "2026-11-05T12:00:00Z"
    assert responder.get(f"/oncall?duty=scribe&at={at}")[0]["covers"] == "Kondo"
    assert responder("post", f"/overrides/{row['override']}/withdraw", {}).status_code == 204
    assert responder.get(f"/oncall?at={at}")[0]["contact"] == "Kondo"
    assert len(responder.get(f"/oncall/shifts?start={at}&days=3")) == 1
    responder.get("/oncall/shifts?days=1000", 403)
    content = f"person,start,end\nSato,{timezone.now().isoformat()},{timezone.now() + timedelta(days=1)}\nMori,x,y\n"
    responder.post("/rotations/Scribes/shifts", {"content": content}, 403)
    done = admin.post("/rotations/Scribes/shifts", {"content": content})
    assert (done["shifts"], done["bad"][0]["place"]) == (1, "line 3")
    assert b"Sato" in responder("get", "/oncall/calendar?person=Sato").content
    assert responder.get("/oncall/gaps") == []
    assert admin("put", "/rotations/Scribes/parts", {"parts": []}).json()["parts"] == []  # type: ignore[attr-defined]
    assert admin("post", "/rotations/Scribes/retire", {"reason": "over"}).status_code == 204
    assert responder.get("/rotations") == []
