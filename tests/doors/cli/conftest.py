"""People at the command line."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from pytest_django import Settings

from doors.cli.typed import Keyboard
from hikeshi.desk.accounts import verbs as accounts
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.actor import system
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.models import Incident


def _token(name: str, role: str) -> str:
    person = Person.objects.create_user(username=name, role=role)
    return accounts.issue_token(person, "test", actor=accounts.actor_of(person, "cli"))


@pytest.fixture(autouse=True)
def english(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the terminal of whoever runs the tests speaks."""
    for name in ("HIKESHI_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG", "HIKESHI_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of each test's own: rows are rolled back after a test, files are not."""
    folder = tmp_path_factory.mktemp("home")
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, home=folder)
    monkeypatch.setenv("HIKESHI_HOME", str(folder))
    return folder


@pytest.fixture
def keyboard(capsys: pytest.CaptureFixture[str]) -> Keyboard:
    """Nobody is signed in."""
    return Keyboard(capsys)


@pytest.fixture
def admin(db: None, keyboard: Keyboard, monkeypatch: pytest.MonkeyPatch) -> Keyboard:
    monkeypatch.setenv("HIKESHI_TOKEN", _token("aoki", "admin"))
    return keyboard


@pytest.fixture
def responder(db: None, keyboard: Keyboard, monkeypatch: pytest.MonkeyPatch) -> Keyboard:
    """Holds no role on `incident`."""
    monkeypatch.setenv("HIKESHI_TOKEN", _token("suzuki", "responder"))
    return keyboard


@pytest.fixture
def observer(db: None, keyboard: Keyboard, monkeypatch: pytest.MonkeyPatch) -> Keyboard:
    monkeypatch.setenv("HIKESHI_TOKEN", _token("tanaka", "observer"))
    return keyboard


@pytest.fixture
def incident(db: None) -> Incident:
    return incidents.declare("Mining traffic from a web server", 2, actor=system("Hikeshi", "worker"), reason="test")
