"""Signatures inside a CACAO document (section 10.15 and appendix A of CACAO 2.0, JSON signature scheme over RFC 8785 and RFC 8032).

What is signed is the SHA-256 of the canonical document that has this one signature in `signatures`, without its `value`. So each
signature stands by itself, and adding one leaves the others good. Only Ed25519 is made and checked; others are named as not understood.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import uuid
from collections.abc import Mapping
from copy import deepcopy
from datetime import datetime
from typing import Any, Final, NamedTuple

import rfc8785
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from hikeshi.custody.signing import Signer, fingerprint, signature_holds
from hikeshi.errors import Refused
from hikeshi.playbooks.cacao.names import stamp

FRAME: Final = "-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----"


class Checked(NamedTuple):
    """What became of one signature. `key` is the SHA-256 of the public key (DER), in lower-case hex: whose it is, a person has to know."""

    signature_id: str
    signee: str
    good: bool
    key: str
    why: str


def sign(document: Mapping[str, Any], signer: Signer, *, signee: str, at: datetime) -> dict[str, Any]:
    """The document with one more signature. Raises `Refused` for a key that is not Ed25519, `Failed` for one that cannot be reached."""
    if signer.algorithm != "ed25519":
        raise Refused(
            "A CACAO playbook is signed with an Ed25519 key here.", hint="`hikeshi audit make-key` makes one."
        )
    made: dict[str, Any] = {
        "type": "jss", "id": f"jss--{uuid.uuid4()}", "created": stamp(at), "modified": stamp(at), "signee": signee,
        "related_to": document["id"], "related_version": document["modified"], "hash_algorithm": "sha-256", "algorithm": "Ed25519",
        "public_key": "".join(line for line in signer.public.splitlines() if line not in FRAME),
    }  # fmt: skip
    made["value"] = base64.urlsafe_b64encode(signer.sign(_digest(document, made))).decode()
    return {**deepcopy(dict(document)), "signatures": [*document.get("signatures", ()), made]}


def check(document: Mapping[str, Any]) -> list[Checked]:
    """Every signature of the document, good or with the reason why not."""
    return [_checked(document, one) for one in document.get("signatures") or () if isinstance(one, dict)]


def _checked(document: Mapping[str, Any], signature: Mapping[str, Any]) -> Checked:
    who = (str(signature.get("id", "")), str(signature.get("signee", "")))
    if signature.get("algorithm") != "Ed25519" or signature.get("hash_algorithm") != "sha-256":
        return Checked(*who, good=False, key="", why="its algorithm is not understood: only Ed25519 over sha-256 is")
    try:
        der = base64.b64decode(str(signature.get("public_key", "")), validate=True)
        public = load_der_public_key(der).public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
        value = base64.urlsafe_b64decode(str(signature.get("value", "")) + "==")
    except (ValueError, binascii.Error, UnsupportedAlgorithm):
        return Checked(*who, good=False, key="", why="its key or its value cannot be read")
    key = fingerprint(public)
    if signature.get("related_to") != document.get("id") or signature.get("related_version") != document.get(
        "modified"
    ):
        return Checked(*who, good=False, key=key, why="it is of another playbook, or of another version")
    digest = _digest(document, {name: part for name, part in signature.items() if name != "value"})
    good = signature_holds(public, digest, value)
    return Checked(*who, good=good, key=key, why="" if good else "the document was changed after it was signed")


def _digest(document: Mapping[str, Any], signature: Mapping[str, Any]) -> bytes:
    return hashlib.sha256(rfc8785.dumps({**document, "signatures": [dict(signature)]})).digest()
