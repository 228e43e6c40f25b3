"""Verifying a bundle with our own libraries instead of programs; what is checked is what `verify.py` in the bundle checks."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Final

import msgspec
from cryptography.exceptions import UnsupportedAlgorithm

from hikeshi.custody import timestamp
from hikeshi.custody.bundle.opening import opened
from hikeshi.custody.bundle.sshsig import ssh_signature_holds
from hikeshi.custody.bundle.stand_alone import BROKEN, CHUNK, PASSWORD, Finding, Programs, outcome_of, verify
from hikeshi.custody.signing import signature_holds
from hikeshi.errors import Refused, Unreadable

PEM_END: Final = "-----END CERTIFICATE-----"


class Verdict(msgspec.Struct, frozen=True):
    """`outcome` is match, mismatch or could-not-check: the worst of the findings."""

    outcome: str
    findings: tuple[Finding, ...]


def check(path: Path, *, key: str = "", told: Callable[[str], None] = lambda _name: None) -> Verdict:
    """Verify the bundle at `path`. `key` is the sender's fingerprint, known from elsewhere; `told` gets the name of each file.

    Raises `Refused` for a bundle that could harm its reader, `Unreadable` for what is none.
    """
    with opened(path) as bundle:
        findings = tuple(verify(bundle, Library(), key, told))
    return Verdict(outcome_of(list(findings)), findings)


class Library(Programs):
    """Signatures and time stamps, checked in this process."""

    def signature(self, public: bytes, message: bytes, signature: bytes) -> bool | None:
        try:
            return signature_holds(public.decode(), message, signature)
        except (Refused, UnsupportedAlgorithm, *BROKEN):
            return None

    def ssh(self, signers: bytes, identity: str, message: bytes, armour: bytes) -> bool | None:
        try:
            return ssh_signature_holds(signers, identity, message, armour)
        except (Refused, UnsupportedAlgorithm, *BROKEN):
            return False

    def stamp(self, data: bytes, reply: bytes, roots: bytes) -> bool | None:
        """Stricter than openssl: the authority has to be the one that the certificate in the reply names."""
        try:
            pems = [f"{one}{PEM_END}\n" for one in roots.decode().split(PEM_END)[:-1]]
            timestamp.verify(reply, data, roots=pems)
        except (Refused, Unreadable):
            return False
        return True

    def samples(self, archive: str, wanted: list[str]) -> bool | None:
        import pyzipper  # half a second, only where there is malware

        try:
            with pyzipper.AESZipFile(archive) as opened:
                opened.setpassword(PASSWORD.encode())
                return all(_digest(opened.open(sha256)) == sha256 for sha256 in wanted)
        except (pyzipper.BadZipFile, zlib.error, *BROKEN, RuntimeError):
            return False


def _digest(stream: IO[bytes]) -> str:
    hasher = hashlib.sha256()
    with stream:
        while chunk := stream.read(CHUNK):
            hasher.update(chunk)
    return hasher.hexdigest()
