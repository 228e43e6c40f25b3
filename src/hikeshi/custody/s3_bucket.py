"""The calls of the locker in S3 to its bucket: what they need, and what is said when one fails."""

from __future__ import annotations

import io
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, BinaryIO, Final, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError

from hikeshi.aws.clients import client
from hikeshi.aws.failures import translate
from hikeshi.custody.extents import CHUNK
from hikeshi.custody.s3_parts import Body, Part
from hikeshi.custody.s3_place import Place
from hikeshi.errors import HikeshiError, Refused

AT_ONCE: Final = 4
SECONDS: Final = 60.0
"""How long S3 may be silent."""
ATTEMPTS: Final = 4
"""How often a call is tried: sending the same bytes under the same name again changes nothing."""
MISSING: Final = frozenset({"404", "NoSuchKey", "NotFound"})
NO_BUCKET: Final = frozenset({"NoSuchBucket"})
SHA256_SAID: Final = {"ChecksumAlgorithm": "SHA256"}


class Held(NamedTuple):
    """An object as S3 describes it. `checksum` is base64, without the number of parts that it may be made of."""

    key: str
    size: int
    version: str
    checksum: str
    mode: str
    until: datetime | None


class Bucket:
    """One bucket and how things are kept there. Every method raises `CallFailed` where S3 refuses or does not answer, with what to do."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self._s3: Any = client("s3", place.region, place.endpoint_url, SECONDS, attempts=ATTEMPTS)

    def require_ready(self) -> None:
        """Raises `Refused` where the bucket does not keep what is put there: no versions, or no Object Lock where one is asked for."""
        bucket = self.place.bucket
        with self._calling("s3:GetBucketVersioning"):
            versions = self._s3.get_bucket_versioning(Bucket=bucket).get("Status")
        if versions != "Enabled":
            raise Refused(
                f"The bucket {bucket} keeps no versions, so that evidence in it could be written over.",
                hint=f"aws s3api put-bucket-versioning --bucket {bucket} --versioning-configuration Status=Enabled",
            )
        if self.place.mode and not self._lockable():
            raise Refused(
                f"The bucket {bucket} has no Object Lock, and HIKESHI_LOCKER_LOCK asks for one.",
                hint=f"aws s3api put-object-lock-configuration --bucket {bucket} "
                "--object-lock-configuration ObjectLockEnabled=Enabled",
            )

    def try_writing(self) -> None:
        """Begin an upload and give it up: proves the right to write, lock and encrypt, and leaves nothing. Raises as sealing does."""
        key = self.key("probe")
        with self._calling("s3:PutObject"):
            begun = self._s3.create_multipart_upload(Bucket=self.place.bucket, Key=key, **self._options())
        with self._calling("s3:AbortMultipartUpload"):
            self._s3.abort_multipart_upload(Bucket=self.place.bucket, Key=key, UploadId=begun["UploadId"])

    def key(self, name: str) -> str:
        return "/".join(part for part in (self.place.prefix, name[:2], name[2:4], name) if part)

    def head(self, key: str, version: str = "") -> Held | None:
        which = {"VersionId": version} if version else {}
        try:
            said = self._s3.head_object(Bucket=self.place.bucket, Key=key, ChecksumMode="ENABLED", **which)
        except (ClientError, BotoCoreError) as error:
            failure = translate(error, "s3:GetObject", changing=False)
            if failure.code in MISSING:
                return None
            raise self._hinted(failure) from error
        return Held(
            key, said["ContentLength"], said.get("VersionId", ""), said.get("ChecksumSHA256", "").partition("-")[0],
            said.get("ObjectLockMode", ""), said.get("ObjectLockRetainUntilDate"),
        )  # fmt: skip

    def body(self, held: Held) -> BinaryIO:
        which = {"VersionId": held.version} if held.version else {}
        with self._calling("s3:GetObject"):
            body = self._s3.get_object(Bucket=self.place.bucket, Key=held.key, **which)["Body"]
        return io.BufferedReader(Body(body, f"s3://{self.place.bucket}/{held.key}"), CHUNK)

    def _versions(self, key: str) -> list[str]:
        with self._calling("s3:ListBucketVersions"):
            pages = self._s3.get_paginator("list_object_versions").paginate(Bucket=self.place.bucket, Prefix=key)
            found = [one for page in pages for kind in ("DeleteMarkers", "Versions") for one in page.get(kind, ())]
        return [one["VersionId"] for one in found if one["Key"] == key]

    def _send_whole(self, key: str, file: BinaryIO, parts: list[Part]) -> None:
        file.seek(0)
        with self._calling("s3:PutObject"):
            self._s3.put_object(
                Bucket=self.place.bucket, Key=key, Body=file, ChecksumSHA256=parts[0].checksum, **self._options()
            )

    def _send_parts(self, key: str, file: BinaryIO, parts: list[Part]) -> None:
        names = {"Bucket": self.place.bucket, "Key": key, "UploadId": self._begun(key)}
        there = self._arrived(names)

        def send(part: Part) -> dict[str, Any]:
            told = {"PartNumber": part.number, "ChecksumSHA256": part.checksum}
            if (found := there.get(part.number)) and part.is_what(found, file):
                return {**told, "ETag": found["ETag"]}
            with self._calling("s3:PutObject"), part.body(file) as body:
                return {**told, "ETag": self._s3.upload_part(**names, **told, **SHA256_SAID, Body=body)["ETag"]}

        with ThreadPoolExecutor(AT_ONCE) as pool:
            done = list(pool.map(send, parts))
        with self._calling("s3:PutObject"):
            self._s3.complete_multipart_upload(**names, MultipartUpload={"Parts": done})

    def _begun(self, key: str) -> str:
        """The upload that was cut off, or a new one."""
        begun = [upload for upload in self._uploads(key) if upload["Key"] == key]
        if begun:
            return str(max(begun, key=lambda upload: upload["Initiated"])["UploadId"])
        with self._calling("s3:PutObject"):
            made = self._s3.create_multipart_upload(Bucket=self.place.bucket, Key=key, **self._options())
        return str(made["UploadId"])

    def _uploads(self, prefix: str) -> Iterator[dict[str, Any]]:
        with self._calling("s3:ListBucketMultipartUploads"):
            pages = self._s3.get_paginator("list_multipart_uploads").paginate(Bucket=self.place.bucket, Prefix=prefix)
            for page in pages:
                yield from page.get("Uploads", ())

    def _arrived(self, names: dict[str, str]) -> dict[int, dict[str, Any]]:
        with self._calling("s3:ListMultipartUploadParts"):
            pages = self._s3.get_paginator("list_parts").paginate(**names)
            return {part["PartNumber"]: part for page in pages for part in page.get("Parts", ())}

    def until(self) -> datetime | None:
        return datetime.now(UTC) + timedelta(days=self.place.days) if self.place.mode else None

    def _options(self) -> dict[str, Any]:
        """What new objects are put under: checksums, the key of KMS, Object Lock."""
        options: dict[str, Any] = dict(SHA256_SAID)
        if self.place.kms_key:
            options |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self.place.kms_key}
        if until := self.until():
            options |= {"ObjectLockMode": self.place.mode.upper(), "ObjectLockRetainUntilDate": until}
        return options

    def _lockable(self) -> bool:
        try:
            said = self._s3.get_object_lock_configuration(Bucket=self.place.bucket)
        except (ClientError, BotoCoreError) as error:
            failure = translate(error, "s3:GetBucketObjectLockConfiguration", changing=False)
            if failure.code == "ObjectLockConfigurationNotFoundError":
                return False
            raise self._hinted(failure) from error
        return bool(said["ObjectLockConfiguration"].get("ObjectLockEnabled") == "Enabled")

    @contextmanager
    def _calling(self, permission: str) -> Iterator[None]:
        try:
            yield
        except (ClientError, BotoCoreError) as error:
            raise self._hinted(translate(error, permission, changing=False)) from error

    def _hinted(self, failure: Any) -> HikeshiError:
        """The failure with what to do about it; nothing is half sealed whatever it was."""
        if failure.code in NO_BUCKET:
            return Refused(
                f"There is no bucket {self.place.bucket}.", hint="Check HIKESHI_LOCKER, the account and the region."
            )
        if "kms" in failure.message.lower():
            failure.hint = "Grant kms:GenerateDataKey and kms:Decrypt on the key to the role Hikeshi uses."
        failure.hint = f"{failure.hint} Nothing was half sealed.".strip()
        return failure  # type: ignore[no-any-return]

    def put_empty(self, key: str) -> None:
        """An object that is only a name."""
        with self._calling("s3:PutObject"):
            self._s3.put_object(Bucket=self.place.bucket, Key=key, Body=b"", **self._options())

    def names(self, prefix: str) -> list[str]:
        """The first thousand keys that begin so."""
        with self._calling("s3:ListBucket"):
            found = self._s3.list_objects_v2(Bucket=self.place.bucket, Prefix=prefix).get("Contents", ())
        return [one["Key"] for one in found]

    def send(self, key: str, file: BinaryIO, parts: list[Part]) -> None:
        """The whole of `file` as an object, in one piece or in parts; an upload that was cut off goes on."""
        (self._send_parts if len(parts) > 1 else self._send_whole)(key, file, parts)

    def retain(self, held: Held, mode: str, until: datetime) -> None:
        with self._calling("s3:PutObjectRetention"):
            self._s3.put_object_retention(
                Bucket=self.place.bucket, Key=held.key, VersionId=held.version,
                Retention={"Mode": mode, "RetainUntilDate": until},
            )  # fmt: skip

    def remove_versions(self, key: str) -> None:
        """Every version of an object, and every mark that it is deleted."""
        for version in self._versions(key):
            with self._calling("s3:DeleteObjectVersion"):
                self._s3.delete_object(Bucket=self.place.bucket, Key=key, VersionId=version)

    def abort_uploads(self, before: datetime) -> int:
        """Give up the uploads below the prefix that were begun before; how many there were."""
        aborted = 0
        for upload in self._uploads(f"{self.place.prefix}/" if self.place.prefix else ""):
            if upload["Initiated"] < before:
                names = {"Bucket": self.place.bucket, "Key": upload["Key"], "UploadId": upload["UploadId"]}
                with self._calling("s3:AbortMultipartUpload"):
                    self._s3.abort_multipart_upload(**names)
                aborted += 1
        return aborted
