"""The asset register over the API."""

from __future__ import annotations

from django.core.files.uploadedfile import SimpleUploadedFile

from doors.api.caller import Caller
from hikeshi.desk.assets.models import Asset

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
