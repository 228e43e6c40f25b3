"""Each kind of error has one answer, with what is wrong and how to go on."""

from __future__ import annotations

import json

import pytest
from django.core.exceptions import ValidationError
from django.test import RequestFactory

from hikeshi.doors.api import answers
from hikeshi.doors.find import NotThere
from hikeshi.errors import Conflict, Failed, HikeshiError, Refused, Unreadable


@pytest.mark.parametrize(
    ("problem", "status"),
    [
        (Refused("no", hint="ask"), 403),
        (NotThere("no", hint="ask"), 404),
        (Conflict("no", current="now", hint="ask"), 409),
        (Unreadable("no", source="x", hint="ask"), 422),
        (Failed("no", hint="ask"), 502),
        (Failed("no", permanent=False, hint="ask"), 503),
    ],
)
def test_the_error_tree_maps_to_statuses(problem: HikeshiError, status: int) -> None:
    answer = answers.of_hikeshi(RequestFactory().get("/"), problem)
    body = json.loads(answer.content)
    assert answer.status_code == status
    assert body["hint"] == "ask"
    assert "no" in body["error"]
    assert ("current" in body) == isinstance(problem, Conflict)


def test_a_verb_that_refuses_fields_names_them() -> None:
    answer = answers.of_fields(RequestFactory().get("/"), ValidationError({"email": ["Not an address."]}))
    body = json.loads(answer.content)
    assert (answer.status_code, body["fields"]) == (422, {"email": ["Not an address."]})
    assert "email" in body["error"]


def test_a_fault_of_ours_is_logged_in_full_and_told_without_its_inside(caplog: pytest.LogCaptureFixture) -> None:
    answer = answers.of_bug(RequestFactory().get("/"), KeyError("secret path /home/x"))
    assert answer.status_code == 500
    assert b"secret" not in answer.content
    assert "secret" in caplog.text
