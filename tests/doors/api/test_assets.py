"""The asset register over the API."""

from __future__ import annotations

from django.core.files.uploadedfile import SimpleUploadedFile

from doors.api.caller import SYSTEM, Caller
from hikeshi.desk.alerts.models import Alert
from hikeshi.desk.assets.models import Asset
from hikeshi.desk.incidents import verbs as incidents
from tests_findings import finding

ARN = "arn:aws:s3:::backup/2026"


def test_an_asset_from_adding_to_retiring(off_it: Caller) -> None:
    made = off_it.post("/assets", {"identifier": ARN, "criticality": 1, "owner": "Sales"}, 201)
    assert (made["identifier"], made["owner"]) == (ARN, "Sales")
    changed = off_it("patch", f"/assets/{ARN}", {"data": ["personal"]})
    assert changed.status_code == 200
    assert off_it.get(f"/assets/{ARN}")["data"] == ["personal"]
    assert off_it.get("/assets?search=SALES")["items"][0]["identifier"] == ARN
    assert off_it.post(f"/assets/{ARN}/retire", {"reason": "scrapped"})["retired_at"]
    assert off_it.get("/assets")["items"] == []


def test_a_file_is_shown_before_it_is_written(off_it: Caller) -> None:
    for dry_run, there in (("true", 0), ("false", 2)):
        upload = SimpleUploadedFile("assets.csv", b"id,criticality\ni-1,high\ni-2,low\ni-3,purple\n")
        answer = off_it("post", f"/assets/import/csv?dry_run={dry_run}", file=upload, data={"file": upload})
        assert answer.status_code == 200, answer.content
        body = answer.json()  # type: ignore[attr-defined]  # the test client's answer
        assert (body["new"], body["bad"][0]["at_line"]) == (2, 4)
        assert Asset.objects.count() == there


def test_who_was_granted_nothing_learns_nothing(observer: Caller) -> None:
    observer.get("/assets", 403)
    observer.get("/assets/i-0abc", 403)
    observer.post("/assets", {"identifier": "i-1"}, 403)


def test_what_is_known_beside_a_group(off_it: Caller, commander: Caller, observer: Caller) -> None:
    payload = finding()
    kept = off_it("post", "/alerts", data=payload, content_type="application/octet-stream").json()  # type: ignore[attr-defined]
    group = str(Alert.objects.get(pk=kept["alerts"][0].removeprefix("ALR-")).group)
    off_it.post("/assets", {"identifier": "i-0abc", "criticality": 1}, 201)
    again = off_it.post(f"/groups/{group}/suggest")
    assert again["suggested_severity"] == 1
    assert any("vital" in reason["en"] for reason in again["reasons"])
    said = off_it.post(f"/groups/{group}/enrich")
    assert {one["enricher"]["en"] for one in said} >= {"asset register", "kind of address"}
    past = incidents.declare("old", 3, actor=SYSTEM, reason="x", alerts=Alert.objects.all())
    new = finding(id="another")
    off_it("post", "/alerts", data=new, content_type="application/octet-stream")
    newest = str(Alert.objects.latest("pk").group)
    assert [one["name"] for one in commander.get(f"/groups/{newest}/similar")] == [past.name]
    assert off_it.get(f"/groups/{newest}/similar") == []
    observer.get(f"/groups/{newest}/similar", 404)
    observer.post(f"/groups/{newest}/enrich", status=404)
