"""The contact list over the API."""

from __future__ import annotations

from collections.abc import Callable

from doors.api.caller import Caller
from hikeshi.desk.accounts.models import Contact


def test_a_line_is_made_changed_verified_and_retired(caller: Callable[[str, str], Caller]) -> None:
    admin, responder = caller("aoki", "admin"), caller("suzuki", "responder")
    body = {"name": "Kondo", "duty": "scribe", "ways": [{"channel": "sms", "address": "090-1111-2222"}]}
    made = admin.post("/contacts", body, 201)
    at = f"/contacts/{made['contact']}"
    changed = admin("patch", at, {"level": 3, "quiet_from": "23:00", "quiet_to": "06:30"}).json()  # type: ignore[attr-defined]
    assert (changed["level"], changed["quiet"]) == (3, "23:00-06:30")
    way = responder.get("/contacts")[0]["ways"][0]
    assert way["unverified"]
    assert not responder.post(f"{at}/ways/{way['way']}/verify")["ways"][0]["unverified"]
    assert admin("put", f"{at}/ways", {"ways": [{"channel": "fax", "address": "1"}]}).status_code == 403
    admin.post(f"{at}/retire", {"reason": ""}, 403)
    assert admin("post", f"{at}/retire", {"reason": "left"}).status_code == 204
    assert responder.get("/contacts") == []


def test_a_list_is_imported_by_administrators(caller: Callable[[str, str], Caller]) -> None:
    body = {"csv": "name,duty\nSato,scribe\nOta,cook\n", "dry_run": True}
    assert caller("aoki", "admin").post("/contacts/import", body)["bad"][0]["at_line"] == 3
    assert not Contact.objects.exists()
    caller("kondo", "commander").post("/contacts/import", body, 403)


def test_who_may_not_triage_reads_nothing(observer: Caller) -> None:
    observer.get("/contacts", 403)
