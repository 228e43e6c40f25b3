"""Keys, stamps, copies and comparisons at the command line, and what the doctor says of them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.utils import timezone
from pytest_django import Settings

from doors.cli.typed import Keyboard, words_asked
from hikeshi.desk.actor import system
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger import checkpoints, copies, keys, stamps
from hikeshi.desk.ledger.models import Chain, Copy, Entry, Stamp
from hikeshi.doors.cli.texts import TEXTS
from tsa import REPLY, Tsa

HIKESHI = system("Hikeshi", "worker")


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tsa]:
    with Tsa(tmp_path_factory.mktemp("tsa")) as running:
        yield running


@pytest.fixture
def outside(authority: Tsa, settings: Settings, home: Path) -> Tsa:
    authority.answer = authority.honest
    settings.ENVIRONMENT = msgspec.structs.replace(
        settings.ENVIRONMENT, timestamp_authorities=(authority.url,), timestamp_roots=(authority.root.pem,),
        checkpoint_copies=(f"file:{home / 'notes'}",),
    )  # fmt: skip
    return authority


def taken(name: str) -> None:
    checkpoints.checkpoint(Chain.objects.get(name=name), actor=HIKESHI)
    for stamp in Stamp.objects.filter(state="waiting"):
        stamps.take(stamp, actor=HIKESHI)
    for copy in Copy.objects.filter(state="waiting"):
        copies.take(copy, actor=HIKESHI)


def test_keys_are_listed_changed_and_withdrawn(admin: Keyboard, home: Path) -> None:
    keys.signer()
    assert [row["state"] for row in admin.json("audit", "keys", "--check")] == ["signs"]
    changed = admin.json("audit", "rotate", "--reason", "yearly")
    assert changed["place"] == "file:keys/signing-2.pem"
    assert [row["state"] for row in admin.json("audit", "keys")] == ["signs", "withdrawn"]
    (home / "keys" / "signing-2.pem").unlink()
    assert "cannot be read" in admin.json("audit", "keys", "--check", code=1)[0]["problem"]
    admin.json("audit", "retire", "--reason", "lost")
    assert admin("audit", "rotate", "--reason", "again").code == 3
    admin.json("audit", "rotate", "--reason", "again", "--lost")


def test_stamps_and_copies_are_shown_by_party_and_by_chain(admin: Keyboard, incident: Incident, outside: Tsa) -> None:
    taken(incident.name)
    [party] = admin.json("audit", "stamps")
    assert (party["name"], party["held"], party["refused"]) == (outside.url, 1, 0)
    [row] = admin("audit", "stamps", incident.name, "--json").lines
    assert (row["state"], row["chain"]) == ("held", incident.name)
    [copy] = admin("audit", "copies", incident.name, "--json").lines
    assert copy["receipt"] == "byte 0"


def test_a_stamp_changed_in_the_database_is_exit_code_4(admin: Keyboard, incident: Incident, outside: Tsa) -> None:
    taken(incident.name)
    assert admin.json("audit", "stamps", incident.name, "--check")[0]["result"] == "match"
    row = Stamp.objects.get()
    Stamp.objects.update(said_at=row.said_at - timedelta(hours=1) if row.said_at else None)
    assert "not the time" in admin.json("audit", "stamps", incident.name, "--check", code=4)[0]["problem"]
    reply = bytearray(row.reply)
    reply[len(reply) // 2] ^= 1
    Stamp.objects.update(said_at=row.said_at, reply=bytes(reply))
    assert admin.json("audit", "stamps", incident.name, "--check", code=4)[0]["result"] == "mismatch"
    outside.root.pem.rename(outside.folder / "away.pem")
    assert admin.json("audit", "stamps", incident.name, "--check", code=5)[0]["result"] == "could-not-check"
    (outside.folder / "away.pem").rename(outside.root.pem)


def test_what_was_refused_is_tried_again(admin: Keyboard, incident: Incident, outside: Tsa) -> None:
    outside.answer = lambda query: (404, REPLY, b"")
    taken(incident.name)
    assert "HTTP 404" in admin.json("audit", "stamps")[0]["problem"]
    assert admin.json("audit", "stamps", "--again", outside.url)[0]["waiting"] == 1


def test_a_ledger_that_was_rewritten_is_exit_code_4(
    admin: Keyboard, incident: Incident, outside: Tsa, home: Path
) -> None:
    taken(incident.name)
    held = home / "notes"
    assert admin.json("audit", "compare", held)[0]["result"] == "equal"
    with held.open("a") as file:
        file.write("cut short")
    assert admin.json("audit", "compare", held, code=5)[1]["result"] == "unreadable"
    Entry.objects.filter(chain__name=incident.name, seq=1).update(hash="0" * 64)
    row = admin.json("audit", "compare", held, code=4)[0]
    assert (row["result"], row["fine"], row["text"].keys()) == ("rewritten", False, {"en", "ja"})
    (home / "empty").write_text("")
    assert admin("audit", "compare", home / "empty").code == 3


@pytest.mark.parametrize(
    "words", [["keys"], ["stamps"], ["copies"], ["rotate", "--reason", "x"], ["retire", "--reason", "x"]]
)
def test_who_may_not_read_everything_is_refused(responder: Keyboard, words: list[str]) -> None:
    assert responder("audit", *words).code == 3


def test_a_responder_learns_nothing_of_a_chain_that_is_not_theirs(
    responder: Keyboard, incident: Incident, home: Path, outside: Tsa
) -> None:
    taken(incident.name)
    assert responder.json("audit", "compare", home / "notes", code=4)[0]["result"] == "foreign"
    assert responder("audit", "stamps", incident.name).code == 3


def test_headings_are_in_both_languages(
    admin: Keyboard, incident: Incident, outside: Tsa, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken(incident.name)
    asked = words_asked(monkeypatch)
    for words in (
        ["keys", "--check"],
        ["stamps"],
        ["stamps", incident.name, "--check"],
        ["stamps", incident.name],
        ["copies", incident.name],
    ):
        assert admin("audit", *words, "--lang", "ja").code == 0
    assert admin("audit", "compare", str(home / "notes"), "--lang", "ja").code == 0
    assert admin("audit", "rotate", "--reason", "x", "--lang", "ja").code == 0
    assert not [key for key in asked if key not in TEXTS]


def _doctor(keyboard: Keyboard, code: int) -> dict[str, Any]:
    return {row["check"]: row for row in keyboard.json("doctor", code=code)}


def test_the_doctor_tries_the_key_the_authority_and_the_places(
    admin: Keyboard, incident: Incident, outside: Tsa, home: Path
) -> None:
    taken("organisation")
    taken(incident.name)
    checks = _doctor(admin, 0)
    assert {checks[name]["state"] for name in ("signing key", "unsigned entries", "time stamps", "copies")} == {"ok"}
    outside.answer = lambda query: (200, REPLY, outside.reply_to(b"something else"))
    (home / "keys" / "signing.pem").unlink()
    (home / "notes").unlink()
    (home / "notes").mkdir()
    checks = _doctor(admin, 1)
    assert "imprint" in checks["time stamps"]["what"]["en"]
    assert {checks[name]["state"] for name in ("signing key", "time stamps", "copies")} == {"bad"}


def test_the_doctor_names_the_oldest_unsigned_entry_and_a_clock_that_went_back(
    admin: Keyboard, incident: Incident
) -> None:
    Entry.objects.filter(chain__name=incident.name, seq=1).update(time="2020-01-01T00:00:00.000000Z")
    checks = _doctor(admin, 1)
    assert f"{incident.name} 1" in checks["unsigned entries"]["what"]["en"]
    later = timezone.now() + timedelta(hours=1)
    Entry.objects.filter(chain__name=incident.name, seq=1).update(time=f"{later:%Y-%m-%dT%H:%M:%S.%fZ}")
    assert f"{incident.name} 2" in _doctor(admin, 0)["entry times"]["what"]["en"]
