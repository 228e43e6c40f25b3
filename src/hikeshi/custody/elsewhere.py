"""What stays where it is: an object in S3 that is recorded, and read where asked, but not moved.

What the place says of it (size, ETag, checksum, version, Object Lock) is recorded and not trusted: whoever has the place can make it say
anything. Ours is only the SHA-256 of bytes that we have read. So an object that was never read can be shown to have changed, never to
be the same.

References:
  https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
  https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, Final, Literal

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from hikeshi.aws.clients import client
from hikeshi.aws.failures import translate
from hikeshi.aws.reach import Reach
from hikeshi.custody.extents import CHUNK
from hikeshi.custody.locker import Checked
from hikeshi.custody.s3_parts import Body
from hikeshi.errors import Failed, HikeshiError, Refused

ADDRESS: Final = re.compile(r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(?P<key>.{1,1024})", re.DOTALL)
SECONDS: Final = 60.0
ATTEMPTS: Final = 4
NOT_READ: Final = "It says the same of itself as before, but it was never read: nothing of ours can be compared."


class Left(msgspec.Struct, frozen=True, kw_only=True):
    """One object as its place describes it, and as we read it. Times are ISO 8601, UTC; `checksums` are as the place states them.

    `sha256` and `read_at` are ours, and empty where it was not read.
    """

    format: Literal["hikeshi-elsewhere-1"] = "hikeshi-elsewhere-1"
    address: str
    version: str
    size: int
    modified: str
    etag: str
    checksums: dict[str, str]
    storage_class: str
    lock_mode: str
    lock_until: str
    legal_hold: str
    asked_at: str
    sha256: str = ""
    read_at: str = ""

    @property
    def lock(self) -> str:
        """What the place says of keeping it, in one line."""
        until = f"{self.lock_mode} until {self.lock_until}" if self.lock_mode else "not locked"
        hold = ", legal hold" if self.legal_hold == "ON" else ""
        return f"version {self.version or 'none'}, {until}{hold}"


def look(address: str, reach: Reach, *, version: str = "") -> Left:
    """What S3 says of an object. Raises `Refused` where there is none, `CallFailed` where S3 does not answer."""
    bucket, key = parts(address)
    which = {"VersionId": version} if version else {}
    with _calling(address):
        said = _s3(reach).head_object(Bucket=bucket, Key=key, ChecksumMode="ENABLED", **which)
    until = said.get("ObjectLockRetainUntilDate")
    return Left(
        address=address, version=said.get("VersionId", version), size=said["ContentLength"],
        modified=_written(said["LastModified"]), etag=said["ETag"].strip('"'),
        checksums={name: said[name] for name in sorted(said) if name.startswith("Checksum") and name != "ChecksumType"},
        storage_class=said.get("StorageClass", ""), lock_mode=said.get("ObjectLockMode", ""),
        lock_until=_written(until) if until else "", legal_hold=said.get("ObjectLockLegalHoldStatus", ""),
        asked_at=_written(datetime.now(UTC)),
    )  # fmt: skip


def read(left: Left, reach: Reach) -> Left:
    """Read it once without storing anything; with our SHA-256. Raises as `look`, and `Failed` when it breaks off or is another one now."""
    return msgspec.structs.replace(left, sha256=_hashed(left, reach), read_at=_written(datetime.now(UTC)))


def check(left: Left, reach: Reach) -> Checked:
    """Look, and read where it was read before. What could not be reached or is gone "could not be checked"."""
    try:
        now = look(left.address, reach, version=left.version)
        if (now.size, now.etag) != (left.size, left.etag):
            return Checked(result="mismatch", reason=f"It is another object now: {now.size} bytes, ETag {now.etag}.")
        if not left.sha256:
            return Checked(result="could-not-check", reason=NOT_READ)
        found = _hashed(left, reach)
    except HikeshiError as error:
        return Checked(result="could-not-check", reason=str(error))
    if found != left.sha256:
        return Checked(result="mismatch", reason=f"Its SHA-256 is {found} now.")
    return Checked(result="match")


def parts(address: str) -> tuple[str, str]:
    """Bucket and key. Raises `Refused` for anything else."""
    found = ADDRESS.fullmatch(address)
    if found is None:
        raise Refused(f"{address[:200]!r} is no object in S3.", hint="Write s3://bucket/key.")
    return found["bucket"], found["key"]


def _hashed(left: Left, reach: Reach) -> str:
    bucket, key = parts(left.address)
    # Without versions the ETag pins what is read to what was described.
    which = {"VersionId": left.version} if left.version else {"IfMatch": f'"{left.etag}"'}
    hasher, size = hashlib.sha256(), 0
    with _calling(left.address):
        body = _s3(reach).get_object(Bucket=bucket, Key=key, **which)["Body"]
    with Body(body, left.address) as stream:
        while chunk := stream.read(CHUNK):
            hasher.update(chunk)
            size += len(chunk)
    if size != left.size:
        raise Failed(f"{left.address} gave {size} bytes, not {left.size}.", permanent=False, hint="Try again.")
    return hasher.hexdigest()


def _s3(reach: Reach) -> Any:
    return client("s3", reach.region, reach.endpoint_url, SECONDS, attempts=ATTEMPTS)


@contextmanager
def _calling(address: str) -> Iterator[None]:
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        failure = translate(error, "s3:GetObject", changing=False)
        if failure.code in {"404", "NoSuchKey", "NoSuchVersion", "NoSuchBucket"}:
            raise Refused(f"There is no {address} (any more).", hint="Check address, version and account.") from error
        raise failure from error


def _written(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
