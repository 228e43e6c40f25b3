"""Cloud accounts and protected patterns from every door: what a commander does, a responder sees, an outsider does not."""

from __future__ import annotations

import json
from pathlib import Path

import msgspec
import pytest
from pytest_django import Settings

from doors.api.caller import Caller
from doors.cli.typed import Keyboard, words_asked
from doors.console.house import signed_in
from hikeshi.desk.accounts import verbs as accounts
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.clouds.models import Account, Protected
from hikeshi.doors.cli.texts import TEXTS

NUMBER, LISTED = "111122223333", "444455556666"
ROLE = f"arn:aws:iam::{NUMBER}:role/hikeshi-contain"


@pytest.fixture(autouse=True)
def told(db: None, settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the environment says, and a home of the test's own."""
    settings.ENVIRONMENT = msgspec.structs.replace(
        settings.ENVIRONMENT, home=tmp_path, aws_accounts=(LISTED,), aws_protected=("*bastion*",)
    )
    monkeypatch.setenv("HIKESHI_HOME", str(tmp_path))
    for name in ("HIKESHI_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def callers(told: None) -> list[Caller]:
    """A commander, a responder and an observer."""
    people = [("kondo", "commander"), ("sato", "responder"), ("tanaka", "observer")]
    made = [Person.objects.create_user(username=name, role=role) for name, role in people]
    return [Caller(one, accounts.issue_token(one, "test", actor=accounts.actor_of(one, "cli"))) for one in made]


@pytest.fixture
def keyboard(capsys: pytest.CaptureFixture[str]) -> Keyboard:
    return Keyboard(capsys)


def test_at_the_keyboard_a_commander_does_what_others_only_see(
    callers: list[Caller], keyboard: Keyboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each verb by each of the three: a responder reads, an observer does not."""
    for caller, does, sees in zip(callers, (0, 3, 3), (0, 0, 3), strict=True):
        monkeypatch.setenv("HIKESHI_TOKEN", caller.token)
        assert keyboard("cloud", "add", NUMBER, "--contain-role", ROLE, "--regions", "us-east-1,eu-west-1").code == does
        assert keyboard("cloud", "change", NUMBER, "--mode", "confirmed", "--environment", "test").code == does
        assert keyboard("cloud", "protect", "i-0abc*", "--reason", "the clock").code == does
        for words in (["list"], ["show", NUMBER], ["protected"]):
            assert keyboard("cloud", *words).code == sees
        if caller is callers[0]:
            row = Account.objects.get()
            assert (row.mode, row.environment, row.regions) == ("confirmed", "test", ["us-east-1", "eu-west-1"])
            assert Protected.objects.get().reason == "the clock"
    for caller, does in zip(reversed(callers), (3, 3, 0), strict=True):
        monkeypatch.setenv("HIKESHI_TOKEN", caller.token)
        assert keyboard("cloud", "unprotect", "i-0abc*", "--reason", "moved").code == does
        assert keyboard("cloud", "retire", NUMBER, "--reason", "closed").code == does
    assert [row["account"] for row in keyboard.json("cloud", "list", "--retired")] == [NUMBER]


def test_the_lists_mark_what_the_environment_says(
    callers: list[Caller], keyboard: Keyboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIKESHI_TOKEN", callers[0].token)
    keyboard.json("cloud", "add", NUMBER, "--contain-role", ROLE)
    keyboard.json("cloud", "protect", "i-0abc*", "--reason", "the clock")
    found = {row["account"]: row["source"] for row in keyboard.json("cloud", "list")}
    assert found == {NUMBER: "register", LISTED: "environment"}
    patterns = {row["pattern"]: row["source"] for row in keyboard.json("cloud", "protected")}
    assert (patterns["i-0abc*"], patterns["*bastion*"], patterns[ROLE]) == ("register", "environment", "own")
    assert keyboard.json("cloud", "show", LISTED)["source"] == "environment"
    assert keyboard("cloud", "change", LISTED, "--mode", "ask").code == 3
    assert keyboard("cloud", "unprotect", "*bastion*", "--reason", "x").code == 3
    assert keyboard.json("cloud", "change", NUMBER, "--contain-role", "")["contain_role"] == ""
    assert keyboard("cloud", "change", NUMBER).code == 2


def test_wrong_words_are_refused_and_headings_are_translated(
    callers: list[Caller], keyboard: Keyboard, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HIKESHI_TOKEN", callers[0].token)
    for wrong in (["12"], [NUMBER, "--environment", "prod"], [NUMBER, "--mode", "x"], [NUMBER, "--regions", "tokyo"]):
        assert keyboard("cloud", "add", *wrong).code in {2, 3}
    assert not Account.objects.exists()
    keyboard.json("cloud", "add", NUMBER, "--contain-role", ROLE, "--external-id", "x", "--name", "web", "--management")
    asked = words_asked(monkeypatch)
    for words in (["list"], ["show", NUMBER], ["protected"]):
        assert keyboard("cloud", *words, "--lang", "ja").code == 0
    assert not [key for key in asked if key not in TEXTS]


def test_over_the_api_a_commander_does_what_others_only_see(callers: list[Caller]) -> None:
    commander, responder, observer = callers
    body = {"account": NUMBER, "contain_role": ROLE, "regions": ["us-east-1"]}
    for nobody in (responder, observer):
        nobody.post("/clouds", body, 403)
        nobody.post("/clouds/protected", {"pattern": "i-0abc*", "reason": "x"}, 403)
    assert commander.post("/clouds", body, 201)["contain_role"] == ROLE
    commander.post("/clouds", body, 403)
    commander.post("/clouds/protected", {"pattern": "i-0abc*", "reason": "the clock"}, 201)
    commander.post("/clouds/protected", {"pattern": "*", "reason": "x"}, 403)
    assert [(row["account"], row["source"]) for row in responder.get("/clouds")] == [
        (NUMBER, "register"), (LISTED, "environment"),
    ]  # fmt: skip
    assert [row["source"] for row in responder.get("/clouds/protected")][:2] == ["register", "environment"]
    for path in ("/clouds", "/clouds/protected", f"/clouds/{NUMBER}"):
        observer.get(path, 403)
    assert responder("patch", f"/clouds/{NUMBER}", {"mode": "suspected"}).status_code == 403
    changed = json.loads(commander("patch", f"/clouds/{NUMBER}", {"mode": "suspected"}).content)
    assert (changed["mode"], changed["contain_role"]) == ("suspected", ROLE)
    responder.post("/clouds/protected/remove", {"pattern": "i-0abc*", "reason": "x"}, 403)
    left = commander.post("/clouds/protected/remove", {"pattern": "i-0abc*", "reason": "moved"})
    assert "i-0abc*" not in [row["pattern"] for row in left]
    responder.post(f"/clouds/{NUMBER}/retire", {"reason": "x"}, 403)
    assert commander.post(f"/clouds/{NUMBER}/retire", {"reason": "closed"})["retired_at"]
    assert [row["account"] for row in responder.get("/clouds?retired=true")] == [NUMBER]


def test_on_the_pages_a_commander_does_what_others_only_see(callers: list[Caller]) -> None:
    commander, responder, observer = [signed_in(one.person) for one in callers]
    body = {
        "number": NUMBER,
        "regions": "us-east-1, eu-west-1",
        "contain_role": ROLE,
        "environment": "test",
        "name": "<b>",
    }
    bastion = {"pattern": "i-0abc*", "reason": "the clock"}
    for nobody in (responder, observer):
        assert nobody.post("/clouds/add/", body).status_code in {403, 404}
        assert nobody.post("/clouds/protected/add/", bastion).status_code in {403, 404}
    assert commander.post("/clouds/add/", {**body, "contain_role": "arn:x"}).status_code == 403
    assert commander.post("/clouds/add/", body, follow=True).status_code == 200
    assert commander.post("/clouds/protected/add/", bastion, follow=True).status_code == 200
    page = responder.get("/clouds/").content.decode()
    for shown in (
        NUMBER,
        LISTED,
        ROLE,
        "eu-west-1",
        "&lt;b&gt;",
        "from the environment",
        "i-0abc*",
        "*bastion*",
        "the clock",
    ):
        assert shown in page
    assert "/clouds/add/" not in page
    assert 'value="us-east-1 eu-west-1"' in commander.get(f"/clouds/{NUMBER}/").content.decode()
    assert [observer.get(path).status_code for path in ("/clouds/", f"/clouds/{NUMBER}/")] == [404, 404]
    for act, sent in (("change", {"mode": "suspected"}), ("retire", {"reason": "closed"})):
        assert responder.post(f"/clouds/{NUMBER}/{act}/", sent).status_code == 403
        assert commander.post(f"/clouds/{NUMBER}/{act}/", sent, follow=True).status_code == 200
    row = Account.objects.get()
    assert (row.mode, row.contain_role, bool(row.retired_at)) == ("suspected", ROLE, True)
    assert commander.post("/clouds/protected/remove/", bastion, follow=True).status_code == 200
    assert not Protected.objects.exists()
