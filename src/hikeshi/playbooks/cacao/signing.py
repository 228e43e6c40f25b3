"""Signatures inside a CACAO document (section 10.15 and appendix A of CACAO 2.0, JSON signature scheme over RFC 8785 and RFC 8032).

What is signed is the SHA-256 of the canonical document that has this one signature in `signatures`, without its `value`. So each
signature stands by itself, and adding one leaves the others good. Only Ed25519 is made; what is checked is in `verifying.py`.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Mapping
from copy import deepcopy
from datetime import datetime
from typing import Any, Final

import rfc8785

from hikeshi.custody.signing import Signer
from hikeshi.errors import Refused
from hikeshi.playbooks.cacao.names import stamp

FRAME: Final = "-----BEGIN PUBLIC KEY-----", "-----END PUBLIC KEY-----"


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


def _digest(document: Mapping[str, Any], signature: Mapping[str, Any]) -> bytes:
    return hashlib.sha256(rfc8785.dumps({**document, "signatures": [dict(signature)]})).digest()
