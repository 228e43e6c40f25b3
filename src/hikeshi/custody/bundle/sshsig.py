"""Signatures that `ssh-keygen -Y verify` accepts: OpenSSH's PROTOCOL.sshsig, for Ed25519 and ECDSA P-256 keys."""

from __future__ import annotations

import base64
import hashlib
import struct
from typing import Final

from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
    load_ssh_public_key,
)

from hikeshi.custody.signing import Signer, signature_holds

NAMESPACE: Final = "evidence"
"""What the signature is for: one made for a commit or a mail is not accepted for a bundle."""
MAGIC: Final = b"SSHSIG"
VERSION: Final = 1
HASH: Final = b"sha256"
WIDTH: Final = 70
"""Characters of a line of armour, as ssh-keygen writes it."""


def ssh_signature(signer: Signer, message: bytes) -> bytes:
    """The armoured signature of `message`. Raises what `signer.sign` raises."""
    signature = signer.sign(_signed(message))
    kind, public = _public(signer.public)
    if signer.algorithm == "ecdsa-p256":
        signature = b"".join(_string(_mpint(number)) for number in decode_dss_signature(signature))
    blob = MAGIC + struct.pack(">I", VERSION) + _string(public) + HEADER + _string(_string(kind) + _string(signature))
    return armoured(blob)


def ssh_signature_holds(signers: bytes, identity: str, message: bytes, armour: bytes) -> bool:
    """Whether `armour` is a signature of `message` by the one key of an allowed_signers file, as `allowed_signer` writes it.

    Raises ValueError for a file or an armour that is not of that form.
    """
    kind, encoded = signers.split()[-2:]
    key = load_ssh_public_key(kind + b" " + encoded).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    if signers.decode() != allowed_signer(identity, key.decode()):
        return False
    start = MAGIC + struct.pack(">I", VERSION) + _string(base64.b64decode(encoded)) + HEADER
    blob = base64.b64decode(b"".join(armour.split(b"\n")[1:-2]))
    if not blob.startswith(start):
        return False
    (whole,) = _strings(blob[len(start) :], 1)
    named, signature = _strings(whole, 2)
    if kind.startswith(b"ecdsa"):
        r, s = (int.from_bytes(number, "big") for number in _strings(signature, 2))
        signature = encode_dss_signature(r, s)
    return named == kind and signature_holds(key.decode(), _signed(message), signature)


def armoured(blob: bytes) -> bytes:
    text = base64.b64encode(blob).decode()
    lines = [text[at : at + WIDTH] for at in range(0, len(text), WIDTH)]
    return "\n".join(["-----BEGIN SSH SIGNATURE-----", *lines, "-----END SSH SIGNATURE-----", ""]).encode()


def allowed_signer(identity: str, public: str) -> str:
    """The line of an allowed_signers file that accepts this key (PEM) for `identity`, and for nothing but evidence."""
    key = load_pem_public_key(public.encode()).public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
    return f'{identity} namespaces="{NAMESPACE}" {key}\n'


def _public(pem: str) -> tuple[bytes, bytes]:
    """The name of the key's kind and the key itself, as SSH writes them."""
    kind, encoded = load_pem_public_key(pem.encode()).public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).split(b" ")
    return kind, base64.b64decode(encoded)


def _signed(message: bytes) -> bytes:
    """What is signed in place of the message."""
    return MAGIC + HEADER + _string(hashlib.sha256(message).digest())


def _strings(content: bytes, count: int) -> list[bytes]:
    """Exactly `count` strings with their lengths before them, and nothing after. Raises ValueError otherwise."""
    found = []
    for _ in range(count):
        (length,) = struct.unpack(">I", content[:4]) if len(content) >= 4 else (len(content),)
        if len(content) < 4 + length:
            raise ValueError("a signature that is cut off")
        found.append(content[4 : 4 + length])
        content = content[4 + length :]
    if content:
        raise ValueError("a signature with something behind it")
    return found


def _string(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content


def _mpint(number: int) -> bytes:
    """RFC 4251 section 5: two's complement, big-endian, so a set highest bit asks for a zero byte before it."""
    return number.to_bytes(number.bit_length() // 8 + 1, "big")


HEADER: Final = _string(NAMESPACE.encode()) + _string(b"") + _string(HASH)
"""Namespace, a field reserved by the format, hash."""
