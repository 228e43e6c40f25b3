"""Checkpoints and proofs at the command line: signed, written out, checked by somebody who has nothing but a public key."""

from __future__ import annotations

from pathlib import Path

import pytest

from doors.cli.typed import Keyboard, words_asked
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Checkpoint, Entry, SigningKey, Tile
from hikeshi.doors.cli.texts import TEXTS

SAMPLES = Path(__file__).parents[2] / "samples" / "proofs"


@pytest.fixture
def key(admin: Keyboard, incident: Incident, tmp_path: Path) -> Path:
    """The public key, as a stranger got it."""
    admin.json("audit", "checkpoint", incident.name)
    path = tmp_path / "public.pem"
    path.write_text(SigningKey.objects.get().public)
    return path


def test_a_chain_is_signed_by_hand_and_listed(admin: Keyboard, incident: Incident, tmp_path: Path) -> None:
    made = admin.json("audit", "checkpoint", incident.name, "--out", tmp_path / "note")
    assert (tmp_path / "note").read_text() == made["note"] == Checkpoint.objects.get(chain__name=incident.name).note
    [listed] = admin("audit", "checkpoints", incident.name, "--json").lines
    assert listed == {name: made[name] for name in listed}
    assert listed["signed_by"] == [SigningKey.objects.get().fingerprint]
    assert "0/0" in admin("audit", "checkpoints", incident.name).out
    assert admin("audit", "checkpoint", incident.name, "--out", tmp_path / "note").code == 3


def test_all_chains_are_signed_and_one_that_is_not_whole_is_named(admin: Keyboard, incident: Incident) -> None:
    Entry.objects.filter(chain__name=incident.name, seq=2).update(actor="somebody else")
    rows = {row["chain"]: row for row in admin.json("audit", "checkpoint", "--all", code=3)}
    assert "not whole" in rows[incident.name]["problem"]
    assert rows["organisation"]["entries"] > 0
    assert admin("audit", "checkpoint").code == 2


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_stranger_checks_the_proof_of_an_entry(
    admin: Keyboard, incident: Incident, key: Path, tmp_path: Path, language: str
) -> None:
    admin("audit", "prove", incident.name, 2, "--out", tmp_path / "p")
    checked = admin.json("custody", "check-proof", tmp_path / "p", "--key", key, "--lang", language)
    assert checked["ok"]
    assert checked["entry"]["seq"] == 2
    (tmp_path / "p").write_text((tmp_path / "p").read_text().replace("index 1", "index 2"))
    assert admin("custody", "check-proof", tmp_path / "p", "--key", key, "--lang", language).code == 4


def test_what_is_printed_is_the_proof_itself(admin: Keyboard, incident: Incident, key: Path, tmp_path: Path) -> None:
    (tmp_path / "p").write_text(admin("audit", "prove", incident.name, 1).out)
    assert admin("custody", "check-proof", tmp_path / "p", "--key", key).code == 0


def test_a_kept_checkpoint_is_shown_to_be_continued(
    admin: Keyboard, incident: Incident, key: Path, tmp_path: Path
) -> None:
    made = admin.json("audit", "checkpoint", incident.name, "--out", tmp_path / "kept")
    admin("incident", "note", incident.name, "more")
    admin("audit", "checkpoint", incident.name)
    admin("audit", "consistency", incident.name, made["entries"], "--out", tmp_path / "c")
    asked = admin.json("custody", "check-consistency", tmp_path / "kept", tmp_path / "c", "--key", key)
    assert asked["ok"]
    assert asked["entries"] > asked["older_entries"] == made["entries"]


def test_an_entry_that_nothing_covers_is_refused_with_the_way_on(admin: Keyboard, incident: Incident) -> None:
    refused = admin("audit", "prove", incident.name, 1)
    assert refused.code == 3
    assert "audit checkpoint" in refused.err


def test_verify_looks_at_what_was_signed_too(admin: Keyboard, incident: Incident, key: Path) -> None:
    [whole] = admin.json("audit", "verify", incident.name)
    assert (whole["checkpoints"], whole["signed_entries"]) == (1, whole["count"])
    Tile.objects.filter(chain__name=incident.name).update(hashes=b"\x00" * 32)
    [damaged] = admin.json("audit", "verify", incident.name, code=4)
    assert [problem["kind"] for problem in damaged["problems"]] == ["tile"]
    assert "タイル" in admin("audit", "verify", incident.name, "--lang", "ja").out


def test_damaged_tiles_are_made_again(admin: Keyboard, incident: Incident, key: Path) -> None:
    Tile.objects.filter(chain__name=incident.name).update(hashes=b"\x00" * 32)
    assert admin.json("audit", "rebuild", incident.name)["tiles_replaced"] == 1
    assert admin("audit", "verify", incident.name).code == 0


def test_who_may_not_read_a_chain_may_not_have_it_signed(responder: Keyboard, incident: Incident) -> None:
    for words in (["checkpoint"], ["checkpoints"], ["prove", "1"], ["consistency", "1"]):
        assert responder("audit", words[0], incident.name, *words[1:]).code == 3
    assert not Checkpoint.objects.exists()


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (["check-proof", SAMPLES / "entry-3.tlog-proof"], 0),
        (["check-consistency", SAMPLES / "older.checkpoint", SAMPLES / "continued.proof"], 0),
        (["check-consistency", SAMPLES / "entry-3.tlog-proof", SAMPLES / "continued.proof"], 5),
        (["check-proof", SAMPLES / "public.pem"], 5),
        (["check-proof", Path(__file__).parents[2] / "samples" / "evtx" / "nothing"], 1),
    ],
)
def test_proofs_of_last_year_are_still_read(keyboard: Keyboard, words: list[object], code: int) -> None:
    assert keyboard("custody", *words, "--key", SAMPLES / "public.pem").code == code


def test_what_is_no_key_is_said(keyboard: Keyboard) -> None:
    typed = keyboard("custody", "check-proof", SAMPLES / "entry-3.tlog-proof", "--key", SAMPLES / "older.checkpoint")
    assert typed.code == 3
    assert "openssl pkey" in typed.err


def test_every_heading_is_a_word(
    admin: Keyboard, incident: Incident, key: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = words_asked(monkeypatch)
    for words in (["checkpoint", incident.name], ["checkpoints", incident.name], ["verify", "--all"]):
        admin("audit", *words, "--lang", "ja")
    assert set(asked) <= set(TEXTS)
