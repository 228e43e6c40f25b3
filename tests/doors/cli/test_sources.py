"""Sources and what was not understood, at the keyboard."""

from __future__ import annotations

from pathlib import Path

import pytest

from doors.cli.typed import Keyboard, words_asked
from hikeshi.desk.alerts.models import Delivery, Source
from hikeshi.doors.cli.texts import TEXTS
from tests_findings import finding


def test_a_source_is_added_rotated_disabled_and_enabled(admin: Keyboard) -> None:
    made = admin.json("source", "add", "siem", "--silent", 3600)
    assert made["secret"].startswith("hkw_")
    assert made["address"].endswith("/in/siem")
    rotated = admin.json("source", "rotate", "siem")
    assert rotated["secret"] not in {made["secret"], ""}
    assert Source.objects.get().secret_before == made["secret"]
    assert admin.json("source", "disable", "siem", "--reason", "replaced")["trouble"] == "disabled"
    assert admin.json("source", "enable", "siem")["trouble"] == "never"
    assert "secret" not in admin.json("source", "show", "siem")
    assert [row["name"] for row in admin.json("source", "list")] == ["siem"]


def test_only_administrators_add_sources(responder: Keyboard) -> None:
    assert responder("source", "add", "siem").code == 3


def test_what_is_no_source_is_refused(admin: Keyboard) -> None:
    for wrong in (
        ["a b"],
        ["siem", "--proof", "none"],
        ["siem", "--window", 0],
        ["siem", "--size-limit", 10**9],
        ["siem", "--kind", "fax"],
    ):
        assert admin("source", "add", *wrong).code == 3
    admin.json("source", "add", "siem")
    assert admin("source", "add", "siem").code == 3
    assert admin("source", "disable", "siem", "--reason", " ").code == 3


def test_what_was_not_understood_is_read_again_or_dismissed(responder: Keyboard, tmp_path: Path) -> None:
    file = tmp_path / "payload"
    for payload in (b"broken", b"broken too"):
        file.write_bytes(payload)
        responder.json("alert", "ingest", file, code=5)
    second, first = responder.json("alert", "deliveries", "--set-aside")
    Delivery.objects.filter(pk=first["delivery"]).update(payload=finding())  # as if a reader had been mended
    assert len(responder.json("alert", "reread", first["delivery"])["alerts"]) == 1
    assert responder("alert", "reread", first["delivery"]).code == 3
    assert responder.json("alert", "reread", second["delivery"], code=5)["problem"]
    assert responder("alert", "dismiss", second["delivery"], "--reason", "").code == 3
    responder.json("alert", "dismiss", second["delivery"], "--reason", "a scanner")
    assert responder.json("alert", "deliveries", "--set-aside") == []
    assert len(responder.json("alert", "deliveries")) == 2


def test_headings_are_in_both_languages(admin: Keyboard, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = words_asked(monkeypatch)
    for words in (["source", "add", "siem"], ["source", "list"], ["source", "show", "siem"], ["alert", "deliveries"]):
        assert admin(*words, "--lang", "ja").code == 0
    assert not [key for key in asked if key not in TEXTS]
