"""Whoever changes a bundle is found: every bit of what proves it, samples of what is proven, files taken away, added or exchanged."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path

import pytest

from bundles import folder_of, small_contents
from hikeshi.custody.bundle import stand_alone
from hikeshi.custody.bundle.checking import Library, check
from hikeshi.custody.bundle.opening import opened
from hikeshi.custody.bundle.stand_alone import (
    BROKEN,
    MISMATCH,
    Bundle,
    Finding,
    check_checkpoints,
    check_ledger,
    check_proofs,
    verify,
)
from hikeshi.errors import Refused, Unreadable

PROVING = (
    "MANIFEST.sha256", "MANIFEST.sig", "MANIFEST.sha256.sig", "manifest.json", "allowed_signers", "ledger/*.jsonl",
    "checkpoints/*/0001-*.note", "proofs/*/1.tlog-proof",
)  # fmt: skip


def flips(content: bytes) -> Iterator[bytes]:
    for at in range(len(content)):
        for bit in range(8):
            yield content[:at] + bytes([content[at] ^ 1 << bit]) + content[at + 1 :]


class Kept:
    """A bundle in memory, with one file that can be changed."""

    def __init__(self, folder: Path, pattern: str) -> None:
        self.files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        (found,) = folder.glob(pattern)
        self.name, self.content = str(found.relative_to(folder)), found.read_bytes()

    def bundle(self, changed: bytes) -> Bundle:
        files = {**self.files, self.name: changed}
        return Bundle(list(files), lambda name: BytesIO(files[name]))


def differs(findings: Iterator[Finding]) -> bool:
    """Whether anything is found; the first is enough."""
    return any(one.outcome == MISMATCH for one in findings)


@pytest.mark.parametrize("pattern", PROVING)
def test_every_bit_of_what_proves_it_is_found(folder: Path, pattern: str) -> None:
    kept = Kept(folder, pattern)
    assert not differs(verify(kept.bundle(kept.content), Library()))
    for changed in flips(kept.content):
        assert differs(verify(kept.bundle(changed), Library())), changed


ALONE: dict[str, Callable[[Bundle], Iterator[Finding]]] = {
    "ledger/*.jsonl": check_ledger,
    "checkpoints/*/0002-*.note": lambda bundle: check_checkpoints(bundle, Library()),
    "proofs/*/3.tlog-proof": check_proofs,
}


@pytest.mark.parametrize("pattern", ALONE)
def test_every_bit_is_found_by_the_record_alone(folder: Path, pattern: str) -> None:
    """As if somebody had made the hashes and signatures of the files anew after the change."""
    kept = Kept(folder, pattern)
    genuine = kept.bundle(kept.content)
    genuine.manifest = stand_alone.parsed(kept.files["manifest.json"])
    assert not differs(check_ledger(genuine))

    def found(changed: bytes) -> bool:
        altered = kept.bundle(changed)
        altered.manifest, altered.roots, altered.entry_hashes = genuine.manifest, genuine.roots, genuine.entry_hashes
        try:
            return differs(ALONE[pattern](altered))
        except BROKEN:  # told as a difference by `verify`
            return True

    assert not found(kept.content)
    for changed in flips(kept.content):
        assert found(changed), changed


def test_a_changed_bit_anywhere_is_found_by_both_verifiers(folder: Path) -> None:
    chance = random.Random(5)
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            kept = path.read_bytes()
            content = bytearray(kept)
            content[chance.randrange(len(content))] ^= 1 << chance.randrange(8)
            path.chmod(0o644)
            path.write_bytes(bytes(content))
            assert stand_alone.main([str(folder)]) == 4, path
            assert check(folder).outcome == "mismatch", path
            path.write_bytes(kept)
    assert check(folder).outcome == "match"


def test_a_file_taken_away_or_added_is_found(folder: Path, tmp_path: Path) -> None:
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            path.rename(tmp_path / "aside")
            assert check(folder).outcome == "mismatch", path
            (tmp_path / "aside").rename(path)
    (folder / "extra.txt").write_text("planted")
    assert [one.place for one in check(folder).findings if one.outcome == "mismatch"] == ["extra.txt"]


def test_a_whole_forgery_by_another_key_is_found_by_the_fingerprint(folder: Path, tmp_path: Path) -> None:
    known = str(stand_alone.parsed((folder / "manifest.json").read_bytes())["signed_by"])
    (tmp_path / "forger").mkdir()
    forged = folder_of(small_contents(tmp_path / "forger"), tmp_path / "forged")
    assert check(forged).outcome == "match"
    assert check(folder, key=known).outcome == "match"
    assert check(forged, key=known).outcome == "mismatch"


def test_no_flip_of_the_zip_passes_with_other_contents(zipped: Path, tmp_path: Path) -> None:
    """The frame of a zip has bits that mean nothing; what is in it has none."""
    chance, content = random.Random(7), zipped.read_bytes()
    changed = tmp_path / "changed.zip"
    for _ in range(100):
        at = chance.randrange(len(content))
        changed.write_bytes(content[:at] + bytes([content[at] ^ 1 << chance.randrange(8)]) + content[at + 1 :])
        assert _found(changed) or _same(zipped, changed), at


def _found(path: Path) -> bool:
    try:
        return check(path).outcome == "mismatch"
    except (Refused, Unreadable):
        return True


def _same(one: Path, other: Path) -> bool:
    with opened(one) as left, opened(other) as right:
        return left.names == right.names and all(left.document(name) == right.document(name) for name in left.names)
