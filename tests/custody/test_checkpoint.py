"""Checkpoints as signed notes: what strangers wrote is read, what is not exactly a note is not, and no flipped bit passes."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, strategies as st

from hikeshi.custody.checkpoint import Checkpoint, key_id, read_note, read_text, sign, who_signed, write_text
from hikeshi.custody.signing import Algorithm, FileSigner, fingerprint, make_key_file
from hikeshi.errors import Refused, Unreadable

ORIGIN = "hikeshi.0123456789abcdef/INC-2026-001"
HERE = Checkpoint(ORIGIN, 42, bytes(range(32)))

PUBLISHED = """example.com/behind-the-sofa
20852163
CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=

— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=
"""
"""The example of tlog-checkpoint."""


class EcdsaSigner:
    """A P-256 key in memory, as a token or a cloud's key service signs."""

    algorithm: Algorithm = "ecdsa-p256"
    place = "memory"

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.public = self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message, ec.ECDSA(hashes.SHA256()))


@pytest.fixture
def signer(tmp_path: Path) -> FileSigner:
    make_key_file(tmp_path / "key.pem")
    return FileSigner(tmp_path / "key.pem")


def holds(note: str, *publics: str) -> bool:
    """As a careful reader decides: a known key signed exactly this, and nobody else wrote in it."""
    try:
        parts = read_note(note)
        told = read_text(parts.text)
    except Unreadable:
        return False
    signed = who_signed(parts, ORIGIN, publics)
    return told == HERE and bool(signed.by) and not signed.false and not signed.unknown


def test_the_published_example_is_read() -> None:
    told = read_text(read_note(PUBLISHED).text)
    assert (told.origin, told.size, told.root.hex()[:8]) == ("example.com/behind-the-sofa", 20852163, "0ac5186a")
    assert write_text(told) == read_note(PUBLISHED).text


def test_the_key_is_named_as_the_specification_says(signer: FileSigner) -> None:
    note = sign(HERE, [signer])
    public = signer._key.public_key()
    said = hashlib.sha256(ORIGIN.encode() + b"\n\x01" + public.public_bytes_raw()).digest()[:4]
    line = note.rstrip("\n").split("\n")[-1]
    assert line.startswith(f"— {ORIGIN} ")
    coded = base64.b64decode(line.split(" ")[2])
    assert coded[:4] == said
    public.verify(coded[4:], note.split("\n\n")[0].encode() + b"\n")


def test_both_kinds_of_keys_sign_one_note(signer: FileSigner) -> None:
    other = EcdsaSigner()
    note = read_note(sign(HERE, [signer, other]))
    assert who_signed(note, ORIGIN, [signer.public, other.public]).by == tuple(
        map(fingerprint, [signer.public, other.public])
    )
    assert key_id(ORIGIN, other.public) == bytes.fromhex(fingerprint(other.public))[:4]


def test_unknown_signatures_are_counted_and_do_not_disturb(signer: FileSigner) -> None:
    note = read_note(sign(HERE, [signer, EcdsaSigner()]))
    signed = who_signed(note, ORIGIN, [signer.public])
    assert (len(signed.by), signed.false, signed.unknown) == (1, (), 1)


def test_a_strangers_key_signs_nothing(signer: FileSigner, tmp_path: Path) -> None:
    make_key_file(tmp_path / "other.pem")
    note = sign(HERE, [FileSigner(tmp_path / "other.pem")])
    assert not holds(note, signer.public)


def test_every_flipped_bit_of_a_note_is_found(signer: FileSigner) -> None:
    note = sign(HERE, [signer]).encode()
    assert holds(note.decode(), signer.public)
    for bit in range(len(note) * 8):
        damaged = bytearray(note)
        damaged[bit // 8] ^= 1 << bit % 8
        try:
            text = damaged.decode()
        except UnicodeDecodeError:
            continue
        assert not holds(text, signer.public), bit


def test_every_flipped_bit_of_a_note_of_two_keys_is_found(signer: FileSigner) -> None:
    other = EcdsaSigner()
    note = sign(HERE, [signer, other]).encode()
    for bit in range(len(note) * 8):
        damaged = bytearray(note)
        damaged[bit // 8] ^= 1 << bit % 8
        assert not holds(damaged.decode(errors="replace"), signer.public, other.public), bit


@pytest.mark.parametrize(
    "note",
    [
        "",
        PUBLISHED[:-1],
        PUBLISHED.replace("\n\n", "\n"),
        PUBLISHED.replace("20852163", "020852163"),
        PUBLISHED.replace("20852163", "-1"),
        PUBLISHED.replace("20852163", "２０"),
        PUBLISHED.replace("q2I=", "q2J="),
        PUBLISHED.replace("CsUY", "CsU\t"),
        PUBLISHED.replace("CsUY", ""),
        PUBLISHED.replace("— ", "- "),
        PUBLISHED.replace("sofa Az", "sofa  Az"),
        PUBLISHED.replace("sofa\n", "so fa\n", 1),
        PUBLISHED.replace("\n", "\r\n"),
        PUBLISHED + "\n",
        PUBLISHED * 1000,
    ],
)
def test_what_is_not_exactly_a_checkpoint_is_unreadable(note: str) -> None:
    with pytest.raises(Unreadable):
        read_text(read_note(note).text)


@given(st.text())
def test_foreign_text_is_unreadable_and_nothing_worse(text: str) -> None:
    for read in (read_note, read_text):
        try:
            read(text)
        except Unreadable:
            continue


def test_lines_we_do_not_know_are_kept() -> None:
    assert read_text(write_text(HERE) + "more\n").extensions == ("more",)


@pytest.mark.parametrize("origin", ["", "two words", "a+b", "a\nb", "full　width"])
def test_a_name_without_a_place_in_notes_is_refused(origin: str) -> None:
    with pytest.raises(Refused):
        write_text(Checkpoint(origin, 1, bytes(32)))
