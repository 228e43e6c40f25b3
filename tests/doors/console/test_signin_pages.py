"""Coming in: invite links, sign-in, second factor pages, and the ways that are closed."""

from __future__ import annotations

import pytest
from django.test import Client

from doors.console.house import as_actor, person, signed_in
from hikeshi.desk.accounts import verbs as accounts
from hikeshi.desk.accounts.models import Person
from hikeshi.doors.console import limits

PASSWORD = "wooden bucket, paper umbrella"


@pytest.fixture
def secret(db: None) -> str:
    return accounts.invite(actor=as_actor(person("aoki", "admin")), role="responder")


def accept(secret: str, **typed: str) -> tuple[Client, int, str]:
    client = Client()
    answer = client.post(f"/invite/{secret}/", {"username": "mori", "password": PASSWORD, "again": PASSWORD} | typed)
    return client, answer.status_code, answer.get("Location", "") or answer.content.decode()


def test_an_invited_person_comes_in_and_is_offered_a_second_factor(secret: str) -> None:
    assert Client().get(f"/invite/{secret}/").status_code == 200
    client, status, location = accept(secret)
    assert (status, location) == (302, "/welcome/")
    assert Person.objects.get(username="mori").role == "responder"
    assert "/accounts/2fa/webauthn/add/" in client.get("/welcome/").content.decode()
    assert client.get("/accounts/2fa/totp/activate/").status_code == 200  # just signed in: not asked again


def test_a_link_works_once_and_a_wrong_one_gets_the_same_answer(secret: str) -> None:
    accept(secret)
    used, wrong = Client().get(f"/invite/{secret}/"), Client().get("/invite/no-such-secret/")
    assert used.status_code == wrong.status_code == 404
    assert "This link does not work" in used.content.decode()


@pytest.mark.parametrize(
    "typed",
    [
        {"again": "another one entirely"},
        {"password": "short", "again": "short"},
        {"username": "aoki"},
        {"username": ""},
    ],
)
def test_what_cannot_be_accepted_leaves_the_link_working(secret: str, typed: dict[str, str]) -> None:
    _client, status, text = accept(secret, **typed)
    assert status == 403
    assert "This was not done" in text
    assert PASSWORD not in text
    assert accept(secret)[1] == 302


def test_many_tries_from_one_address_are_stopped(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "TRIES", 3)
    client = Client()
    assert [client.get("/invite/guess/").status_code for _ in range(5)] == [404, 404, 404, 429, 429]


def test_signing_in_with_a_password(db: None) -> None:
    sato = person("sato", "responder")
    sato.set_password(PASSWORD)
    sato.save()
    client = Client()
    assert client.post("/accounts/login/", {"login": "sato", "password": "wrong"}).status_code == 200
    assert client.get("/").status_code == 302
    assert client.post("/accounts/login/", {"login": "sato", "password": PASSWORD})["Location"] == "/"
    assert client.get("/").status_code == 200


@pytest.mark.parametrize("address", ["/accounts/signup/", "/accounts/password/reset/", "/accounts/email/"])
def test_nobody_signs_up_and_no_mail_is_sent(db: None, address: str) -> None:
    client = Client()
    assert "hikeshi user invite" in client.get(address).content.decode()
    client.post(address, {"username": "eve", "email": "eve@example.org", "password1": PASSWORD})
    assert not Person.objects.exists()


def test_passkey_sign_in_asks_the_browser_only_through_files_of_ours(db: None) -> None:
    text = Client().get("/accounts/login/").content.decode()
    assert 'src="/static/mfa/js/webauthn.js"' in text
    assert 'id="passkey_login"' in text
    options = Client().get("/accounts/2fa/webauthn/login/", headers={"Accept": "application/json"})
    assert "request_options" in options.json()


def test_the_code_picture_stands_in_the_page_itself(secret: str) -> None:
    client, _status, _location = accept(secret)
    text = client.get("/accounts/2fa/totp/activate/").content.decode()
    assert "<svg" in text.split('class="qr"')[1]
    assert "data:image" not in text
    assert "<?xml" not in text


def test_the_language_is_chosen_before_signing_in(db: None) -> None:
    client = Client()
    answer = client.post("/prefer/", {"language": "ja", "next": "/accounts/login/"})
    assert answer["Location"] == "/accounts/login/"
    assert '<html lang="ja"' in client.get("/accounts/login/").content.decode()
    assert client.post("/prefer/", {"language": "xx"}).status_code == 403


@pytest.mark.parametrize(
    "there", ["https://evil.example/", "//evil.example/", "javascript:alert(1)", "/\\evil.example"]
)
def test_preferences_lead_back_to_our_own_pages_only(db: None, there: str) -> None:
    assert Client().post("/prefer/", {"language": "ja", "next": there})["Location"] == "/"


def test_language_and_theme_are_kept_with_the_person(responder: Person) -> None:
    client = signed_in(responder)
    client.post("/prefer/", {"language": "ja", "theme": "dark", "next": "/me/"})
    assert '<html lang="ja" data-theme="dark">' in client.get("/me/").content.decode()


def test_a_token_is_shown_once_works_and_is_revoked(responder: Person) -> None:
    client = signed_in(responder)
    text = client.post("/me/tokens/", {"name": "laptop", "days": "30"}).content.decode()
    secret = text.split('id="secret">')[1].split("<")[0]
    assert accounts.actor_for_token(secret, "api") is not None
    assert secret not in client.get("/me/").content.decode()
    assert client.post("/me/tokens/", {"name": "forever", "days": "99999"}).status_code == 403
    assert client.post(f"/me/tokens/{responder.tokens.get().pk}/revoke/").status_code == 302
    assert accounts.actor_for_token(secret, "api") is None


def test_nobody_revokes_another_s_token(responder: Person, other: Person) -> None:
    accounts.issue_token(other, "theirs", actor=as_actor(other))
    assert signed_in(responder).post(f"/me/tokens/{other.tokens.get().pk}/revoke/").status_code == 404
