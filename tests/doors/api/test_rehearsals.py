"""Simulations of playbooks over the API and in the console."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.test import Client

from doors.api.caller import Caller
from doors.console.house import person, signed_in
from hikeshi.desk.actor import system
from hikeshi.desk.rehearsals import verbs
from hikeshi.desk.rehearsals.models import Rehearsal

TEXT = (Path(__file__).parents[2] / "samples" / "playbooks" / "lost-badge.yaml").read_text(encoding="utf-8")


@pytest.fixture
def played(on_it: Caller) -> int:
    """The number of a simulation that does not go as the file expects."""
    asked = on_it.post("/rehearsals", {"text": TEXT.replace('"2.2": not_needed', '"2.2": done')}, 202)
    assert asked["state"] == "waiting"
    verbs.rehearse(Rehearsal.objects.get(pk=asked["number"]), actor=system("Hikeshi", "worker"))
    return int(asked["number"])


def test_a_text_is_played_and_told(on_it: Caller, played: int) -> None:
    told = on_it.get(f"/rehearsals/{played}")
    assert (told["state"], told["ways"]) == ("failed", 2)
    wrong = told["report"]["traces"][0]["mismatches"]
    assert [(one["step"], one["expected"], one["found"]) for one in wrong] == [("2.2", "done", "not_needed")]
    assert [one["number"] for one in on_it.get("/rehearsals?playbook=lost-badge")] == [played]
    on_it.get("/rehearsals/999", 404)
    on_it.post("/rehearsals", {"text": "a: ["}, 422)


def test_a_playbook_of_the_shelf_is_asked_for_and_its_standing_told(on_it: Caller) -> None:
    assert on_it.post("/playbooks/ransomware/rehearsals", {}, 202)["playbook"] == "ransomware"
    on_it.post("/playbooks/moon/rehearsals", {}, 404)
    assert {"ransomware"} <= {one["playbook"] for one in on_it.get("/playbook-drift")}


def test_who_has_no_part_in_anything_is_told_nothing(observer: Caller) -> None:
    for path in ("/playbook-drift", "/rehearsals", "/rehearsals/1"):
        observer.get(path, 404)
    observer.post("/rehearsals", {"text": TEXT}, 404)


@pytest.mark.parametrize(("language", "said"), [("en", "Not as expected"), ("ja", "期待と異なる点")])
def test_the_console_shows_what_was_not_as_expected(played: int, language: str, said: str) -> None:
    browser = signed_in(person("mori", "responder"), language)
    page = browser.get("/simulations/lost-badge/").content.decode()
    assert said in page
    assert "not_needed" in page
    assert "derived-1" in browser.get("/simulations/lost-badge/?way=derived-1").content.decode()


def test_the_console_asks(db: None) -> None:
    browser = signed_in(person("mori", "responder"))
    assert "ransomware" in browser.get("/simulations/").content.decode()
    assert browser.post("/simulations/ransomware/ask/").status_code == 302
    assert "waiting" in browser.get("/simulations/ransomware/").content.decode()
    assert browser.get("/simulations/moon/").status_code == 404
    stranger: Client = signed_in(person("tanaka", "observer"))
    assert stranger.get("/simulations/").status_code == 404
