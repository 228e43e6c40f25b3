"""The offline kit at the keyboard and over the API."""

from __future__ import annotations

import stat
from pathlib import Path

from django.test import Client

from doors.cli.typed import Keyboard
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.accounts.verbs import actor_of, issue_token


def test_it_is_written_for_its_owner_only(responder: Keyboard, tmp_path: Path) -> None:
    file = tmp_path / "kit.html"
    assert responder.json("kit", "--out", file, "--lang", "ja")["sha256"]
    assert "インシデント対応キット" in file.read_text()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert responder("kit", "--out", tmp_path / "kit.doc").code == 2


def test_an_observer_gets_none(observer: Keyboard, tmp_path: Path) -> None:
    assert observer("kit", "--out", tmp_path / "kit.html").code == 3
    assert not (tmp_path / "kit.html").exists()


def test_the_api_sends_it_as_a_file(db: None) -> None:
    person = Person.objects.create_user(username="suzuki", role="responder")
    token = issue_token(person, "t", actor=actor_of(person, "cli"))
    answer = Client().get("/api/v1/kit?language=ja", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 200
    assert "attachment" in answer["Content-Disposition"]
