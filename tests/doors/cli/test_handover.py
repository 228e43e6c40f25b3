"""Handing a role over at the keyboard and over the API."""

from __future__ import annotations

import pytest

from doors.cli.typed import Keyboard, words_asked
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.accounts.verbs import actor_of, issue_token
from hikeshi.desk.incidents.models import Incident
from hikeshi.doors.cli.texts import TEXTS


def test_a_role_is_proposed_declined_proposed_and_accepted(
    admin: Keyboard, incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = Person.objects.create_user(username="ito", role="responder")
    admin.json("role", "assign", incident.name, "incident_commander", "--user", "aoki")
    first = admin.json("role", "handoff", incident.name, "incident_commander", "--to", "ito", "--words", "phone only")
    assert (first["state"], first["giver"], len(first["brief"]["parts"])) == ("proposed", "aoki", 5)
    assert admin("role", "accept", first["handover"], "--say-back", "x").code == 3
    admin.json("role", "withdraw", first["handover"], "--reason", "stays")
    second = admin.json("role", "handoff", incident.name, "incident_commander", "--to", "ito")
    asked = words_asked(monkeypatch)
    admin("role", "handovers", "--past", "--lang", "ja")
    assert not [key for key in asked if key not in TEXTS]
    monkeypatch.setenv("HIKESHI_TOKEN", issue_token(new, "t", actor=actor_of(new, "cli")))
    assert [row["handover"] for row in admin.json("role", "handovers")] == [second["handover"]]
    brief = admin("role", "handovers", second["handover"], "--lang", "ja").out
    assert ("現在の目標" in brief, '"parts"' in brief) == (True, False)
    assert admin("role", "decline", first["handover"], "--reason", "x").code == 3
    taken = admin.json("role", "accept", second["handover"], "--say-back", "Send the update.")
    assert (taken["state"], taken["say_back"]) == ("accepted", "Send the update.")
    assert [row["name"] for row in admin.json("role", "who", incident.name)] == ["ito"]


def test_nobody_answers_what_they_may_not_know_of(responder: Keyboard, incident: Incident) -> None:
    for words in (
        ["handoff", incident.name, "scribe", "--to", "x"],
        ["accept", "1", "--say-back", "x"],
        ["decline", "1", "--reason", "x"],
    ):
        assert responder("role", *words).code == 3
