"""On call at the keyboard."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from doors.cli.typed import Keyboard, words_asked
from hikeshi.desk.incidents.models import Incident
from hikeshi.doors.cli.texts import TEXTS


@pytest.fixture
def people(admin: Keyboard) -> Keyboard:
    for name in ("Kondo", "Sato", "Ota"):
        admin.json("contact", "add", name, "incident_commander")
    made = admin.json(
        "oncall",
        "add",
        "Commanders",
        "incident_commander",
        "--member",
        "Kondo",
        "--member",
        "Sato",
        "--zone",
        "Asia/Tokyo",
    )
    assert made["parts"][0]["members"] == ["Kondo", "Sato"]
    return admin


def test_who_is_on_and_who_covers(people: Keyboard) -> None:
    assert people.json("oncall", "now")[0]["contact"] == "Kondo"
    week = ("--from", "2026-01-01T00:00Z", "--until", "2026-02-01T00:00Z")
    row = people.json("oncall", "cover", "Commanders", "Ota", *week, "--reason", "leave", "--for", "Sato")
    assert row["covers"] == "Sato"
    assert people.json("oncall", "list")[0]["overrides"] == []  # it lies in the past
    people.json("oncall", "uncover", row["override"])
    assert len(people.json("oncall", "rota", "--days", 21)) >= 3
    assert people.json("oncall", "gaps") == []


def test_parts_follow_the_sun(people: Keyboard) -> None:
    people.json(
        "oncall", "part", "Commanders", "--member", "Ota", "--every", "daily", "--hours", "09:00-17:00", "--replace"
    )
    shown = people.json(
        "oncall", "part", "Commanders", "--member", "Sato", "--hours", "09:00-17:00", "--zone", "Europe/Berlin"
    )
    assert [part["within"] for part in shown["parts"]] == ["09:00-17:00"] * 2
    assert people.json("oncall", "gaps")
    people.json("oncall", "retire", "Commanders", "--reason", "over")
    assert people.json("oncall", "list") == []


@pytest.mark.parametrize(
    "wrong", [["--every", "never"], ["--weekday", "someday"], ["--at", "noon"], ["--zone", "x"], ["--hours", "9"]]
)
def test_what_is_not_understood_is_told(people: Keyboard, wrong: list[str]) -> None:
    typed = people("oncall", "add", "Other", "scribe", "--member", "Ota", *wrong)
    assert typed.code == 3
    assert typed.err


def test_who_may_not_triage_sees_nothing(observer: Keyboard) -> None:
    for words in (["now"], ["list"], ["rota"], ["gaps"], ["uncover", "1"], ["add", "x", "scribe"]):
        assert observer("oncall", *words).code == 3


def test_headings_are_translated(people: Keyboard, incident: Incident, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = words_asked(monkeypatch)
    for words in (
        ["now"],
        ["list"],
        ["rota"],
        ["part", "Commanders", "--member", "Ota", "--hours", "09:00-17:00", "--replace"],
        ["gaps"],
        ["role", "propose", "1"],
        ["role", "check", incident.name],
    ):
        people(*(words if words[0] == "role" else ["oncall", *words]), "--lang", "ja")
    assert not [key for key in asked if key not in TEXTS]


def test_whom_an_incident_would_get_and_what_is_wrong_with_it(people: Keyboard, incident: Incident) -> None:
    first, *others = people.json("role", "propose", 1)
    assert (first["contact"], first["text"]["en"]) == ("Kondo", "on call (Commanders)")
    assert {row["contact"] for row in others} == {None}
    keys = {row["warning"] for row in people.json("role", "check", incident.name)}
    assert keys == {"few_people"}
    shown = people("role", "who", incident.name, "--json")
    assert "Only 1 on it" in shown.err


def test_shifts_come_from_a_file_and_go_into_a_calendar(
    people: Keyboard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = words_asked(monkeypatch)
    now = timezone.now()
    file, out = tmp_path / "rota.csv", tmp_path / "rota.ics"
    until = (now + timedelta(days=1)).isoformat()
    file.write_text(
        f"user,start,end\nOta,{now.isoformat()},{until}\nMori,{now.isoformat()},{until}\n", encoding="utf-8"
    )
    words = ("oncall", "import", file, "--rotation", "Commanders")
    tried = people(*words, "--dry-run", "--json")
    assert (tried.code, people.json("oncall", "now")[0]["contact"]) == (5, "Kondo")
    assert people(*words, "--lang", "ja").code == 5
    assert people.json("oncall", "now")[0]["contact"] == "Ota"
    assert people.json("oncall", "export", "--person", "Ota", "--out", out)["shifts"] == 1
    assert people("oncall", "import", out, "--rotation", "Commanders").code == 0
    assert people("oncall", "export", "--out", out).code == 3
    assert not [key for key in asked if key not in TEXTS]
