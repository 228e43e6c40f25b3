"""A folder of this step in the evidence bucket: what an action keeps there, under the same names on every repeat."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from typing import Any, Final

from hikeshi.actions.aws.world import AwsWorld
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

PART: Final = 16 * 1024 * 1024
"""Bytes of a part of a multipart upload; S3 takes 10 000 parts, the last one may be shorter."""
ABSENT: Final = ("404", "NoSuchKey", "NotFound")


class EvidenceFolder:
    """`<prefix>/<incident>/<step>/<name>/` in the evidence bucket."""

    def __init__(self, world: AwsWorld, name: str) -> None:
        self._world = world
        self.bucket = world.settings.evidence_bucket
        self.path = f"{world.settings.evidence_prefix}/{world.incident}/{world.step}/{name}"

    def address(self, name: str) -> str:
        return f"s3://{self.bucket}/{self.path}/{name}"

    def names(self) -> list[str]:
        """What is there, without the folder, sorted."""
        told = self._world.pages("s3", "ListObjectsV2", "Contents", Bucket=self.bucket, Prefix=f"{self.path}/")
        return sorted(str(one["Key"]).removeprefix(f"{self.path}/") for one in told)

    def get(self, name: str) -> bytes | None:
        """The object, None where there is none."""
        try:
            body: bytes = self._world.read("s3", "GetObject", **self.place(name))["Body"].read()
        except CallFailed as failure:
            if failure.code in ABSENT:
                return None
            raise
        return body

    def put(self, name: str, body: bytes, why: Text) -> None:
        # A bucket with Object Lock takes nothing without a checksum, and it catches what breaks on the way.
        self._world.change("s3", "PutObject", why, **self.place(name), Body=body, ChecksumAlgorithm="SHA256")

    def stream(self, name: str, pieces: Iterable[bytes], why: Text) -> tuple[str, int]:
        """Keep what comes in pieces without holding it all; its SHA-256 (hex) and length. A name that is there gets a new version."""
        digest, size, parts, upload = hashlib.sha256(), 0, [], ""
        for number, part in enumerate(_parts(pieces), 1):
            digest.update(part)
            size += len(part)
            if number == 1 and len(part) < PART:
                self.put(name, part, why)
                return digest.hexdigest(), size
            if not upload:
                asked = {**self.place(name), "ChecksumAlgorithm": "SHA256"}
                upload = self._world.change("s3", "CreateMultipartUpload", why, **asked)["UploadId"]
            which = {**self.place(name), "UploadId": upload, "PartNumber": number}
            told = self._world.change("s3", "UploadPart", why, **which, Body=part, ChecksumAlgorithm="SHA256")
            parts.append({"PartNumber": number, "ETag": told["ETag"], "ChecksumSHA256": told["ChecksumSHA256"]})
        whole = {**self.place(name), "UploadId": upload, "MultipartUpload": {"Parts": parts}}
        self._world.change("s3", "CompleteMultipartUpload", why, **whole)
        return digest.hexdigest(), size

    def place(self, name: str) -> dict[str, Any]:
        return {"Bucket": self.bucket, "Key": f"{self.path}/{name}"}


def need_bucket(world: AwsWorld) -> None:
    """Raises `Refused` where there is no evidence bucket."""
    if not world.settings.evidence_bucket:
        raise Refused("There is no evidence bucket to keep this in.", hint="Set one for this account first.")


def _parts(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes in parts of `PART`; at least one, which may be empty."""
    held = bytearray()
    sent = False
    for piece in pieces:
        held += piece
        while len(held) >= PART:
            yield bytes(held[:PART])
            sent = True
            del held[:PART]
    if held or not sent:
        yield bytes(held)
