"""Evidence through the API: what comes out is what went in, and its custody says who had it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from django.conf import LazySettings
from django.core.files.uploadedfile import SimpleUploadedFile

from acquired import acquired_disk
from doors.api.caller import SYSTEM, Caller
from hikeshi.desk.evidence import verbs
from hikeshi.desk.evidence.models import Item
from hikeshi.desk.incidents.models import Incident

CONTENT = b"<script>alert(1)</script>\x00\xff"


def _upload(
    caller: Caller, incident: Incident, content: bytes = CONTENT, status: int = 201, **fields: str
) -> dict[str, str]:
    file = SimpleUploadedFile("../../etc/page.html", content, content_type="text/html")
    answer = caller("post", f"/incidents/{incident.name}/evidence", data={"file": file, **fields})
    assert answer.status_code == status, answer.content
    body: dict[str, str] = answer.json()  # type: ignore[attr-defined]  # the test client's answer
    return body


def test_an_upload_is_sealed_under_the_hash_of_its_bytes(on_it: Caller, incident: Incident) -> None:
    made = _upload(on_it, incident, title="Page of the attacker")
    assert made["sha256"] == hashlib.sha256(CONTENT).hexdigest()
    assert (made["name"], made["title"], made["source"]) == ("EV-001", "Page of the attacker", "upload: page.html")
    assert [row["name"] for row in on_it.get(f"/incidents/{incident.name}/evidence")] == ["EV-001"]


def test_a_large_upload_goes_by_way_of_the_disk(on_it: Caller, incident: Incident, settings: LazySettings) -> None:
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 1000
    content = b"\x01" * 200_000
    made = _upload(on_it, incident, content, kind="memory")
    assert made["sha256"] == hashlib.sha256(content).hexdigest()
    assert made["title"] == "page.html"
    assert not list(Path(settings.ENVIRONMENT.home).glob("upload-*"))


def test_what_is_handed_out_is_never_shown(on_it: Caller, incident: Incident) -> None:
    made = _upload(on_it, incident)
    answer = on_it("get", f"/incidents/{incident.name}/evidence/EV-001/content")
    assert b"".join(answer.streaming_content) == CONTENT  # type: ignore[attr-defined]  # a file response
    assert answer["Content-Type"] == "application/octet-stream"
    assert answer["Content-Disposition"].startswith(
        f'attachment; filename="{incident.name}-EV-001-{made["sha256"][:12]}'
    )
    assert answer["X-Content-Type-Options"] == "nosniff"


def test_only_files_of_the_item_are_handed_out(on_it: Caller, incident: Incident, tmp_path: Path) -> None:
    for name in ("a.log", "b.log"):
        (tmp_path / name).write_text(name)
    _upload(on_it, incident)
    verbs.seal_files(incident, [tmp_path], actor=SYSTEM, title="Logs", kind="logs")
    path = f"/incidents/{incident.name}/evidence/EV-002/content"
    wanted = hashlib.sha256(b"a.log").hexdigest()
    answer = on_it("get", f"{path}?sha256={wanted}")
    assert b"".join(answer.streaming_content) == b"a.log"  # type: ignore[attr-defined]  # a file response
    other = hashlib.sha256(CONTENT).hexdigest()
    on_it.get(f"{path}?sha256={other}", 404)
    on_it.get(f"{path}?sha256=../../hikeshi.sqlite3", 404)


def test_custody_names_who_sealed_and_who_checked(on_it: Caller, commander: Caller, incident: Incident) -> None:
    _upload(on_it, incident)
    path = f"/incidents/{incident.name}/evidence/ev-001"
    assert commander.post(f"{path}/verify")["result"] == "match"
    shown = on_it.get(path)
    assert [(line["verb"], line["actor"], line["door"]) for line in shown["custody"]] == [
        ("evidence.seal", "sato", "api"),
        ("evidence.verify", "kondo", "api"),
    ]
    assert shown["check_result"] == "match"


def test_a_changed_byte_is_a_mismatch(on_it: Caller, incident: Incident) -> None:
    made = _upload(on_it, incident, b"as it was")
    path = verbs.locker().path(made["sha256"])
    path.chmod(0o644)
    path.write_bytes(b"as it is!")
    assert on_it.post(f"/incidents/{incident.name}/evidence/EV-001/verify")["result"] == "mismatch"


def test_a_kind_that_is_none_is_422(on_it: Caller, incident: Incident) -> None:
    assert "kind" in _upload(on_it, incident, status=422, kind="toy")["error"]


@pytest.mark.parametrize("tail", ["", "/EV-001", "/EV-001/content"])
def test_strangers_learn_nothing(
    on_it: Caller, off_it: Caller, observer: Caller, incident: Incident, tail: str
) -> None:
    _upload(on_it, incident)
    for stranger in (off_it, observer):
        stranger.get(f"/incidents/{incident.name}/evidence{tail}", 404)
        _upload(stranger, incident, status=404)


def test_a_record_of_an_acquisition_fills_the_fields_and_is_kept(
    on_it: Caller, incident: Incident, tmp_path: Path
) -> None:
    acquisition = (acquired_disk(tmp_path, CONTENT) / "acquisition.json").read_text()
    _upload(on_it, incident, acquisition=acquisition, witness="Aoki")
    item, kept = Item.objects.order_by("name")
    assert (item.kind, item.collector, item.witness, item.command) == ("disk", "Sato", "Aoki", "hikeshi x")
    assert item.source == str(tmp_path / "disk")
    assert item.began_at
    assert item.clock_offset_us is None
    assert kept.sha256 == hashlib.sha256(acquisition.encode()).hexdigest()
    assert kept.kind == "receipt"


def test_a_file_that_its_record_does_not_list_is_not_sealed(on_it: Caller, incident: Incident, tmp_path: Path) -> None:
    acquisition = (acquired_disk(tmp_path, CONTENT) / "acquisition.json").read_text()
    assert "none of those" in _upload(on_it, incident, b"other", 422, acquisition=acquisition)["error"]
    for broken in ("{", "[]", acquisition.replace('"disk"', '"toy"'), acquisition.replace("Z", "")):
        _upload(on_it, incident, status=422, acquisition=broken)
    assert not Item.objects.exists()


def test_malware_comes_in_a_zip_with_a_password(on_it: Caller, incident: Incident) -> None:
    _upload(on_it, incident, b"MZ a sample", kind="malware")
    answer = on_it("get", f"/incidents/{incident.name}/evidence/EV-001/content")
    assert answer.headers["Content-Disposition"].endswith('.zip"')
    content = b"".join(answer.streaming_content)  # type: ignore[attr-defined]  # a file response
    assert content.startswith(b"PK")
    assert b"MZ a sample" not in content


def test_what_stays_in_s3_is_recorded(on_it: Caller, off_it: Caller, incident: Incident) -> None:
    path = f"/incidents/{incident.name}/evidence/elsewhere"
    assert on_it("post", path, {"address": "nowhere"}).status_code == 403
    assert off_it("post", path, {"address": "s3://bucket/key"}).status_code in {403, 404}


def test_further_hashes_are_taken_of_uploads_small_and_large_and_content_is_asked_for(
    on_it: Caller, incident: Incident, settings: LazySettings
) -> None:
    for limit in (settings.FILE_UPLOAD_MAX_MEMORY_SIZE, 1):
        settings.FILE_UPLOAD_MAX_MEMORY_SIZE = limit
        made = _upload(on_it, incident, also="sha512,blake3")
        assert made["sha512"] == hashlib.sha512(CONTENT).hexdigest()
        assert len(made["blake3"]) == 64
    answer = on_it("post", f"/incidents/{incident.name}/evidence/EV-001/verify?content=true")
    assert answer.json()["result"] == "could-not-check"  # type: ignore[attr-defined]  # the test client's answer
    _upload(on_it, incident, status=403, also="md5")
