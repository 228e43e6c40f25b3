"""RFC 3161 time stamps: a third party says that these bytes existed at its time. Only their hash leaves the house.

`request` and `verify` are pure; `ask` goes to the authority. What an authority says is believed only after everything was checked:
the imprint, our nonce, the signature, the certificate and its purpose, and the chain to a root of that very authority. By hand:

    openssl ts -verify -data note -in reply.tsr -CAfile roots.pem
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal, NamedTuple

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from rfc3161_client import HashAlgorithm, TimestampRequestBuilder, VerificationError, VerifierBuilder
from rfc3161_client.base import decode_timestamp_response
from rfc3161_client.tsp import Accuracy, PKIStatus, TimeStampResponse

from hikeshi.custody.der import with_sorted_certificates
from hikeshi.custody.posting import post
from hikeshi.errors import Failed, Refused, Unreadable

REPLY_LIMIT: Final = 256 * 1024
"""Bytes. A reply with its certificates has 3 to 10 KiB."""
ROOTS_LIMIT: Final = 1024 * 1024
HASHES: Final = {
    "2.16.840.1.101.3.4.2.1": ("sha256", HashAlgorithm.SHA256),
    "2.16.840.1.101.3.4.2.3": ("sha512", HashAlgorithm.SHA512),
}
"""The imprints we ask for and accept, by object identifier."""

TYPES: Final = frozenset({"", "application/timestamp-reply", "application/timestamp-response"})
"""Content types of a reply: RFC 3161's, and what some authorities say instead."""

DAMAGED: Final = (LookupError, OverflowError, TypeError, ValueError, x509.InvalidVersion)
"""What the decoder raises, which decodes a field when it is asked for."""

Imprint = Literal["sha256", "sha512"]


class Asked(NamedTuple):
    """A request: its DER bytes, and the nonce that has to come back."""

    der: bytes
    nonce: int


class Authority(msgspec.Struct, frozen=True):
    """A time-stamp authority: its address, and the roots (PEM) that its tokens have to lead to."""

    url: str
    roots: tuple[str, ...]


class Stamped(msgspec.Struct, frozen=True, kw_only=True):
    """A token that holds. `time` is the authority's, UTC; `accuracy_us` is its own word, in microseconds (0: not said)."""

    time: datetime
    accuracy_us: int
    serial: int
    policy: str
    imprint: str
    signer: str


def read_authority(url: str, roots: Path) -> Authority:
    """The authority with the certificates of a PEM file. Raises `Refused` where there is none in it."""
    try:
        with roots.open("rb") as file:
            found = x509.load_pem_x509_certificates(file.read(ROOTS_LIMIT))
    except OSError as error:
        raise Refused(f"The roots {roots} cannot be read: {error.strerror}.", hint=f"They are for {url}.") from error
    except DAMAGED as error:
        raise Refused(f"{roots} holds no certificate: {error}", hint="Give the authority's roots in PEM.") from error
    return Authority(url, tuple(one.public_bytes(Encoding.PEM).decode() for one in found))


def request(message: bytes, *, imprint: Imprint = "sha256") -> Asked:
    """A request for `message`, with a nonce of ours, that asks for the certificates."""
    kind = HashAlgorithm.SHA256 if imprint == "sha256" else HashAlgorithm.SHA512
    made = TimestampRequestBuilder(data=message, hash_algorithm=kind, nonce=True, cert_req=True).build()
    if made.nonce is None:
        raise Failed("The time-stamp request has no nonce.")
    return Asked(made.as_bytes(), made.nonce)


def ask(authority: Authority, message: bytes, *, imprint: Imprint = "sha256", now: datetime) -> tuple[bytes, Stamped]:
    """A new time stamp from the authority: the reply in DER, as it came, and what it says.

    Raises `Failed` when the authority cannot be reached (not permanent), refuses, or says what is not true (permanent).
    """
    asked = request(message, imprint=imprint)
    headers = {"Content-Type": "application/timestamp-query", "Accept": "application/timestamp-reply"}
    _, kind, reply = post(authority.url, asked.der, headers=headers, limit=REPLY_LIMIT)
    if kind.partition(";")[0].strip().lower() not in TYPES:
        raise Failed(f"{authority.url} answered with {kind[:80]!r}, not with a time stamp.", hint=CHECK_HINT)
    try:
        return reply, verify(reply, message, roots=authority.roots, nonce=asked.nonce, valid_at=now)
    except (Refused, Unreadable) as problem:
        raise Failed(f"{authority.url}: {problem.message}", hint=problem.hint) from problem


CHECK_HINT: Final = "Check the address and HIKESHI_TIMESTAMP_ROOTS; if both are right, do not trust this authority."


def verify(
    reply: bytes, message: bytes, *, roots: Sequence[str], nonce: int | None = None, valid_at: datetime | None = None
) -> Stamped:
    """Check a reply against the message and the roots (PEM) of its authority; with `nonce`, that it answers our request.

    A token is judged at its own time, as its certificate may have expired since; a fresh one also at `valid_at`. Raises `Unreadable`
    for bytes that are no reply, `Refused` with the reason for a reply that does not prove what it should.
    """
    found = _decoded(reply)
    _refuse_status(found)
    try:
        info = found.tst_info
        named = info.message_imprint.hash_algorithm.dotted_string
        if named not in HASHES:
            raise _lie(f"the imprint is made with {named}, neither SHA-256 nor SHA-512")
        if bytes(info.message_imprint.message) != hashlib.new(HASHES[named][0], message).digest():
            raise _lie("the imprint is of other bytes than the ones that were sent")
        if nonce is not None and info.nonce != nonce:
            raise _lie("the nonce is not the one that was sent: an answer to another request")
        signer = _signer(found)
        _check_chain(found, message, roots)
        if valid_at and not signer.not_valid_before_utc <= valid_at <= signer.not_valid_after_utc:
            raise _lie(
                f"its certificate is valid from {signer.not_valid_before_utc} to {signer.not_valid_after_utc} only"
            )
        return _stamped(found, HASHES[named][0], signer)
    except DAMAGED as error:
        raise Unreadable(f"not a time stamp: {error}", source="the reply") from error


def _decoded(reply: bytes) -> TimeStampResponse:
    if len(reply) > REPLY_LIMIT:
        raise Unreadable(f"longer than {REPLY_LIMIT} bytes", source="the reply")
    try:
        return decode_timestamp_response(with_sorted_certificates(reply))
    except DAMAGED as error:
        raise Unreadable(f"not a time-stamp reply: {error}", source="the reply", hint=CHECK_HINT) from error


def _refuse_status(found: TimeStampResponse) -> None:
    """Granted as asked for (RFC 3161 2.4.2). We ask for nothing that an authority could have to change."""
    if found.status == PKIStatus.GRANTED:
        return
    said = "; ".join(found.status_string)[:200]
    raise Refused(
        f"the authority did not give a time stamp (status {found.status}{': ' + said if said else ''})",
        hint="The authority's own terms and log say why.",
    )


def _signer(found: TimeStampResponse) -> x509.Certificate:
    """The certificate that the signature names, among those in the reply (never simply the first: that was the old library's trap)."""
    infos = found.signed_data.signer_infos
    if len(infos) != 1:
        raise _lie(f"it is signed {len(infos)} times instead of once")
    info = next(iter(infos))
    for der in found.signed_data.certificates:
        one = x509.load_der_x509_certificate(der)
        if one.issuer == info.issuer and one.serial_number == info.serial_number:
            return one
    raise _lie("the certificate that signed it is not in it")


def _check_chain(found: TimeStampResponse, message: bytes, roots: Sequence[str]) -> None:
    builder = VerifierBuilder()
    for pem in dict.fromkeys(roots):
        builder = builder.add_root_certificate(x509.load_pem_x509_certificate(pem.encode()))
    try:
        builder.build().verify_message(found, message)
    except VerificationError as error:
        raise _lie(f"its signature or certificate does not hold: {error}") from error


def _stamped(found: TimeStampResponse, imprint: str, signer: x509.Certificate) -> Stamped:
    info = found.tst_info
    accuracy: Accuracy | None = info.accuracy  # optional in RFC 3161, whatever the library's types say
    parts = (accuracy.seconds, accuracy.millis, accuracy.micros) if accuracy is not None else (0, 0, 0)
    accuracy_us = sum((part or 0) * unit for part, unit in zip(parts, (1_000_000, 1000, 1), strict=True))
    return Stamped(
        time=info.gen_time.astimezone(UTC), accuracy_us=accuracy_us, serial=info.serial_number,
        policy=info.policy.dotted_string, imprint=imprint, signer=signer.subject.rfc4514_string(),
    )  # fmt: skip


def _lie(what: str) -> Refused:
    return Refused(f"the time stamp is not to be believed: {what}", hint=CHECK_HINT)
