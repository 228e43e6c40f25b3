"""A change of keys that a stranger can follow: a statement naming both keys, signed by the old one and by the new one.

The statement is canonical JSON and is kept as text, so that it can be checked with nothing of ours (Ed25519; ECDSA: `openssl dgst`):

    openssl pkeyutl -verify -rawin -pubin -inkey old.pub -in statement -sigfile by-old.sig

Whoever trusts one key follows the statements from it to the key that signs now.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm

from hikeshi.custody.canonical import canonical
from hikeshi.custody.chain import timestamp
from hikeshi.custody.signing import Signer, fingerprint, signature_holds
from hikeshi.errors import Refused, Unreadable

FORMAT: Final = "hikeshi-key-rotation-1"


class Statement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """`old` and `new` are fingerprints, the other two PEM; `time` is RFC 3339 UTC."""

    format: str
    old: str
    old_public: str
    new: str
    new_public: str
    time: str


class Rotation(msgspec.Struct, frozen=True, kw_only=True):
    """A statement (its text, as signed) and its two signatures in base64. `by_old` is empty where the old key was lost."""

    statement: str
    by_old: str
    by_new: str


def rotate(old: Signer | None, old_public: str, new: Signer, *, time: datetime) -> Rotation:
    """State that `new` follows the key `old_public`; `old` is None where it is lost and cannot sign. Raises `Failed` as signers do."""
    said = Statement(
        format=FORMAT, old=fingerprint(old_public), old_public=old_public, new=fingerprint(new.public),
        new_public=new.public, time=timestamp(time),
    )  # fmt: skip
    if said.old == said.new:
        raise Refused("The new key is the one that signs already.", hint="Name another key.")
    text = canonical(msgspec.to_builtins(said), name="statement")
    by_old = _base64(old.sign(text)) if old else ""
    return Rotation(statement=text.decode(), by_old=by_old, by_new=_base64(new.sign(text)))


def read_rotation(data: Mapping[str, Any]) -> Rotation:
    """The rotation in the data of a ledger entry `key.rotate`. Raises `Unreadable`."""
    try:
        return msgspec.convert({name: data.get(name) for name in Rotation.__struct_fields__}, Rotation)
    except msgspec.ValidationError as error:
        raise Unreadable(f"not a change of keys: {error}", source="key.rotate") from error


def check(rotation: Rotation) -> Statement:
    """What the rotation says, after both signatures were checked. Raises `Unreadable` or `Refused` with the reason."""
    try:
        said = msgspec.json.decode(rotation.statement, type=Statement)
        named = (fingerprint(said.old_public), fingerprint(said.new_public)) == (said.old, said.new)
        by_old, by_new = (base64.b64decode(one, validate=True) for one in (rotation.by_old, rotation.by_new))
    except (msgspec.MsgspecError, ValueError, UnsupportedAlgorithm) as error:
        raise Unreadable(f"not a change of keys: {error}", source="key.rotate") from error
    text = rotation.statement.encode()
    if said.format != FORMAT or not named:
        raise Refused("The statement does not name its keys rightly.", hint="Do not follow it.")
    if not by_old:
        raise Refused(
            f"The old key {said.old[:16]} did not sign: it was lost.",
            hint="Its reason is in the ledger; ask the owner for the new key's fingerprint by another way.",
        )
    if not (signature_holds(said.old_public, text, by_old) and signature_holds(said.new_public, text, by_new)):
        raise Refused("The statement is not signed by both keys.", hint="Do not follow it.")
    return said


def follow(public: str, rotations: Iterable[Rotation]) -> tuple[str, ...]:
    """The keys (PEM) that `public` leads to, itself first, by rotations in the order of the ledger. One that does not hold ends it."""
    trusted = [public]
    for rotation in rotations:
        try:
            said = check(rotation)
        except (Refused, Unreadable):
            continue
        if said.old == fingerprint(trusted[-1]):
            trusted.append(said.new_public)
    return tuple(trusted)


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
