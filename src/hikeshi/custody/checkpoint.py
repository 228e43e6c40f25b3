"""Signed checkpoints: the root of a chain's tree at one size, as a note that strangers' tools read too.

The form is that of C2SP tlog-checkpoint (https://c2sp.org/tlog-checkpoint) in a C2SP signed note (https://c2sp.org/signed-note):

    hikeshi.0123456789abcdef/INC-2026-001     origin: whose chain this is, the name of every key that signs for it
    42                                        size: entries under the root
    CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=    root: base64 of 32 bytes

    — hikeshi.0123456789abcdef/INC-2026-001 Az3grlgt...    base64 of 4 bytes that name the key, and the signature over the text above

A note may bear several signatures: when keys change, the old and the new one sign. What is not exactly in this form is unreadable.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Sequence
from typing import Final

import msgspec
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from hikeshi.custody.merkle import HASH
from hikeshi.custody.signing import Signer, fingerprint, signature_holds
from hikeshi.errors import Refused, Unreadable

NOTE_LIMIT: Final = 64 * 1024
"""Bytes of one note. The specification asks for room for 16 signatures."""

DASH: Final = "\u2014"
NUMBER: Final = re.compile(r"0|[1-9][0-9]{0,17}", re.ASCII)
KEY_ID: Final = 4


class Signature(msgspec.Struct, frozen=True):
    """One signature line. `key_id` is 4 bytes; what `signature` is depends on the key."""

    name: str
    key_id: bytes
    signature: bytes


class Note(msgspec.Struct, frozen=True):
    """A note taken apart. `text` ends with a newline and is what was signed; nothing is said yet of whether it was."""

    text: str
    signatures: tuple[Signature, ...]


class Checkpoint(msgspec.Struct, frozen=True):
    """What a note says. `root` is 32 bytes; `extensions` are lines we neither write nor understand."""

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()


class Signed(msgspec.Struct, frozen=True):
    """Who signed a note: `by` are fingerprints of known keys whose signature holds, `false` of those whose does not.

    `unknown` counts the lines of keys nobody gave us: other people's may be ignored, on a note of our own there are none.
    """

    by: tuple[str, ...]
    false: tuple[str, ...]
    unknown: int


def write_text(checkpoint: Checkpoint) -> str:
    """The text to be signed. Raises `Refused` for a name that has no place in a note."""
    if not _is_name(checkpoint.origin) or len(checkpoint.root) != HASH or checkpoint.size < 0:
        raise Refused(
            f"{checkpoint.origin!r} at {checkpoint.size} cannot be written as a checkpoint.",
            hint="A chain's name has no spaces and no plus sign.",
        )
    return f"{checkpoint.origin}\n{checkpoint.size}\n{to_base64(checkpoint.root)}\n"


def sign(checkpoint: Checkpoint, signers: Sequence[Signer]) -> str:
    """The whole note, signed by every one of `signers`. Raises `Failed` when a key cannot be reached."""
    text = write_text(checkpoint)
    lines = [_signature_line(checkpoint.origin, signer, text) for signer in signers]
    return f"{text}\n{''.join(lines)}"


def key_id(name: str, public: str) -> bytes:
    """The four bytes that name a key (PEM) in signature lines, as signed-note has them for Ed25519 (0x01) and ECDSA (0x02).

    For ECDSA the specification names the key by its own hash alone.
    """
    key = load_pem_public_key(public.encode())
    if isinstance(key, ed25519.Ed25519PublicKey):
        said = name.encode() + b"\n\x01" + key.public_bytes(Encoding.Raw, PublicFormat.Raw)
    else:
        said = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(said).digest()[:KEY_ID]


def read_note(note: str, *, source: str = "checkpoint") -> Note:
    """Take a note apart. Raises `Unreadable` for anything but exactly the form, whoever signed it."""
    if len(note.encode(errors="surrogatepass")) > NOTE_LIMIT:
        raise Unreadable(f"the note is longer than {NOTE_LIMIT} bytes", source=source)
    if any(ord(sign) < 0x20 and sign != "\n" for sign in note):
        raise Unreadable("the note holds a control character", source=source)
    body, gap, signed = note.rpartition("\n\n")
    if not gap or not signed.endswith("\n"):
        raise Unreadable("the note has no blank line before its signatures, or no newline at its end", source=source)
    lines = signed[:-1].split("\n")
    return Note(f"{body}\n", tuple(_read_signature(line, source, number) for number, line in enumerate(lines, 1)))


def read_text(text: str, *, source: str = "checkpoint") -> Checkpoint:
    """What the text of a note says. Raises `Unreadable` for anything but exactly a checkpoint."""
    lines = text.removesuffix("\n").split("\n")
    if not text.endswith("\n") or len(lines) < 3 or not all(lines) or not _is_name(lines[0]):
        raise Unreadable("the text is not three lines and a newline, or names no origin", source=source)
    origin, size, root, *extensions = lines
    if not NUMBER.fullmatch(size):
        raise Unreadable(f"{size[:40]!r} is not a size", source=source, place="line 2")
    decoded = from_base64(root, source=source, place="line 3", length=HASH)
    return Checkpoint(origin, int(size), decoded, tuple(extensions))


def who_signed(note: Note, name: str, publics: Iterable[str]) -> Signed:
    """Which of the keys `publics` (PEM) signed under `name`. A line counts for a key only where name and key id both match."""
    known = {(name, key_id(name, public)): public for public in publics}
    by: list[str] = []
    false: list[str] = []
    for line in note.signatures:
        public = known.get((line.name, line.key_id))
        if public is not None:
            holds = signature_holds(public, note.text.encode(), line.signature)
            (by if holds else false).append(fingerprint(public))
    return Signed(tuple(by), tuple(false), len(note.signatures) - len(by) - len(false))


def to_base64(data: bytes) -> str:
    return base64.b64encode(data).decode()


def from_base64(text: str, *, source: str, place: str = "", length: int = 0) -> bytes:
    """Bytes of base64 in its one canonical form (RFC 4648, section 4), `length` of them where it is given, or `Unreadable`."""
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Unreadable(f"not base64: {error}", source=source, place=place) from error
    if to_base64(data) != text:  # spare bits at the end would let one value be written in several ways
        raise Unreadable("not canonical base64", source=source, place=place)
    if length and len(data) != length:
        raise Unreadable(f"{len(data)} bytes instead of {length}", source=source, place=place)
    return data


def _signature_line(name: str, signer: Signer, text: str) -> str:
    signature = signer.sign(text.encode())
    return f"{DASH} {name} {to_base64(key_id(name, signer.public) + signature)}\n"


def _read_signature(line: str, source: str, number: int) -> Signature:
    place = f"signature {number}"
    parts = line.split(" ")
    if len(parts) != 3 or parts[0] != DASH or not _is_name(parts[1]):
        raise Unreadable("not a signature line", source=source, place=place)
    name, data = parts[1], from_base64(parts[2], source=source, place=place)
    if len(data) <= KEY_ID:
        raise Unreadable("the signature is empty", source=source, place=place)
    return Signature(name, data[:KEY_ID], data[KEY_ID:])


def _is_name(text: str) -> bool:
    return bool(text) and "+" not in text and not any(sign.isspace() or ord(sign) < 0x20 for sign in text)
