"""Only a living token opens the API: not its absence, not a session, not a redirect."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from doors.api.caller import ROOT, Caller, as_actor
from hikeshi.desk.accounts import verbs as accounts
from hikeshi.desk.accounts.models import Token


def _is_401(answer: object) -> None:
    assert getattr(answer, "status_code", None) == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")  # type: ignore[index]  # a Django response
    body = answer.json()  # type: ignore[attr-defined]  # as above
    assert body["error"]
    assert "hikeshi token issue" in body["hint"]


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic YTpi", "Token abc", "Bearer \u00e9"]
)
def test_without_a_good_token_the_answer_is_401_with_a_hint(db: None, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    _is_401(Client().get(f"{ROOT}/incidents", headers=headers))


def test_a_good_token_comes_in(commander: Caller) -> None:
    assert commander.get("/incidents") == {"items": [], "next": None}


def test_an_expired_token_does_not_come_in(commander: Caller) -> None:
    Token.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    _is_401(commander("get", "/incidents"))


def test_a_revoked_token_does_not_come_in(commander: Caller) -> None:
    accounts.revoke_token(Token.objects.get(), actor=as_actor(commander))
    _is_401(commander("get", "/incidents"))


def test_the_token_of_somebody_who_left_does_not_come_in(commander: Caller) -> None:
    commander.person.is_active = False
    commander.person.save()
    _is_401(commander("get", "/incidents"))


def test_a_session_cookie_does_not_open_the_api(commander: Caller) -> None:
    client = Client()
    client.force_login(commander.person)
    _is_401(client.get(f"{ROOT}/incidents"))
    _is_401(client.post(f"{ROOT}/alerts", data="{}", content_type="application/json"))


def test_the_document_is_behind_the_token_too(commander: Caller) -> None:
    _is_401(Client().get(f"{ROOT}/openapi.json"))
    assert commander.get("/openapi.json")["info"]["title"] == "Hikeshi"


def test_an_address_that_does_not_exist_is_401_without_and_404_json_with_a_token(commander: Caller) -> None:
    _is_401(Client().get(f"{ROOT}/passwords"))
    assert "openapi.json" in commander.get("/passwords", 404)["hint"]


def test_the_page_with_inline_script_is_off(commander: Caller) -> None:
    assert commander("get", "/docs").status_code == 404


def test_the_ledger_knows_the_door(commander: Caller) -> None:
    commander.post("/incidents", {"title": "Odd sign-ins", "severity": 3, "reason": "seen by hand"}, 201)
    name = commander.get("/incidents")["items"][0]["name"]
    entries = commander.get(f"/ledger/{name}/entries")["items"]
    assert {entry["door"] for entry in entries} == {"api"}
    assert {entry["actor"] for entry in entries} == {"kondo"}
