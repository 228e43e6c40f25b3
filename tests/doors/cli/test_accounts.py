"""People and their tokens."""

from __future__ import annotations

import pytest

from doors.cli.typed import Keyboard
from hikeshi.desk.accounts import verbs
from hikeshi.desk.accounts.models import Person, Token


def test_a_token_is_shown_once_works_and_is_revoked(admin: Keyboard, monkeypatch: pytest.MonkeyPatch) -> None:
    made = admin.json("token", "issue", "pager", "--days", 7)
    assert verbs.actor_for_token(made["token"], "cli") is not None
    listed = admin.json("token", "list")
    assert [row["name"] for row in listed] == ["test", "pager"]
    assert made["token"] not in str(listed)
    assert admin.json("token", "revoke", listed[1]["token"])["revoked_at"]
    assert verbs.actor_for_token(made["token"], "cli") is None


def test_a_token_without_end_says_so(admin: Keyboard) -> None:
    assert admin.json("token", "issue", "robot", "--days", 0)["expires_at"] is None


def test_nobody_revokes_or_lists_somebody_elses_token(responder: Keyboard) -> None:
    other = Person.objects.create_user(username="kondo", role="commander")
    verbs.issue_token(other, "theirs", actor=verbs.actor_of(other, "console"))
    number = Token.objects.get(name="theirs").pk
    assert responder("token", "revoke", number).err == responder("token", "revoke", 99999).err.replace(
        "99999", str(number)
    )
    assert responder("token", "list", "--user", "kondo").code == 3
    assert responder("token", "issue", "x", "--user", "kondo").code == 3
    assert Token.objects.get(name="theirs").revoked_at is None


def test_an_invite_is_a_link_that_works(admin: Keyboard) -> None:
    made = admin.json("user", "invite", "--role", "responder")
    secret = made["invite"].rstrip("/").rpartition("/")[2]
    assert verbs.open_invite(secret).role == "responder"
    assert admin("user", "invite", "--role", "boss").code == 3


def test_roles_are_changed_by_administrators_only(admin: Keyboard) -> None:
    Person.objects.create_user(username="sato", role="observer")
    assert admin.json("user", "role", "sato", "responder")["role"] == "responder"
    assert admin("user", "role", "sato", "boss").code == 2
    assert [row["username"] for row in admin.json("user", "list")] == ["aoki", "sato"]


@pytest.mark.parametrize(
    "words",
    [["user", "list"], ["user", "invite"], ["user", "role", "suzuki", "admin"], ["contact", "add", "x", "scribe"]],
)
def test_a_responder_manages_nobody(responder: Keyboard, words: list[str]) -> None:
    assert responder(*words).code == 3
    assert Person.objects.get(username="suzuki").role == "responder"
