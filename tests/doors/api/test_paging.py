"""Pages, bodies, and numbers no database holds."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, strategies as st
from pydantic import ValidationError

from doors.api.caller import Caller
from hikeshi.desk.incidents.models import Incident
from hikeshi.doors.api.incidents import Declaration, Note
from hikeshi.doors.api.runs import Start

HUGE = "9" * 5000


@pytest.mark.parametrize(
    "path",
    [
        f"/alerts/{HUGE}", f"/alerts/ALR-{HUGE}", "/incidents/%00", "/incidents/{name}/steps/%00",
        f"/incidents/{{name}}/steps/{HUGE}:1.1", "/incidents/{name}/evidence/%00", "/incidents/{name}/timelines/%00/events",
        "/incidents/{name}/reports/99999999999999999999", "/ledger/%00/entries",
    ],
)  # fmt: skip
def test_names_and_numbers_that_no_database_holds_are_not_there(on_it: Caller, incident: Incident, path: str) -> None:
    assert on_it.get(path.replace("{name}", incident.name), 404)["error"]


@pytest.mark.parametrize("query", [f"severity={HUGE}", "severity=99999999999999999999", "status=%00"])
def test_filters_that_match_nothing_are_no_crash(on_it: Caller, incident: Incident, query: str) -> None:
    assert on_it("get", f"/incidents?{query}").status_code in {200, 422}


def test_a_nul_in_a_text_is_422_naming_the_field(on_it: Caller, incident: Incident) -> None:
    answer = on_it.post(f"/incidents/{incident.name}/notes", {"text": "a\x00b"}, 422)
    assert "text" in answer["hint"]
    on_it.post(f"/incidents/{incident.name}/runs", {"playbook": "x", "facts": {"a": "\x00"}}, 422)


@given(st.text())
def test_any_other_text_is_taken_as_it_is(text: str) -> None:
    if "\x00" in text:
        with pytest.raises(ValidationError):
            Note(text=text)
    else:
        assert Note(text=text).text == text


@pytest.mark.parametrize("facts", [{"\x00": "a"}, {"a": "b\x00"}])
def test_a_nul_is_found_inside_too(facts: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Start(playbook="x", facts=facts)
    with pytest.raises(ValidationError):
        Declaration(title="x", severity=1, reason="x", alerts=["a", "\x00"])


def test_the_last_page_has_no_next(commander: Caller) -> None:
    for number in range(4):
        commander.post("/incidents", {"title": f"n{number}", "severity": 3, "reason": "x"}, 201)
    first = commander.get("/incidents?limit=2")
    last = commander.get(f"/incidents?limit=2&after={first['next']}")
    assert [row["title"] for row in first["items"] + last["items"]] == ["n3", "n2", "n1", "n0"]
    assert last["next"] is None
    assert commander.get("/incidents?limit=4")["next"] is None
