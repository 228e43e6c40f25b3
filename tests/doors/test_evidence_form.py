"""The chain-of-custody form from the command line, the API and the console."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from doors.cli.typed import Keyboard
from doors.console.house import House, as_actor, build, signed_in
from hikeshi.desk.accounts import verbs as accounts
from hikeshi.desk.evidence.verbs import custody


@pytest.fixture
def house(db: None, settings: Settings, tmp_path: Path) -> House:
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, home=tmp_path)
    return build(tmp_path)


def token(house: House) -> str:
    return accounts.issue_token(house.responder, "test", actor=as_actor(house.responder))


def test_the_command_line_writes_pdf_and_html_in_both_languages(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIKESHI_HOME", str(tmp_path))
    monkeypatch.setenv("HIKESHI_TOKEN", token(house))
    typed, name = Keyboard(capsys), house.incident.name
    told = typed.json("evidence", "form", name, house.item.name, "--out", tmp_path / "form.pdf", "--lang", "ja")
    assert told["items"] == [house.item.name]
    assert (tmp_path / "form.pdf").read_bytes().startswith(b"%PDF-")
    typed.json("evidence", "form", name, "--out", tmp_path / "form.html")
    page = (tmp_path / "form.html").read_text(encoding="utf-8")
    assert "<style>" in page
    assert "&lt;script&gt;" in page
    assert typed("evidence", "form", name, "--out", tmp_path / "form.doc").code == 2


def test_the_api_answers_with_a_file_and_the_item_remembers_it(house: House) -> None:
    headers = {"Authorization": f"Bearer {token(house)}"}
    root = f"/api/v1/incidents/{house.incident.name}"
    one = Client().get(f"{root}/evidence/{house.item.name}/form?format=html&language=ja", headers=headers)
    assert one["Content-Type"] == "text/html; charset=utf-8"
    assert "保管記録票" in one.content.decode()
    assert json.loads(custody(house.item)[-1].data)["language"] == "ja"
    every = Client().get(f"{root}/evidence-form", headers=headers)
    assert (every["Content-Type"], every.content[:5]) == ("application/pdf", b"%PDF-")
    assert Client().get(f"{root}/evidence-form?format=doc", headers=headers).status_code == 422


def test_the_console_shows_it_for_printing_and_gives_pdf(house: House) -> None:
    client, root = signed_in(house.responder, "ja"), f"/incidents/{house.incident.name}/"
    assert "evidence-form/" in client.get(root + "evidence/").content.decode()
    page = client.get(f"{root}evidence/{house.item.name}/form/").content.decode()
    assert "<style" not in page
    assert f"{root}evidence/{house.item.name}/form/pdf/" in page
    pdf = client.get(f"{root}evidence/{house.item.name}/form/pdf/")
    assert pdf.content.startswith(b"%PDF-")
    assert pdf["Content-Disposition"].endswith('-ja.pdf"')
    assert signed_in(house.other).get(root + "evidence-form/").status_code == 404
