"""Bundles through the API: streamed out, verified, taken in."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import AsyncRequestFactory, RequestFactory

from doors.api.caller import Caller, as_actor
from hikeshi.desk.evidence import bundles, verbs as evidence
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.doors import bundles as doors


def _made(caller: Caller, incident: Incident, **choice: Any) -> bytes:
    evidence.seal_bytes(incident, b"memory", actor=as_actor(caller), title="memory", kind="memory")
    answer = caller("post", f"/incidents/{incident.name}/bundle", choice)
    assert answer.status_code == 200
    streamed: Any = answer
    return b"".join(streamed.streaming_content)


def _sent(caller: Caller, path: str, content: bytes, status: int, **fields: str) -> dict[str, Any]:
    file = SimpleUploadedFile("b.zip", content)
    answer = caller("post", path, data={"file": file, **fields})
    assert answer.status_code == status, answer.content
    body: dict[str, Any] = json.loads(answer.content)
    return body


def test_a_bundle_is_streamed_and_accepted(on_it: Caller, incident: Incident) -> None:
    content = _made(on_it, incident, items=["EV-001"], recipient="police")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert "MANIFEST.sha256" in archive.namelist()
    told = _sent(on_it, "/bundles/verify", content, 200)
    assert told["result"] == "match"
    assert all(row["what"]["ja"] for row in told["findings"])


def test_a_changed_bundle_is_said_and_not_taken_in(on_it: Caller, incident: Incident) -> None:
    content = _made(on_it, incident)
    at = content.index(b"memory", content.index(b"items/EV-001"))
    changed = content[:at] + b"M" + content[at + 1 :]
    told = _sent(on_it, "/bundles/verify", changed, 200)
    assert told["result"] != "match"
    refused = _sent(on_it, "/bundles", changed, 403, incident=incident.name)
    assert set(refused) == {"error", "hint"}


def test_a_bundle_is_taken_in_with_a_receipt(on_it: Caller, incident: Incident) -> None:
    content = _made(on_it, incident)
    told = _sent(on_it, "/bundles", content, 201)
    assert told["incident"] != incident.name
    assert json.loads(told["receipt"])["items"][0]["kept_as"] == "EV-002"
    assert [item["name"] for item in told["items"]] == ["EV-001", "EV-002"]


def test_what_is_no_bundle_is_422_and_a_hostile_one_is_403(on_it: Caller) -> None:
    _sent(on_it, "/bundles/verify", b"no zip", 422)
    hostile = io.BytesIO()
    with zipfile.ZipFile(hostile, "w") as archive:
        archive.writestr("../../etc/passwd", "x")
    assert "leads out" in _sent(on_it, "/bundles/verify", hostile.getvalue(), 403)["error"]


def test_only_those_on_it_get_a_bundle(off_it: Caller, observer: Caller, incident: Incident) -> None:
    for caller in (off_it, observer):
        assert caller("post", f"/incidents/{incident.name}/bundle", {}).status_code == 404
    _sent(observer, "/bundles/verify", b"x", 403)
    assert not Entry.objects.filter(verb="evidence.export").exists()


def test_under_asgi_the_pieces_go_out_one_by_one(on_it: Caller, incident: Incident) -> None:
    """A plain iterator would be gathered whole in memory first."""
    evidence.seal_bytes(incident, b"memory", actor=as_actor(on_it), title="memory", kind="memory")
    made = bundles.begin(incident, bundles.Choice(), actor=as_actor(on_it))
    assert doors.download(AsyncRequestFactory().get("/"), made).is_async
    assert not doors.download(RequestFactory().get("/"), made).is_async
