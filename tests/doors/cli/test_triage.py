"""Triage from the command line, as it is typed during a storm."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from desk.triage import group_of
from doors.cli.typed import Keyboard, words_asked
from hikeshi.desk.actor import system
from hikeshi.desk.incidents.models import Incident
from hikeshi.doors.cli.texts import TEXTS

SYSTEM = system("Hikeshi", "worker")


def test_a_storm_is_judged_at_the_keyboard(responder: Keyboard, monkeypatch: pytest.MonkeyPatch) -> None:
    first, second, third = (str(group_of(SYSTEM, cause=f"i-0{n}", address=f"203.0.113.{n // 2}")) for n in range(3))
    asked = words_asked(monkeypatch)
    for words in (["groups"], ["group", first], ["reasons"], ["related", first]):
        assert responder("alert", *words, "--lang", "ja").code == 0
    assert len(responder.json("alert", "groups")) == 3
    assert responder.json("alert", "related", first)[0]["group"] == second
    assert responder.json("alert", "merge", first, second, "--reason", "r")["name"] == first
    assert responder.json("alert", "unmerge", second, "--reason", "r")["state"] == "waiting"
    judged = responder.json(
        "alert", "judge", first, second, "--verdict", "false", "--why", "rule_wrong", "--reason", "r"
    )
    assert {row["state"] for row in judged} == {"judged"}
    assert responder.json("alert", "reopen", first, "--reason", "r")["state"] == "waiting"
    until = (timezone.now() + timedelta(hours=1)).isoformat()
    assert responder.json("alert", "snooze", first, "--until", until, "--reason", "r")[0]["state"] == "snoozed"
    assert responder.json("alert", "wake", first)["state"] == "waiting"
    assert responder.json("alert", "assign", first, "--person", "suzuki")["assigned_to"] == "suzuki"
    question = responder.json("alert", "ask", first, "--to", "web team", "--question", "Was this you?")["question"]
    assert responder.json("alert", "answer", question, "--text", "No.")["answer"] == "No."
    assert responder("alert", "group", first, "--lang", "ja").code == 0
    assert len(responder.json("alert", "declare", third, "--severity", 2, "--reason", "r")["alerts"]) == 1
    assert not [key for key in asked if key not in TEXTS]


def test_a_second_judge_is_refused(responder: Keyboard) -> None:
    name = str(group_of(SYSTEM))
    words = ("alert", "judge", name, "--verdict", "false", "--why", "rule_wrong", "--reason", "scanner")
    responder.json(*words)
    typed = responder(*words)
    assert typed.code == 3
    assert "suzuki judged" in typed.err


def test_linking_and_unlinking(admin: Keyboard, incident: Incident) -> None:
    name = str(group_of(SYSTEM))
    [linked] = admin.json("alert", "link", name, "--incident", incident.name, "--reason", "r")
    assert linked["state"] == "taken"
    assert admin.json("alert", "unlink", name, "--incident", incident.name, "--reason", "r")["state"] == "waiting"


def test_suppressions(responder: Keyboard, monkeypatch: pytest.MonkeyPatch) -> None:
    name = str(group_of(SYSTEM))
    made = responder.json("alert", "suppress", "--like", name, "--reason", "our scanner")
    assert made["match"]["instance"] == "i-0abc"
    hidden = str(group_of(SYSTEM, 2, address="198.51.100.9", cause="i-0abc"))
    assert hidden == name  # what waits already stays
    told = responder("alert", "judge", name, "--verdict", "benign", "--why", "scanner_of_ours", "--reason", "r")
    assert f"alert suppress --like {name}" in told.err
    hidden = str(group_of(SYSTEM, 3))
    asked = words_asked(monkeypatch)
    assert responder("alert", "suppressions", "--lang", "ja").code == 0
    assert not [key for key in asked if key not in TEXTS]
    assert responder.json("alert", "groups", "--show", "suppressed")[0]["name"] == hidden
    assert responder.json("alert", "unhide", hidden, "--reason", "r")["state"] == "waiting"
    assert responder.json("alert", "unsuppress", made["name"], "--reason", "r")["active"] is False
    assert responder("alert", "suppress", "--match", "nonsense", "--reason", "r").code == 2
