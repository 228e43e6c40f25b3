"""Rules every endpoint of the API must meet, read from its own OpenAPI document."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import Any

import pytest
from django.test import Client

from hikeshi.desk.accounts import verbs as accounts
from hikeshi.desk.accounts.models import Person
from hikeshi.doors.api import api
from hikeshi.doors.api.door import NOUNS

METHODS = ("get", "post", "put", "patch", "delete")


@cache
def document() -> dict[str, Any]:
    """Made where a test asks for it: every worker imports this file, and one runs it."""
    made: dict[str, Any] = api.get_openapi_schema(path_prefix="/api/v1/")
    return made


def endpoints() -> list[tuple[str, str]]:
    return [(method, path) for path, item in document()["paths"].items() for method in METHODS if method in item]


def _address(path: str) -> str:
    return re.sub(r"\{\w+\}", "1", path)


def _operation(method: str, path: str) -> dict[str, Any]:
    found: dict[str, Any] = document()["paths"][path][method]
    return found


@pytest.fixture
def observer(db: None) -> str:
    person = Person.objects.create_user(username="tanaka", role="observer")
    return accounts.issue_token(person, "test", actor=accounts.actor_of(person, "console"))


@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer hks_wrong"}], ids=["none", "wrong"])
def test_without_a_token_the_answer_is_401_json_and_never_a_redirect(db: None, header: dict[str, str]) -> None:
    for method, path in endpoints():
        answer = getattr(Client(), method)(_address(path), headers=header)
        assert answer.status_code == 401, (method, path)
        assert answer["Content-Type"].startswith("application/json"), (method, path)
        assert answer.json().keys() == {"error", "hint"}, (method, path)


def test_who_was_granted_nothing_gets_nothing(observer: str) -> None:
    """An observer without a role sees empty lists at best, and every refusal says how to go on."""
    for method, path in endpoints():
        answer = getattr(Client(), method)(
            _address(path), data=None if method == "get" else "{}", content_type="application/json",
            headers={"Authorization": f"Bearer {observer}"},
        )  # fmt: skip
        assert answer.status_code in {200, 403, 404, 422}, (method, path)
        body = answer.json()
        if answer.status_code == 200:
            assert body in ([], {"items": [], "next": None}), (method, path)
        else:
            assert body["error"], (method, path)
            assert body["hint"], (method, path)


def test_every_endpoint_says_what_it_does_under_its_noun() -> None:
    for method, path in endpoints():
        operation = _operation(method, path)
        assert operation["description"].strip(), (method, path)
        assert operation["tags"][0] in NOUNS, (method, path)
        assert operation["security"] == [{"Bearer": []}], (method, path)
        assert operation["responses"], (method, path)


def test_the_document_is_json_and_lists_every_noun() -> None:
    again = json.loads(json.dumps(document()))
    assert {operation["tags"][0] for item in again["paths"].values() for operation in item.values()} == set(NOUNS)
    assert list(NOUNS) == sorted(NOUNS)


def test_names_in_addresses_are_nouns_and_verbs_of_ours() -> None:
    words = {word for _, path in endpoints() for word in path.split("/") if word and not word.startswith("{")}
    assert not words & {"case", "cases", "ticket", "tickets", "job", "jobs", "finding", "findings"}


def test_there_are_as_many_operation_ids_as_endpoints() -> None:
    assert len({_operation(*endpoint)["operationId"] for endpoint in endpoints()}) == len(endpoints())
