"""Signatures inside a CACAO document, checked (section 10.15 of CACAO 2.0, the JSON signature scheme of ITU-T X.590 over RFC 8785).

The document with this one signature in `signatures`, without its `value`, is canonicalised and hashed with `hash_algorithm`; the hash is what
`algorithm` (RFC 7518, RFC 8032) signs. Implementations differ in whether RS256 and the like hash that hash once more, or whether Ed25519
signs the canonical text itself: each of these binds the whole document to the key, so each is taken. Nothing is fetched from anywhere: a
key that does not come with the document is not understood.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal, NamedTuple

import rfc8785
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa, utils
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)
from cryptography.x509 import load_der_x509_certificate

from hikeshi.custody.signing import KEY_LIMIT
from hikeshi.errors import Refused
from hikeshi.playbooks.signatures import BLOCK

HASHES: Final[dict[str, Callable[[bytes], Any]]] = {
    "sha-256": hashlib.sha256, "sha-384": hashlib.sha384, "sha-512": hashlib.sha512,
}  # fmt: skip
SIZES: Final[dict[str, hashes.HashAlgorithm]] = {
    "256": hashes.SHA256(), "384": hashes.SHA384(), "512": hashes.SHA512(),
}  # fmt: skip
CURVES: Final = {"256": "secp256r1", "384": "secp384r1", "512": "secp521r1"}
MOST: Final = 20
"""Signatures of one document that are looked at."""

State = Literal["good", "bad", "not-understood"]


class Checked(NamedTuple):
    """What became of one signature. `key` is the SHA-256 of the public key (DER), in lower-case hex: whose it is, a person has to know.

    "bad": it was altered, is of another text, or does not count (any more); "not-understood": nothing can be said of it.
    """

    signature_id: str
    signee: str
    state: State
    key: str
    why: str

    @property
    def good(self) -> bool:
        return self.state == "good"


class _Wrong(Exception):
    """Why a signature is not good."""

    def __init__(self, state: State, why: str, key: str = "") -> None:
        super().__init__(why)
        self.state: State = state
        self.key = key


def check(document: Mapping[str, Any], *, at: datetime | None = None) -> list[Checked]:
    """Every signature of the document as it stands at that moment, or now."""
    given = document.get("signatures") or ()
    if not isinstance(given, Sequence) or isinstance(given, str):
        return [Checked("", "", "bad", "", "`signatures` is no list")]
    return [_checked(document, one, at or datetime.now(UTC)) for one in given[:MOST]]


def demand(document: Mapping[str, Any], keys: Iterable[str], *, at: datetime | None = None) -> list[Checked]:
    """As `check`, for a document that is to be taken in: no signature in it may be bad.

    With `keys` (public, PEM) one of them has to have signed it. Raises `Refused` naming what is wrong.
    """
    found, wanted = check(document, at=at), {_print(key) for key in map(_pem, keys)}
    if bad := next((one for one in found if one.state == "bad"), None):
        raise Refused(
            f"The signature of {bad.signee[:80] or 'somebody'} does not hold: {bad.why}.",
            hint="Get the document again from whoever signed it.",
        )
    if wanted and not any(one.good and one.key in wanted for one in found):
        said = "; ".join(one.why or f"signed by another key, {one.key[:12]}" for one in found)
        raise Refused(
            f"No key that you named has signed it: {said or 'it carries no signature'}.",
            hint="Get it from its author, signed.",
        )
    return found


def keys_in(paths: Iterable[Path]) -> list[str]:
    """The public keys of PEM files. Raises `Refused` for a file that holds none that can be read."""
    found: list[str] = []
    for path in paths:
        try:
            with path.open("rb") as stream:
                keys = BLOCK.findall(stream.read(KEY_LIMIT).decode("ascii", "replace"))
        except OSError as problem:
            raise Refused(f"The key {path} cannot be read: {problem.strerror}.", hint="Name a PEM file.") from problem
        if not keys:
            raise Refused(f"{path} holds no public key.", hint="A PEM with PUBLIC KEY is needed: openssl pkey -pubout.")
        found += keys
    return found


def _pem(text: str) -> Any:
    try:
        return load_pem_public_key(text.encode())
    except (ValueError, UnsupportedAlgorithm) as problem:
        raise Refused("A public key cannot be read.", hint="openssl pkey -pubout") from problem


def _print(key: Any) -> str:
    return hashlib.sha256(key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def _checked(document: Mapping[str, Any], signature: Any, at: datetime) -> Checked:
    if not isinstance(signature, dict):
        return Checked("", "", "bad", "", "it is no signature")
    who = (str(signature.get("id", "")), str(signature.get("signee", "")))
    try:
        return Checked(*who, "good", _proved(document, signature, at), "")
    except _Wrong as problem:
        return Checked(*who, problem.state, problem.key, str(problem))


def _proved(document: Mapping[str, Any], signature: Mapping[str, Any], at: datetime) -> str:
    """The fingerprint of the key that signed. Raises `_Wrong`."""
    key = _key_of(signature, at)
    name = _print(key)
    holds = _verifier(str(signature.get("algorithm", "")), key)
    make = HASHES.get(str(signature.get("hash_algorithm", "")).lower())
    if make is None:
        raise _Wrong("not-understood", "its hash algorithm is not understood", name)
    if (signature.get("related_to"), signature.get("related_version")) != (
        document.get("id"),
        document.get("modified"),
    ):
        raise _Wrong("bad", "it is of another playbook, or of another version", name)
    try:
        value = base64.urlsafe_b64decode(str(signature.get("value", "")) + "==")
        without = {part: one for part, one in signature.items() if part != "value"}
        text = rfc8785.dumps({**document, "signatures": [without]})
    except (ValueError, binascii.Error, rfc8785.CanonicalizationError):
        raise _Wrong("bad", "its value, or the document, cannot be read as it was signed", name) from None
    if not holds(value, text, make(text).digest()):
        raise _Wrong("bad", "the document was changed after it was signed, or another key signed it", name)
    _in_time(signature, at, name)
    return name


def _in_time(signature: Mapping[str, Any], at: datetime, name: str) -> None:
    if signature.get("revoked"):
        raise _Wrong("bad", "it was revoked by who made it", name)
    for field, wrong, said in (
        ("valid_from", -1, "it counts only from"),
        ("valid_until", 1, "it has counted only until"),
    ):
        if (written := signature.get(field)) is None:
            continue
        try:
            moment = datetime.fromisoformat(str(written))
        except ValueError:
            raise _Wrong("bad", f"its {field} is no time", name) from None
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        if (at - moment).total_seconds() * wrong > 0:
            raise _Wrong("bad", f"{said} {moment.isoformat()}", name)


def _key_of(signature: Mapping[str, Any], at: datetime) -> Any:
    chain = signature.get("public_cert_chain")
    try:
        if isinstance(signature.get("public_key"), str):
            return load_der_public_key(_der(signature["public_key"]))
        if isinstance(chain, list) and chain:
            first = load_der_x509_certificate(_der(str(chain[0])))
            if not first.not_valid_before_utc <= at <= first.not_valid_after_utc:
                raise _Wrong("bad", "the certificate of its key does not count at this time")
            return first.public_key()
    except (ValueError, binascii.Error, UnsupportedAlgorithm):
        raise _Wrong("bad", "its key cannot be read") from None
    raise _Wrong("not-understood", "its key does not come with the document")


def _der(text: str) -> bytes:
    """The bytes of a key or certificate in PEM, with or without its frame and line ends."""
    return base64.b64decode("".join(re.sub("-----[A-Z ]+-----", "", text).split()), validate=True)


Holds = Callable[[bytes, bytes, bytes], bool]
"""Whether a signature holds, given it, the canonical text, and the hash of that."""


def _verifier(algorithm: str, key: Any) -> Holds:
    """How this algorithm is checked with this key. Raises `_Wrong`."""
    if algorithm.lower() in {"ed25519", "eddsa"} and isinstance(key, ed25519.Ed25519PublicKey):
        return lambda value, text, digest: _any(lambda said: key.verify(value, said), digest, text)
    size = SIZES.get(algorithm[2:])
    if size is not None and algorithm[:2] in {"RS", "PS"} and isinstance(key, rsa.RSAPublicKey):
        pad = padding.PKCS1v15() if algorithm[:2] == "RS" else padding.PSS(padding.MGF1(size), size.digest_size)
        return lambda value, text, digest: _any(lambda said: key.verify(value, said, pad, size), digest, text)
    if size is not None and algorithm[:2] == "ES" and isinstance(key, ec.EllipticCurvePublicKey):
        if key.curve.name != CURVES[algorithm[2:]]:
            raise _Wrong("bad", "its key is of another curve than its algorithm", _print(key))
        how = ec.ECDSA(size)
        return lambda value, text, digest: _any(lambda said: key.verify(_ecdsa(value, key), said, how), digest, text)
    raise _Wrong("not-understood", f"its algorithm {algorithm[:20]!r} is not understood with this key", _print(key))


def _ecdsa(value: bytes, key: ec.EllipticCurvePublicKey) -> bytes:
    """RFC 7518 writes the two numbers one behind the other; X.509 as DER."""
    half = (key.curve.key_size + 7) // 8
    if len(value) != 2 * half:
        return value
    return utils.encode_dss_signature(int.from_bytes(value[:half], "big"), int.from_bytes(value[half:], "big"))


def _any(verify: Callable[[bytes], None], *messages: bytes) -> bool:
    for message in messages:
        try:
            verify(message)
        except (InvalidSignature, ValueError):
            continue
        return True
    return False
