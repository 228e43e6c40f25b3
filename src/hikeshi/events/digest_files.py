"""The files of a CloudTrail digest chain: log files by the hash of their content, digest files, signatures beside them, public keys.

A digest lists each log file of an hour with the SHA-256 of its *unpacked* content, so unpacked and packed-again logs still count; what
follows a gzip stream is in no hash and is refused. The signature of a digest is only in the user metadata of its S3 object: it is kept
beside `FILE` as `FILE.metadata.json`, an object with the keys `signature` and `signature-algorithm` (the answer of `aws s3api
head-object` does too). Public keys are the answer of `aws cloudtrail list-public-keys`.

References:
  https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html
  https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-custom-validation.html
"""

# The names are those of the format.
# ruff: noqa: N815

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from os import sched_getaffinity
from pathlib import Path
from typing import IO, Any, Final

import msgspec
from isal import isal_zlib

from hikeshi.errors import Unreadable
from hikeshi.events.unpacking import DAMAGED, Unpacker

BESIDE: Final = ".metadata.json"
"""The ending of the file that holds the user metadata of the S3 object it lies beside."""

MOST: Final = 64 << 20
"""Bytes of a digest's content at most; the digest of a busy hour has some hundred kilobytes."""

SMALL: Final = 1 << 20
"""Bytes of metadata and of public keys at most."""

FEED: Final = 64 << 10
LOG_NAME: Final = re.compile(
    r"(?P<account>\d{12})_CloudTrail(?:-Insight)?_(?P<region>[a-z0-9-]+)_(?P<at>\d{8}T\d{4})Z_"
)
DIGEST_NAME: Final = re.compile(r"_CloudTrail-Digest_.*_\d{8}T\d{6}Z(_backfill)?\.json(\.gz)?$")
_KEYS_HEAD = re.compile(rb'\s*\{\s*"PublicKeyList"\s*:')
_LOG_HEAD = re.compile(rb'\s*\{\s*"Records"\s*:')


class Listed(msgspec.Struct, frozen=True):
    """A log file as a digest lists it."""

    s3Bucket: str
    s3Object: str
    hashValue: str
    hashAlgorithm: str = "SHA-256"


class Document(msgspec.Struct, frozen=True):
    """What a digest file says."""

    awsAccountId: str
    digestStartTime: str
    digestEndTime: str
    digestS3Bucket: str
    digestS3Object: str
    digestPublicKeyFingerprint: str
    digestSignatureAlgorithm: str
    previousDigestS3Bucket: str | None = None
    previousDigestS3Object: str | None = None
    previousDigestHashValue: str | None = None
    previousDigestSignature: str | None = None
    logFiles: list[Listed] | None = None


class Given(msgspec.Struct, frozen=True):
    """A file to look at. `name` is what it was called where it came from: in a locker, bytes have no names."""

    path: str
    name: str
    signature: str = ""
    """Of a digest, where its object's metadata is known otherwise than by a file beside it."""


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A file that was read. `sha256` is that of its unpacked content; `problem` says why it could not be read to its end."""

    path: str
    name: str
    sha256: str
    problem: str
    is_log: bool
    digest: Document | None
    signature: str | None = None
    """Of a digest: the hexadecimal signature in the metadata beside it."""


def look(files: Iterable[Given]) -> tuple[list[Held], list[Unreadable]]:
    """Each file with the hash of its content, and what lies there and cannot be opened or understood."""
    given = list(files)
    beside = {one.name.removesuffix(BESIDE): one for one in given if one.name.endswith(BESIDE)}
    wanted = [one for one in given if not one.name.endswith(BESIDE)]
    with ThreadPoolExecutor(len(sched_getaffinity(0))) as threads:
        found = list(threads.map(_look, wanted))
    told = [part for one in found for part in _signed(one, beside)]
    return [one for one in told if isinstance(one, Held)], [one for one in told if isinstance(one, Unreadable)]


def _look(given: Given) -> Held | Unreadable:
    hashed, body, digest, problem = hashlib.sha256(), bytearray(), None, ""
    try:
        with Path(given.path).open("rb") as file:
            for piece in _content(file):
                hashed.update(piece)
                if len(body) < FEED or (_says_digest(body) and len(body) <= MOST):
                    body += piece
        digest = _document(body)
    except OSError as error:
        return Unreadable(f"it cannot be opened: {error.strerror or error}", source=given.name)
    except ValueError as error:
        problem = str(error)
    return Held(
        path=given.path, name=given.name, sha256=hashed.hexdigest(), problem=problem, digest=digest,
        signature=given.signature or None,
        is_log=bool(_LOG_HEAD.match(body) or LOG_NAME.search(Path(given.name).name)),
    )  # fmt: skip


def _content(file: IO[bytes]) -> Iterator[bytes]:
    """The content, unpacked where it is packed. Raises ValueError at damage and where anything follows the packed data."""
    first = file.read(FEED)
    if not first.startswith(b"\x1f\x8b"):
        while first:
            yield first
            first = file.read(FEED)
        return
    unpacker: Unpacker = isal_zlib.decompressobj(31)  # 31: gzip framing
    while first:
        if unpacker.eof:
            raise ValueError("other bytes follow the gzip data")
        try:
            yield unpacker.decompress(first)
        except DAMAGED as error:
            raise ValueError(f"the gzip data is damaged: {error}") from error
        first = unpacker.unused_data or file.read(FEED)
    if not unpacker.eof:
        raise ValueError("the gzip data is cut off")


def _says_digest(body: bytearray) -> bool:
    return b'"digestS3Object"' in body[:FEED] and b'"eventName"' not in body[:FEED]


def _document(body: bytearray) -> Document | None:
    """The digest, or None for any other file. Raises ValueError for a digest that is too long or says too little."""
    if not _says_digest(body):
        return None
    if len(body) > MOST:
        raise ValueError(f"a digest is not longer than {MOST:,} bytes")
    try:
        return msgspec.json.decode(body, type=Document)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"it is no digest that can be read: {error}") from error


def _signed(held: Held | Unreadable, metadata: Mapping[str, Given]) -> tuple[Held | Unreadable, ...]:
    """A digest with its signature, where one is kept beside it, and metadata that cannot be read; anything else as it is."""
    if isinstance(held, Unreadable) or held.digest is None or held.name not in metadata:
        return (held,)
    beside = metadata[held.name]
    try:
        told = _json(Path(beside.path), beside.name)
    except Unreadable as error:
        return held, error
    user = told.get("Metadata", told)
    found = user.get("signature") if isinstance(user, dict) else None
    return (msgspec.structs.replace(held, signature=found if isinstance(found, str) else None),)


def lists_keys(path: Path) -> bool:
    """Whether a file is the answer of `aws cloudtrail list-public-keys`."""
    try:
        with path.open("rb") as file:
            return bool(_KEYS_HEAD.match(file.read(FEED)))
    except OSError:
        return False


def public_keys(path: Path) -> dict[str, Any]:
    """RSA public keys by their fingerprint, from the answer of `aws cloudtrail list-public-keys`. Raises Unreadable for anything else."""
    from cryptography.exceptions import UnsupportedAlgorithm  # heavy, and most runs check no signature
    from cryptography.hazmat.primitives.serialization import load_der_public_key  # as above

    listed = _json(path, str(path)).get("PublicKeyList")
    hint = "Save the answer of `aws cloudtrail list-public-keys --start-time ... --end-time ...`."
    if not listed:
        raise Unreadable("it lists no public key", source=str(path), hint=hint)
    try:
        return {one["Fingerprint"]: load_der_public_key(base64.b64decode(one["Value"])) for one in listed}
    except (KeyError, TypeError, ValueError, binascii.Error, UnsupportedAlgorithm) as error:
        raise Unreadable(f"a public key cannot be read: {error}", source=str(path), hint=hint) from error


def _json(path: Path, name: str) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            content = file.read(SMALL + 1)
        if len(content) > SMALL:
            raise Unreadable(f"it is longer than {SMALL:,} bytes", source=name)
        return msgspec.json.decode(content, type=dict[str, Any])
    except OSError as error:
        raise Unreadable(f"it cannot be opened: {error.strerror or error}", source=name) from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Unreadable(f"it is no JSON object: {error}", source=name) from error
