"""The room at the command line: a responder's work from tasks to closing."""

from __future__ import annotations

import pytest

from doors.cli.typed import Keyboard, words_asked
from hikeshi.desk.incidents.models import Incident
from hikeshi.doors.cli.texts import TEXTS


def test_tasks_decisions_and_assets(admin: Keyboard, incident: Incident, monkeypatch: pytest.MonkeyPatch) -> None:
    name = incident.name
    task = admin.json("task", "give", name, "Read the log", "--due", "2026-11-07T03:00+09:00")
    assert admin.json("task", "take", name, task["task"])["owner"] == "aoki"
    assert [one["overdue"] for one in admin.json("task", "mine")] == [True]
    assert admin.json("task", "done", name, task["task"], "nothing found")["state"] == "done"
    assert admin.json("task", "list", name, "--open") == []
    other = admin.json("task", "give", name, "Call", "--owner", "aoki")
    assert admin.json("task", "reassign", name, other["task"], "aoki")["state"] == "open"
    assert admin.json("task", "drop", name, other["task"], "--reason", "done by phone")["state"] == "dropped"
    asked = admin.json("decision", "ask", name, "Shut down?", "--option", "Yes", "--option", "No")
    assert admin.json("decision", "object", name, asked["decision"], "customers")["objections"][0]["by"] == "aoki"
    assert admin("decision", "decide", name, asked["decision"], "Yes", "--reason", "r", "--version", "1").code == 3
    assert admin.json("decision", "decide", name, asked["decision"], "No", "--reason", "watch")["chosen"] == "No"
    assert admin.json("decision", "look-back", name, asked["decision"], "right")["later_verdict"] == "right"
    added = admin.json("affected", "add", name, "web-1", "--compromise", "suspected")
    assert added["clearance"] == "open"
    assert admin.json("affected", "gather", name) == []
    assert admin("affected", "assess", name, "web-1", "--clearance", "cleared", "--reason", "").code == 3
    cleared = admin.json("affected", "assess", name, "web-1", "--clearance", "cleared", "--reason", "rebuilt")
    assert cleared["version"] == 2
    words = words_asked(monkeypatch)
    for line in (
        ("task", "list"),
        ("decision", "list"),
        ("affected", "list"),
        ("incident", "gates"),
        ("incident", "state"),
    ):
        assert admin(*line, name, "--lang", "ja").code == 0
    assert not [key for key in words if key not in TEXTS]


def test_the_state_and_what_keeps_it_open(admin: Keyboard, incident: Incident) -> None:
    name = incident.name
    assert admin.json("incident", "section", name, "objective", "Cut the key")["version"] == 1
    assert admin("incident", "section", name, "impact", "12 hosts").code == 3
    admin.json("incident", "section", name, "impact", "confirmed: 12 hosts")
    judged = ("--functional", "low", "--information", "none", "--recoverability", "regular")
    assert admin.json("incident", "impact", name, *judged)["functional_impact"] == "low"
    assert admin.json("incident", "update", name, "Key is off", "--audience", "legal")["number"] == 1
    assert admin.json("incident", "rhythm", name, "30", "--reason", "calm")["name"] == name
    assert admin.json("incident", "contained", name, "--reason", "account off")["contained_at"]
    state = admin.json("incident", "state", name)
    assert {one["gate"] for one in state["gates"] if one["open"]} == {"review", "summary"}
    assert "現在の目標" in admin("incident", "state", name, "--lang", "ja").out
    refused = admin("incident", "close", name, "--reason", "over")
    assert refused.code == 3
    assert "review" in refused.err
    overrides = ("--override", "review=a drill", "--override", "summary=a drill")
    assert admin.json("incident", "close", name, "--reason", "over", *overrides)["status"] == "closed"
