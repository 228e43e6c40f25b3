"""Reports: frozen in either language, read in the page, taken along."""

from __future__ import annotations

import hashlib

import pytest

from doors.console.house import House, signed_in
from hikeshi.desk.reports.models import Report


@pytest.mark.parametrize("kind", ["incident", "post-mortem"])
@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_report_is_made_and_read(house: House, kind: str, language: str) -> None:
    client = signed_in(house.responder)
    answer = client.post(f"/incidents/{house.incident.name}/reports/", {"kind": kind, "language": language})
    assert answer.status_code == 302
    text = client.get(answer["Location"]).content.decode()
    assert f'<div class="card-body prose report" lang="{language}">' in text
    assert "<script>alert" not in text
    assert "<img src=x" not in text
    assert " style=" not in text


def test_the_download_is_what_the_hash_says(house: House) -> None:
    answer = signed_in(house.responder).get(f"/incidents/{house.incident.name}/reports/{house.report.pk}/markdown/")
    assert hashlib.sha256(answer.content).hexdigest() == house.report.sha256
    assert answer["Content-Disposition"].startswith("attachment")


def test_what_cannot_be_made_is_refused(house: House) -> None:
    client, root = signed_in(house.responder), f"/incidents/{house.incident.name}/reports/"
    before = Report.objects.count()
    assert client.post(root, {"kind": "poem", "language": "en"}).status_code == 403
    assert client.post(root, {"kind": "incident", "language": "fr"}).status_code == 403
    assert Report.objects.count() == before
