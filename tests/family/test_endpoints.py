"""Rules every endpoint of the API must meet, read from its own OpenAPI document."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from django.test import Client

from hikeshi.desk.accounts import verbs as accounts
from hikeshi.desk.accounts.models import Person
from hikeshi.doors.api import api
from hikeshi.doors.api.door import NOUNS

METHODS = ("get", "post", "put", "patch", "delete")
DOCUMENT: dict[str, Any] = api.get_openapi_schema(path_prefix="/api/v1/")
ENDPOINTS = [(method, path) for path, item in DOCUMENT["paths"].items() for method in METHODS if method in item]


def _address(path: str) -> str:
    return re.sub(r"\{\w+\}", "1", path)


def _operation(method: str, path: str) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["paths"][path][method]
    return found


@pytest.fixture
def observer(db: None) -> str:
    person = Person.objects.create_user(username="tanaka", role="observer")
    return accounts.issue_token(person, "test", actor=accounts.actor_of(person, "console"))


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
@pytest.mark.parametrize("header", [{}, {"Authorization": "Bearer hks_wrong"}])
def test_without_a_token_the_answer_is_401_json_and_never_a_redirect(
    db: None, method: str, path: str, header: dict[str, str]
) -> None:
    answer = getattr(Client(), method)(_address(path), headers=header)
    assert answer.status_code == 401
    assert answer["Content-Type"].startswith("application/json")
    assert answer.json().keys() == {"error", "hint"}


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_who_was_granted_nothing_gets_nothing(observer: str, method: str, path: str) -> None:
    """An observer without a role sees empty lists at best, and every refusal says how to go on."""
    answer = getattr(Client(), method)(
        _address(path), data=None if method == "get" else "{}", content_type="application/json",
        headers={"Authorization": f"Bearer {observer}"},
    )  # fmt: skip
    assert answer.status_code in {200, 403, 404, 422}
    body = answer.json()
    if answer.status_code == 200:
        assert body in ([], {"items": [], "next": None})
    else:
        assert body["error"]
        assert body["hint"]


@pytest.mark.parametrize(("method", "path"), ENDPOINTS)
def test_every_endpoint_says_what_it_does_under_its_noun(method: str, path: str) -> None:
    operation = _operation(method, path)
    assert operation["description"].strip()
    assert operation["tags"][0] in NOUNS
    assert operation["security"] == [{"Bearer": []}]
    assert operation["responses"]


def test_the_document_is_json_and_lists_every_noun() -> None:
    again = json.loads(json.dumps(DOCUMENT))
    assert {operation["tags"][0] for item in again["paths"].values() for operation in item.values()} == set(NOUNS)
    assert list(NOUNS) == sorted(NOUNS)


def test_names_in_addresses_are_nouns_and_verbs_of_ours() -> None:
    words = {word for _, path in ENDPOINTS for word in path.split("/") if word and not word.startswith("{")}
    assert not words & {"case", "cases", "ticket", "tickets", "job", "jobs", "finding", "findings"}


def test_there_are_as_many_operation_ids_as_endpoints() -> None:
    assert len({_operation(*endpoint)["operationId"] for endpoint in ENDPOINTS}) == len(ENDPOINTS)
