"""Logs in S3: `s3://bucket/prefix` means every object whose key begins so, `s3://bucket/key` that object alone where there is one.

Objects are listed page by page and fetched several at a time into a folder, in the order of their keys. What S3 says of each is kept:
version, ETag, time, and the metadata of its owner, in which alone CloudTrail puts the signature of a digest file. What cannot be
fetched (in Glacier, not permitted, gone since it was listed, too large) comes as an `Unreadable`, and the rest goes on.

References:
  https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListObjectsV2.html
  https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html
  https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-digest-file-structure.html
"""

from __future__ import annotations

import hashlib
import re
import shutil
import tempfile
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from hikeshi.aws.clients import client
from hikeshi.aws.failures import CallFailed, translate
from hikeshi.aws.reach import Reach
from hikeshi.errors import Failed, Refused, Unreadable
from hikeshi.events.source import Limits
from hikeshi.events.walking import in_s3

AT_ONCE = 8
"""Objects that are fetched at a time."""

HELD = 1 << 30
"""Bytes that are fetched ahead of whoever takes them, where it is more than one object."""

SPARE = 1 << 30
"""Bytes that stay free on the disk."""

PAGE = 1000
"""Keys in one answer, the most that S3 gives."""

PIECE = 1 << 20
SECONDS = 30.0
"""How long S3 may be silent."""

ATTEMPTS = 4
"""How often a call, or the reading of a body, is tried."""

PERMISSIONS = ("s3:GetObject", "s3:ListBucket")
BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
ODD = re.compile(r"[^\w.+-]")

Progress = Callable[[int, int], None]
"""Called with the objects done and those known so far."""


class Fetched(msgspec.Struct, frozen=True, kw_only=True):
    """One object: `name` is its address, `path` its copy here, `size` in bytes, `modified` in ISO 8601, the rest as S3 has it."""

    name: str
    path: Path
    sha256: str
    size: int
    version: str
    etag: str
    modified: str
    metadata: dict[str, str]

    def said(self) -> dict[str, Any]:
        """What to keep beside the copy, as plain JSON; `file` is the name of the copy."""
        return {"file": self.path.name} | {
            name: getattr(self, name) for name in self.__struct_fields__ if name != "path"
        }


class _Listed(NamedTuple):
    bucket: str
    key: str
    size: int

    @property
    def name(self) -> str:
        return f"s3://{self.bucket}/{self.key}"


def fetch(
    addresses: Iterable[str], folder: Path, *, reach: Reach | None = None, limits: Limits | None = None,
    progress: Progress | None = None,
) -> Iterator[Fetched | Unreadable]:  # fmt: skip
    """Every object of the addresses, fetched into `folder`. Who takes one may delete its copy: then little is on the disk at a time.

    Raises `Refused` for an address that names nothing, `CallFailed` where the bucket cannot be listed, `Failed` for a full disk.
    """
    wanted = [_parts(address) for address in addresses]
    reach = reach or Reach()
    s3 = client("s3", reach.region, reach.endpoint_url, SECONDS, attempts=ATTEMPTS)
    most = (limits or Limits()).file
    running: deque[tuple[int, Future[Fetched | Unreadable]]] = deque()
    pool = ThreadPoolExecutor(AT_ONCE)
    done = number = 0

    def taken() -> Fetched | Unreadable:
        nonlocal done
        done += 1
        if progress:
            progress(done, number)
        return running.popleft()[1].result()

    try:
        for number, found in enumerate(_listed(s3, wanted), 1):
            while running and (len(running) > AT_ONCE or sum(size for size, _ in running) + found.size > HELD):
                yield taken()
            path = folder / f"{number:06d}-{_safe(found.key)}"
            running.append((found.size, pool.submit(_one, s3, found, path, most)))
        while running:
            yield taken()
    finally:
        pool.shutdown(cancel_futures=True)


class Here(NamedTuple):
    """Paths that are all on this machine, and what became of those that were in S3."""

    paths: list[str]
    fetched: dict[str, Fetched]
    """By the path of the copy."""
    missed: list[Unreadable]


@contextmanager
def here(
    paths: Iterable[str | Path], *, reach: Reach | None = None, progress: Progress | None = None
) -> Iterator[Here]:
    """The paths, with what lies in S3 fetched into a temporary folder that is gone afterwards. Raises as `fetch` does."""
    files = [str(path) for path in paths]
    addresses = [path for path in files if in_s3(path)]
    with tempfile.TemporaryDirectory(prefix="hikeshi-s3-") as folder:
        found = list(fetch(addresses, Path(folder), reach=reach, progress=progress)) if addresses else []
        fetched = {str(one.path): one for one in found if isinstance(one, Fetched)}
        missed = [one for one in found if isinstance(one, Unreadable)]
        yield Here([*(path for path in files if not in_s3(path)), *fetched], fetched, missed)


def _parts(address: str) -> tuple[str, str]:
    bucket, _, prefix = address.removeprefix("s3://").partition("/")
    if not in_s3(address) or not BUCKET.fullmatch(bucket):
        raise Refused(f"{address[:200]!r} is no address in S3.", hint="Write s3://bucket/prefix or s3://bucket/key.")
    return bucket, prefix


def _safe(key: str) -> str:
    """The last part of a key as a file's name: nothing in it leads elsewhere."""
    return ODD.sub("_", key.rpartition("/")[2])[-150:]


def _listed(s3: Any, wanted: Iterable[tuple[str, str]]) -> Iterator[_Listed]:
    seen: set[tuple[str, str]] = set()
    for bucket, prefix in wanted:
        empty = True
        for found in _below(s3, bucket, prefix):
            empty = False
            if (bucket, found.key) not in seen and not (found.key.endswith("/") and not found.size):
                seen.add((bucket, found.key))
                yield found
            if found.key == prefix and not prefix.endswith("/"):  # the first in order: it was meant, not what begins so
                break
        if empty:
            raise Refused(f"Nothing in the bucket {bucket} begins with {prefix!r}.", hint="Check prefix and account.")


def _below(s3: Any, bucket: str, prefix: str) -> Iterator[_Listed]:
    try:
        pages = s3.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, Prefix=prefix, PaginationConfig={"PageSize": PAGE}
        )
        for page in pages:
            for one in page.get("Contents", ()):
                yield _Listed(bucket, one["Key"], one["Size"])
    except (ClientError, BotoCoreError) as error:
        failure = translate(error, "s3:ListBucket", changing=False)
        if failure.code == "NoSuchBucket":
            raise Refused(f"There is no bucket {bucket}.", hint="Check its name and the credentials.") from error
        raise failure from error


def _one(s3: Any, found: _Listed, path: Path, most: int) -> Fetched | Unreadable:
    if found.size > most:
        return Unreadable(
            f"it is longer than the limit of {most:,} bytes", source=found.name, hint="Fetch it yourself."
        )
    if found.size + SPARE > (free := shutil.disk_usage(path.parent).free):
        raise Failed(
            f"{found.name} has {found.size:,} bytes, and {free:,} are free in {path.parent}.",
            hint="Set TMPDIR to a larger disk, or name a longer prefix.",
        )
    failure = None
    for _ in range(ATTEMPTS):
        try:
            return _copied(s3, found, path)
        except ClientError as error:
            return _refused(found, translate(error, "s3:GetObject", changing=False))
        except BotoCoreError as error:
            failure = translate(error, "s3:GetObject", changing=False)
    path.unlink(missing_ok=True)
    return Unreadable(str(failure), source=found.name, hint="Fetching it again may help.")


def _copied(s3: Any, found: _Listed, path: Path) -> Fetched:
    answer = s3.get_object(Bucket=found.bucket, Key=found.key)
    digest, size = hashlib.sha256(), 0
    with path.open("wb") as file, answer["Body"] as body:
        while piece := body.read(PIECE):
            digest.update(piece)
            size += file.write(piece)
    return Fetched(
        name=found.name, path=path, sha256=digest.hexdigest(), size=size, version=answer.get("VersionId", ""),
        etag=answer["ETag"].strip('"'), modified=answer["LastModified"].isoformat(), metadata=answer["Metadata"],
    )  # fmt: skip


def _refused(found: _Listed, failure: CallFailed) -> Unreadable:
    if failure.code == "InvalidObjectState":
        return Unreadable("it lies in Glacier", source=found.name, hint="Restore it first: s3:RestoreObject.")
    if failure.code == "NoSuchKey":
        return Unreadable("it was deleted after it was listed", source=found.name)
    hint = failure.hint
    if "kms" in failure.message.lower():
        hint = "Grant kms:Decrypt on its key to the role Hikeshi uses."
    return Unreadable(failure.message, source=found.name, hint=hint)
