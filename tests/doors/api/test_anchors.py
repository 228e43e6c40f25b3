"""Keys, stamps, copies and comparisons through the API."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from pytest_django import Settings

from doors.api.caller import SYSTEM, Caller
from held import sign_chain
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger import copies, keys
from hikeshi.desk.ledger.models import Copy


@pytest.fixture(autouse=True)
def home(settings: Settings, tmp_path: Path) -> Path:
    settings.ENVIRONMENT = msgspec.structs.replace(
        settings.ENVIRONMENT, home=tmp_path, checkpoint_copies=(f"file:{tmp_path / 'notes'}",)
    )
    return tmp_path


def test_an_administrator_changes_and_withdraws_keys(caller: Callable[[str, str], Caller], commander: Caller) -> None:
    admin = caller("aoki", "admin")
    keys.signer()
    commander.post("/anchors/keys/rotate", {"reason": "x"}, status=403)
    assert admin.post("/anchors/keys/rotate", {"reason": "yearly"}, status=201)["state"] == "signs"
    admin.post("/anchors/keys/rotate", {"reason": "x", "place": "file:/etc/passwd"}, status=422)
    assert admin.post("/anchors/keys/retire", {"reason": "break-in"})["until"]
    assert [row["state"] for row in commander.get("/anchors/keys")] == ["withdrawn", "withdrawn"]


def test_copies_are_seen_by_those_on_the_incident(
    incident: Incident, commander: Caller, on_it: Caller, off_it: Caller, observer: Caller, home: Path
) -> None:
    sign_chain(incident.name)
    copies.take(Copy.objects.get(), actor=SYSTEM)
    assert on_it.get(f"/ledger/{incident.name}/copies")["items"][0]["state"] == "held"
    assert on_it.get(f"/ledger/{incident.name}/stamps") == {"items": [], "next": None}
    assert on_it.get(f"/ledger/{incident.name}/stamps/verify") == []
    off_it.get(f"/ledger/{incident.name}/stamps/verify", status=404)
    off_it.get(f"/ledger/{incident.name}/copies", status=404)
    off_it.get("/anchors", status=403)
    observer.get("/anchors/keys", status=403)
    [party] = commander.get("/anchors")
    assert (party["kind"], party["held"]) == ("copies", 1)


def test_what_is_held_is_compared(incident: Incident, on_it: Caller, off_it: Caller) -> None:
    note = sign_chain(incident.name).note
    assert on_it.post("/anchors/compare", {"text": note})[0]["result"] == "equal"
    assert off_it.post("/anchors/compare", {"text": note})[0]["result"] == "foreign"
    on_it.post("/anchors/compare", {"text": ""}, status=403)


def test_trying_again_says_how_many(incident: Incident, commander: Caller, on_it: Caller, home: Path) -> None:
    (home / "notes").mkdir()
    sign_chain(incident.name)
    row = Copy.objects.get()
    copies.take(row, actor=SYSTEM)
    body = {"kind": "copies", "name": row.place}
    on_it.post("/anchors/again", body, status=403)
    assert commander.post("/anchors/again", body) == {"count": 1}
    commander.post("/anchors/again", {"kind": "pigeons", "name": "x"}, status=422)
