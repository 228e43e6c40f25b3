"""Time stamps in a bundle, by a real authority: accepted by openssl as VERIFY.md says, and by both verifiers; lies and losses are told."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from bundles import CHAIN, folder_of
from custody.bundle.conftest import needs
from custody.bundle.test_stock_tools import told, typed
from hikeshi.custody.bundle import stand_alone
from hikeshi.custody.bundle.checking import check
from hikeshi.custody.bundle.contents import Contents, Signed
from tsa import Tsa

pytestmark = needs("openssl", "bash", "sha256sum", "ssh-keygen")
STAMP = f"timestamps/{CHAIN}/0001-1.1.tsr"


@pytest.fixture
def tsa(tmp_path: Path) -> Iterator[Tsa]:
    (tmp_path / "authority").mkdir()
    with Tsa(tmp_path / "authority") as running:
        yield running


@pytest.fixture
def stamped(contents: Contents, tsa: Tsa) -> Contents:
    """The first checkpoint and the manifest have a stamp."""
    (excerpt,) = contents.ledger
    first, *rest = excerpt.checkpoints
    excerpt = msgspec.structs.replace(
        excerpt, checkpoints=[Signed(first.note, [tsa.reply_to(first.note.encode())]), *rest]
    )
    roots = tsa.root.pem.read_text()
    return msgspec.structs.replace(contents, ledger=[excerpt], roots=roots, stamp=tsa.reply_to)


def outcomes(folder: Path) -> dict[str, str]:
    return {one.place: one.outcome for one in check(folder).findings}


def test_stamps_are_accepted_by_openssl_and_both_verifiers(stamped: Contents, tmp_path: Path) -> None:
    folder = folder_of(stamped, tmp_path / "b")
    commands = "\n".join(told(folder))
    assert commands.count("openssl ts -verify") == 2
    done = typed(folder, commands)
    assert done.returncode == 0, done.stderr
    assert (check(folder).outcome, stand_alone.main([str(folder)])) == ("match", 0)


def test_a_stamp_of_other_bytes_is_a_difference(stamped: Contents, tsa: Tsa, tmp_path: Path) -> None:
    lying = msgspec.structs.replace(stamped, stamp=lambda _manifest: tsa.reply_to(b"something else"))
    folder = folder_of(lying, tmp_path / "b")
    assert outcomes(folder)["MANIFEST.tsr"] == "mismatch"
    assert stand_alone.main([str(folder)]) == 4


def test_a_stamp_by_an_unknown_authority_is_a_difference(stamped: Contents, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    with Tsa(tmp_path / "other", "other") as other:
        folder = folder_of(msgspec.structs.replace(stamped, roots=other.root.pem.read_text()), tmp_path / "b")
    assert outcomes(folder)[STAMP] == "mismatch"
    assert stand_alone.main([str(folder)]) == 4


def test_an_authority_that_did_not_answer_leaves_something_unchecked(stamped: Contents, tmp_path: Path) -> None:
    folder = folder_of(msgspec.structs.replace(stamped, stamp=lambda _manifest: b""), tmp_path / "b")
    assert outcomes(folder)["MANIFEST.tsr"] == "could-not-check"
    assert (check(folder).outcome, stand_alone.main([str(folder)])) == ("could-not-check", 1)


def test_a_stamp_taken_away_is_found(stamped: Contents, tmp_path: Path) -> None:
    folder = folder_of(stamped, tmp_path / "b")
    (folder / STAMP).unlink()
    assert check(folder).outcome == "mismatch"
