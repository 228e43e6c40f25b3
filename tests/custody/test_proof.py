"""The proof of one entry stands alone: a file, a public key, and no flipped bit of it passes."""

from __future__ import annotations

import base64
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from hikeshi.custody.chain import EMPTY, Entry, seal_entry
from hikeshi.custody.checkpoint import Checkpoint, sign
from hikeshi.custody.merkle import extend, inclusion, leaf_hash, root
from hikeshi.custody.proof import check_proof, read_proof, write_proof
from hikeshi.custody.signing import FileSigner, make_key_file
from hikeshi.errors import Unreadable

ORIGIN = "hikeshi.0123456789abcdef/INC-2026-001"


@pytest.fixture
def signer(tmp_path: Path) -> FileSigner:
    make_key_file(tmp_path / "key.pem")
    return FileSigner(tmp_path / "key.pem")


def chain(length: int, name: str = "INC-2026-001") -> list[Entry]:
    entries: list[Entry] = []
    head = EMPTY
    for number in range(length):
        entries.append(
            seal_entry(
                head, chain=name, time=datetime(2026, 11, 6, 12, 0, number, tzinfo=UTC), actor="aoki", door="cli",
                verb="incident.note", object=name, data={"text": "隔離した", "number": number},
            )
        )  # fmt: skip
        head = entries[-1].head
    return entries


def proof_of(seq: int, entries: list[Entry], signer: FileSigner, origin: str = ORIGIN) -> str:
    tiles: dict[tuple[int, int], bytes] = {}
    read = lambda level, index: tiles.get((level, index), b"")  # noqa: E731
    for tile in extend(0, [leaf_hash(bytes.fromhex(entry.hash)) for entry in entries], read):
        tiles[tile.level, tile.index] = tile.hashes
    size = len(entries)
    note = sign(Checkpoint(origin, size, root(size, read)), [signer])
    return write_proof(entries[seq - 1], inclusion(seq - 1, size, read), note)


def holds(text: str, public: str) -> bool:
    try:
        return check_proof(read_proof(text), [public]).ok
    except Unreadable:
        return False


@pytest.mark.parametrize(("seq", "length"), [(1, 1), (1, 2), (2, 2), (3, 5), (5, 5), (7, 12)])
def test_every_entry_of_a_chain_can_be_proven(signer: FileSigner, seq: int, length: int) -> None:
    proven = check_proof(read_proof(proof_of(seq, chain(length), signer)), [signer.public])
    assert (proven.ok, proven.origin, proven.size, proven.problems) == (True, ORIGIN, length, ())


def test_every_flipped_bit_of_a_proof_is_found(signer: FileSigner) -> None:
    proof = proof_of(3, chain(5), signer).encode()
    assert holds(proof.decode(), signer.public)
    for bit in range(len(proof) * 8):
        damaged = bytearray(proof)
        damaged[bit // 8] ^= 1 << bit % 8
        assert not holds(damaged.decode(errors="replace"), signer.public), bit


def test_each_thing_that_is_wrong_is_said_in_both_languages(signer: FileSigner, tmp_path: Path) -> None:
    make_key_file(tmp_path / "other.pem")
    stranger = FileSigner(tmp_path / "other.pem")
    entries = chain(5)
    right = proof_of(3, entries, signer)
    elsewhere = proof_of(3, entries, signer, origin="hikeshi.0123456789abcdef/INC-2026-002")
    swapped = right.replace("index 2", "index 3")
    another = right.replace(right.split("\n")[1], proof_of(3, chain(5, "INC-2026-009"), signer).split("\n")[1])
    for text, key, expected in (
        (right, stranger, ["No signature"]),
        (elsewhere, signer, ["not of the chain"]),
        (swapped, signer, ["not of the chain", "do not lead"]),
        (another, signer, ["not of the chain", "do not lead"]),
    ):
        problems = check_proof(read_proof(text), [key.public]).problems
        assert len(problems) == len(expected)
        assert all(word in said.en and said.ja for word, said in zip(expected, problems, strict=True))


@pytest.mark.parametrize("damage", ["", "c2sp.org/tlog-proof@v1\n", "c2sp.org/tlog-proof@v1\nextra \nindex 0\n\n"])
def test_what_is_not_a_proof_is_unreadable(damage: str) -> None:
    with pytest.raises(Unreadable):
        read_proof(damage)


@given(st.text())
def test_foreign_text_is_unreadable_and_nothing_worse(text: str) -> None:
    with pytest.raises(Unreadable):
        read_proof(f"c2sp.org/tlog-proof@v1\n{text}")


@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_openssl_agrees_with_the_signature(signer: FileSigner, tmp_path: Path) -> None:
    """A stranger checks the note inside the proof with stock openssl alone."""
    note = proof_of(1, chain(2), signer).split("\n\n", 1)[1]
    text, _, line = note.partition("\n\n")
    (tmp_path / "text").write_text(text + "\n")
    (tmp_path / "public.pem").write_text(signer.public)
    (tmp_path / "signature").write_bytes(base64.b64decode(line.split(" ")[2])[4:])
    command = "openssl pkeyutl -verify -pubin -inkey public.pem -rawin -in text -sigfile signature"
    answer = subprocess.run(command.split(), cwd=tmp_path, capture_output=True, check=False)
    assert answer.returncode == 0, answer.stderr
