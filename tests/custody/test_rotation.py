"""From a key that is known to the one that signs now, by statements that openssl checks too."""

from __future__ import annotations

import base64
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from hikeshi.custody.rotation import Rotation, check, follow, read_rotation, rotate
from hikeshi.custody.signing import FileSigner, make_key_file
from hikeshi.errors import Refused, Unreadable

NOW = datetime(2026, 11, 27, tzinfo=UTC)


@pytest.fixture
def signers(tmp_path: Path) -> list[FileSigner]:
    for name in "abc":
        make_key_file(tmp_path / name)
    return [FileSigner(tmp_path / name) for name in "abc"]


def test_a_known_key_leads_to_the_newest(signers: list[FileSigner]) -> None:
    first, second, third = signers
    steps = [rotate(first, first.public, second, time=NOW), rotate(second, second.public, third, time=NOW)]
    assert follow(first.public, steps) == (first.public, second.public, third.public)
    assert follow(second.public, steps) == (second.public, third.public)
    assert follow(first.public, steps[1:]) == (first.public,)


def test_openssl_checks_the_statement_with_the_old_key(signers: list[FileSigner], tmp_path: Path) -> None:
    made = rotate(signers[0], signers[0].public, signers[1], time=NOW)
    (tmp_path / "statement").write_text(made.statement)
    (tmp_path / "signature").write_bytes(base64.b64decode(made.by_old))
    (tmp_path / "old.pub").write_text(signers[0].public)
    words = ["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", "old.pub", "-in", "statement"]
    done = subprocess.run([*words, "-sigfile", "signature"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "Signature Verified Successfully" in done.stdout


def test_a_lost_key_did_not_sign_and_nobody_can_follow(signers: list[FileSigner]) -> None:
    made = rotate(None, signers[0].public, signers[1], time=NOW)
    with pytest.raises(Refused, match="was lost"):
        check(made)
    assert follow(signers[0].public, [made]) == (signers[0].public,)


def test_a_thief_cannot_hand_over_for_another_key(signers: list[FileSigner]) -> None:
    first, thief, third = signers
    made = rotate(thief, first.public, third, time=NOW)
    with pytest.raises(Refused, match="not signed by both"):
        check(made)


def test_a_key_does_not_follow_itself(signers: list[FileSigner]) -> None:
    with pytest.raises(Refused, match="signs already"):
        rotate(signers[0], signers[0].public, signers[0], time=NOW)


def test_every_changed_letter_of_a_statement_is_found(signers: list[FileSigner]) -> None:
    made = rotate(signers[0], signers[0].public, signers[1], time=NOW)
    for place, letter in enumerate(made.statement):
        changed = made.statement[:place] + chr(ord(letter) ^ 1) + made.statement[place + 1 :]
        with pytest.raises((Refused, Unreadable)):
            check(msgspec.structs.replace(made, statement=changed))


@pytest.mark.parametrize("data", [{}, {"statement": 1, "by_old": "", "by_new": ""}])
def test_an_entry_that_is_none_is_unreadable(data: dict[str, object]) -> None:
    with pytest.raises(Unreadable):
        read_rotation(data)
    with pytest.raises(Unreadable):
        check(Rotation(statement="{}", by_old="", by_new=""))
