"""Detached signatures of playbook files: `NAME.yaml.sig` holds the bare signature over the bytes of `NAME.yaml`.

Nothing of ours is needed to check one:

    openssl pkeyutl -verify -pubin -inkey key.pub -rawin -in NAME.yaml -sigfile NAME.yaml.sig      (Ed25519)
    openssl dgst -sha256 -verify key.pub -signature NAME.yaml.sig NAME.yaml                        (ECDSA P-256)
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

import msgspec

from hikeshi.custody.signing import KEY_LIMIT, Signer, checked, fingerprint, signature_holds
from hikeshi.errors import Failed, Refused, Unreadable
from hikeshi.strict_yaml import SIZE_LIMIT

SIGNATURE_LIMIT: Final = 1024
"""Bytes: more is no signature of ours."""
BLOCK: Final = re.compile(r"-----BEGIN PUBLIC KEY-----\s[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----")

SignatureState = Literal["signed", "unsigned", "broken"]


class Signed(msgspec.Struct, frozen=True):
    """How a file stands. `by` is the fingerprint of the key that signed it; "broken": there is a signature that no known key made over this text."""

    state: SignatureState
    by: str = ""


def signature_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.sig")


def read_keys(paths: Iterable[Path]) -> tuple[str, ...]:
    """Public keys in PEM; a file may hold several. Raises `Refused` for a file that holds none, or one that cannot be used."""
    return tuple(key for path in paths for key in _keys_in(path))


def _keys_in(path: Path) -> list[str]:
    try:
        with path.open("rb") as stream:
            text = stream.read(KEY_LIMIT).decode("ascii", "replace")
    except OSError as error:
        raise Refused(f"The key {path} cannot be read: {error.strerror}.", hint="Name a PEM file.") from error
    keys = [f"{block}\n" for block in BLOCK.findall(text)]
    try:
        for key in keys:
            fingerprint(key)
            signature_holds(key, b"", b"")  # says whether it is a kind of key that we know
    except ValueError as error:
        raise Refused(f"{path} holds a key that cannot be read.", hint="openssl pkey -pubout") from error
    if not keys:
        raise Refused(f"{path} holds no public key.", hint="A PEM with PUBLIC KEY is needed: openssl pkey -pubout.")
    return keys


def check(path: Path, content: bytes, keys: Iterable[str]) -> Signed:
    """How the signature beside `path` stands to `content`, what was read of it, among the public keys (PEM)."""
    try:
        with signature_file(path).open("rb") as stream:
            signature = stream.read(SIGNATURE_LIMIT)
    except FileNotFoundError:
        return Signed("unsigned")
    except OSError:
        return Signed("broken")
    for key in keys:
        if signature_holds(key, content, signature):
            return Signed("signed", fingerprint(key))
    return Signed("broken")


def content_of(path: Path) -> bytes:
    """The bytes of a playbook file. Raises `Unreadable`."""
    try:
        with path.open("rb") as stream:
            content = stream.read(SIZE_LIMIT + 1)
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}", source=str(path)) from error
    if len(content) > SIZE_LIMIT:
        raise Unreadable(f"larger than {SIZE_LIMIT} bytes", source=str(path))
    return content


def sign(path: Path, signer: Signer) -> Path:
    """Write the signature of a file beside it, in place of one that is there. Raises `Failed` where that cannot be done."""
    content = content_of(path)
    signature = checked(signer, content, signer.sign(content))
    place = signature_file(path)
    try:
        place.write_bytes(signature)
    except OSError as error:
        raise Failed(f"{place} cannot be written: {error.strerror}.", hint="Check the folder.") from error
    return place
