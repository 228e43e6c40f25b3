"""Keys that sign checkpoints: what a signer is, and the one whose key is a file.

A signer's private key never leaves the place it lives in: a file, a cloud's key service, a token. One place, one file in this package;
the table of them is `SIGNERS`.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final, Literal, Protocol

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)

from hikeshi.errors import Failed, Refused

Algorithm = Literal["ed25519", "ecdsa-p256"]
KEY_LIMIT: Final = 64 * 1024
"""Bytes of a key file. A larger one is not a key."""


class Signer(Protocol):
    """Somebody who can sign. `public` is the SubjectPublicKeyInfo in PEM; `place` names where the private key is, never the key."""

    algorithm: Algorithm
    place: str
    public: str

    def sign(self, message: bytes) -> bytes:
        """64 bytes for Ed25519 (RFC 8032); ASN.1 DER over SHA-256 for ECDSA. Raises `Failed` when the key cannot be reached."""
        ...


class FileSigner:
    """An Ed25519 key in a PKCS #8 PEM file that only its owner may read."""

    algorithm: Algorithm = "ed25519"

    def __init__(self, path: Path, *, password: bytes | None = None) -> None:
        """Raises `Refused` for a file that is missing, readable by others, or holds another kind of key."""
        self.place = f"file:{path}"
        self._key = _load(path, password)
        self.public = self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


def make_key_file(path: Path, *, password: bytes | None = None) -> None:
    """Write a new Ed25519 key, readable by its owner only, under a passphrase if one is given. An existing file is never touched."""
    lock = BestAvailableEncryption(password) if password else NoEncryption()
    pem = ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o400)
    except OSError as error:
        raise Failed(f"The key {path} cannot be written: {error.strerror}.", hint="Check the folder.") from error
    with os.fdopen(descriptor, "wb") as stream:
        stream.write(pem)
        stream.flush()
        os.fsync(stream.fileno())


def fingerprint(public: str) -> str:
    """SHA-256 of the public key's DER, in lower-case hex: how a key is named wherever one is."""
    der = load_pem_public_key(public.encode()).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()


def is_sound(public: str, named: str) -> bool:
    """Whether `public` is the key whose fingerprint is `named`, in exactly the PEM that we write."""
    try:
        key = load_pem_public_key(public.encode())
    except (ValueError, UnsupportedAlgorithm):
        return False
    same = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode() == public
    return same and fingerprint(public) == named


def signature_holds(public: str, message: bytes, signature: bytes) -> bool:
    """Whether the owner of `public` signed `message`. Raises `Refused` for a key that is neither Ed25519 nor ECDSA P-256."""
    key = load_pem_public_key(public.encode())
    try:
        if isinstance(key, ed25519.Ed25519PublicKey):
            key.verify(signature, message)
        elif isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
            key.verify(signature, message, ec.ECDSA(hashes.SHA256()))
        else:
            raise Refused("The public key is neither Ed25519 nor ECDSA P-256.", hint="Use one of these two.")
    except InvalidSignature:
        return False
    return True


def checked(signer: Signer, message: bytes, signature: bytes) -> bytes:
    """The signature, if it is one of that key: a service or a token whose key was exchanged meanwhile must not be believed.

    Raises `Failed` otherwise.
    """
    if not signature_holds(signer.public, message, signature):
        raise Failed(
            f"What {signer.place} signed does not fit its public key.",
            hint="Was the key exchanged? `hikeshi audit keys`",
        )
    return signature


def _load(path: Path, password: bytes | None) -> ed25519.Ed25519PrivateKey:
    try:
        mode = path.stat().st_mode
        with path.open("rb") as file:
            content = file.read(KEY_LIMIT)
    except OSError as error:
        raise Refused(f"The key {path} cannot be read: {error.strerror}.", hint="`hikeshi init` makes one.") from error
    if mode & 0o077:
        raise Refused(f"Others may read the key {path}.", hint=f"chmod 400 {path}")
    try:
        # A passphrase that is set for another key must not shut out one that needs none.
        key = load_pem_private_key(content, password if b"ENCRYPTED" in content else None)
    except (TypeError, ValueError) as error:
        raise Refused(
            f"{path} is not a key that can be opened: {error}",
            hint="A PKCS #8 PEM is expected, with its passphrase if it has one.",
        ) from error
    if not isinstance(key, ed25519.Ed25519PrivateKey):
        raise Refused(f"{path} is not an Ed25519 key.", hint="openssl genpkey -algorithm ed25519")
    return key
