"""The evidence locker in S3: objects under their SHA-256, versioned, and under Object Lock for as long as was asked.

    s3://bucket/prefix/ab/cd/abcd...         plain
    s3://bucket/prefix/ab/cd/abcd....age     encrypted before it left this machine (see `encryption.py`)
    s3://bucket/prefix/recipients/age1...    the public keys anything there was encrypted for; empty objects
    <staging>/ab/abcd...                     sealed here, on its way there; not evidence until S3 holds it

Bytes are sealed into `staging` first: only then is their name known, and an upload that was cut off goes on from the parts that arrived.
S3 checks the SHA-256 of each part on arrival; afterwards the checksum, version and lock it states are read back and compared, and only
then is the copy here given up.

References:
  https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html (composite checksums of uploads in parts)
  https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html
  https://docs.aws.amazon.com/AmazonS3/latest/API/API_ListParts.html
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from hikeshi.aws.clients import client
from hikeshi.aws.failures import translate
from hikeshi.custody.encrypting_locker import NO_KEY, ORDER, RECIPIENT, EncryptingLocker
from hikeshi.custody.encryption import SUFFIX, Keys
from hikeshi.custody.extents import CHUNK, Source
from hikeshi.custody.hashing import Also, Digests, Told
from hikeshi.custody.locker import Checked, Locker, Sealed
from hikeshi.custody.s3_parts import Body, Part, checksum, parts_of
from hikeshi.custody.s3_place import Place
from hikeshi.errors import Failed, HikeshiError, Refused, Unreadable

AT_ONCE: Final = 4
SECONDS: Final = 60.0
"""How long S3 may be silent."""
ATTEMPTS: Final = 4
"""How often a call is tried: sending the same bytes under the same name again changes nothing."""
ABANDONED: Final = 86_400.0
"""Seconds after which what a dead process left on its way is removed; until then the upload can go on."""
SLACK: Final = timedelta(days=1)
"""A lock that ends this little earlier than one asked for now is left as it is."""
MISSING: Final = frozenset({"404", "NoSuchKey", "NotFound"})
NO_BUCKET: Final = frozenset({"NoSuchBucket"})
SHA256_SAID: Final = {"ChecksumAlgorithm": "SHA256"}
MODES: Final = ("", "GOVERNANCE", "COMPLIANCE")


class _Held(NamedTuple):
    """An object as S3 describes it. `checksum` is base64, without the number of parts that it may be made of."""

    key: str
    size: int
    version: str
    checksum: str
    mode: str
    until: datetime | None


class S3Locker(EncryptingLocker):
    """Objects in one bucket. `earlier` is a locker that is read too: what was sealed before this one was configured."""

    def __init__(
        self,
        place: Place,
        staging: Path,
        keys: Keys | Refused = NO_KEY,
        *,
        encrypt: bool,
        earlier: Locker | None = None,
    ) -> None:
        super().__init__(staging, keys, encrypt=encrypt)
        self.place, self._earlier = place, earlier
        self._staging = EncryptingLocker(staging, keys, encrypt=encrypt)
        self._s3: Any = client("s3", place.region, place.endpoint_url, SECONDS, attempts=ATTEMPTS)
        self._ready = False

    def address(self, sha256: str) -> str:
        """Where these bytes are, or would be. Asks S3."""
        found = self._copies(sha256)
        if not found and self._earlier and self._earlier.check(sha256).result != "could-not-check":
            return self._earlier.address(sha256)
        return f"s3://{self.place.bucket}/{found[-1].key if found else self._key(self._destination(sha256).name)}"

    def open(self, sha256: str) -> BinaryIO:
        """The plain bytes. Raises `Refused` where nothing holds them, `CallFailed` where S3 does not answer."""
        found = self._copies(sha256)
        if not found:
            if self._earlier:
                return self._earlier.open(sha256)
            raise Refused(f"s3://{self.place.bucket}/{self.place.prefix} does not hold {sha256}.")
        stream = self._body(found[-1])
        return self._opened(stream) if found[-1].key.endswith(SUFFIX) else stream

    def check(self, sha256: str, *, sha512: str = "", blake3: str = "") -> Checked:
        """Read the whole object again and hash it here: S3's own checksum is not asked."""
        wanted = Digests(sha256=sha256, size=0, sha512=sha512, blake3=blake3)
        try:
            found = self._copies(sha256)
        except HikeshiError as error:
            return Checked(result="could-not-check", reason=str(error))
        if found:
            return min((self._check_one(held, wanted) for held in found), key=lambda one: ORDER.index(one.result))
        if self._earlier:
            return self._earlier.check(sha256, sha512=sha512, blake3=blake3)
        return Checked(result="could-not-check", reason=f"The bucket {self.place.bucket} does not hold it.")

    def remove(self, sha256: str) -> bool:
        """Every version of the object. Raises `Refused` while Object Lock stands: no right to bypass it is used."""
        gone = False
        for held in self._copies(sha256):
            if held.until and held.until > datetime.now(UTC):
                raise Refused(f"Object Lock keeps it: {self._proof(held)}.", hint="After that time it can go.")
            for version in self._versions(held.key):
                with self._calling("s3:DeleteObjectVersion"):
                    self._s3.delete_object(Bucket=self.place.bucket, Key=held.key, VersionId=version)
            gone = True
        return (self._earlier.remove(sha256) if self._earlier else False) or gone

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
        self._ready = True

    def try_writing(self) -> None:
        """Begin an upload and give it up: proves the right to write, lock and encrypt, and leaves nothing. Raises as sealing does."""
        key = self._key("probe")
        with self._calling("s3:PutObject"):
            begun = self._s3.create_multipart_upload(Bucket=self.place.bucket, Key=key, **self._options())
        with self._calling("s3:AbortMultipartUpload"):
            self._s3.abort_multipart_upload(Bucket=self.place.bucket, Key=key, UploadId=begun["UploadId"])

    def sweep(self) -> int:
        """Remove what dead processes left: parts that never arrived whole here, and after a day uploads that nobody went on with."""
        swept = super().sweep()
        for path in self.root.glob("??/*"):
            with contextlib.suppress(OSError), path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if time.time() - os.fstat(file.fileno()).st_mtime > ABANDONED:
                    path.unlink()
                    swept += 1
        return swept + self._sweep_uploads()

    def _sweep_uploads(self) -> int:
        """Whoever may not list or abort uploads can seal all the same: a rule of the bucket's life cycle may do it instead."""
        oldest, swept = datetime.now(UTC) - timedelta(seconds=ABANDONED), 0
        with contextlib.suppress(HikeshiError):
            for upload in self._uploads(f"{self.place.prefix}/" if self.place.prefix else ""):
                if upload["Initiated"] < oldest:
                    names = {"Bucket": self.place.bucket, "Key": upload["Key"], "UploadId": upload["UploadId"]}
                    with self._calling("s3:AbortMultipartUpload"):
                        self._s3.abort_multipart_upload(**names)
                    swept += 1
        return swept

    def seal_stream(
        self, stream: Source, *, limit: int | None, also: Iterable[Also] = (), told: Told | None = None,
        status: os.stat_result | None = None,
    ) -> Sealed:  # fmt: skip
        self._prepare()
        return self._upload(self._staging.seal_stream(stream, limit=limit, also=also, told=told, status=status))

    def seal_many(
        self, paths: Iterable[Path], *, also: Iterable[Also] = (), twice: bool = False
    ) -> list[Sealed | Unreadable]:
        self._prepare()
        staged = self._staging.seal_many(paths, also=also, twice=twice)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            return list(pool.map(lambda one: self._upload(one) if isinstance(one, Sealed) else one, staged))

    def _prepare(self) -> None:
        if not self._ready:
            self.require_ready()
        if self.encrypt:
            self._note(self.keys.recipients[0])

    def _plain(self, sha256: str, folder: Path) -> Path:
        return self._copied(sha256, folder)

    def _upload(self, staged: Sealed) -> Sealed:
        """Make S3 hold what is staged, and only then give the copy here up. The lock has two that seal the same bytes take turns."""
        key = self._key(staged.path.name)
        try:
            with staged.path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                held = self._sent(key, file, staged)
                staged.path.unlink(missing_ok=True)
        except FileNotFoundError:  # somebody else has just sent it
            found = self._head(key)
            if found is None:
                raise Failed(f"{staged.path} is gone.", permanent=False, hint="Seal it again.") from None
            held = self._locked(found)
        return msgspec.structs.replace(staged, lock_proof=self._proof(held))

    def _sent(self, key: str, file: BinaryIO, staged: Sealed) -> _Held:
        parts = parts_of(file)
        held = self._head(key)
        if held is None:
            (self._send_parts if len(parts) > 1 else self._send_whole)(key, file, parts)
            held = self._head(key)
        if held is None or (held.size, held.checksum) != (sum(one.size for one in parts), checksum(parts)):
            # Bytes encrypted another time, or sent in other parts: only reading them again tells.
            found = self._check_one(held, Digests(sha256=staged.sha256, size=0)) if held else None
            if held is None or found is None or found.result != "match":
                raise Failed(
                    f"s3://{self.place.bucket}/{key} is not as it was sealed ({found.reason if found else 'it is gone'}).",
                    hint="Do not delete it. Look at its versions, note this in the ledger, and seal again.",
                )
        return self._locked(held)

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

    def _locked(self, held: _Held) -> _Held:
        """The object under at least the lock that is asked for. Raises `Failed` where S3 does not say so in the end."""
        until = self._until()
        if until is None or _lasts(held, self.place.mode, until):
            return held
        mode = max(held.mode, self.place.mode.upper(), key=MODES.index)  # never weaker than it is
        with self._calling("s3:PutObjectRetention"):
            self._s3.put_object_retention(
                Bucket=self.place.bucket, Key=held.key, VersionId=held.version,
                Retention={"Mode": mode, "RetainUntilDate": max(until, held.until or until)},
            )  # fmt: skip
        again = self._head(held.key, held.version)
        if again is None or not _lasts(again, self.place.mode, until):
            raise Failed(
                f"s3://{self.place.bucket}/{held.key} is there, but S3 does not say that it is locked.",
                hint="Look at the bucket's Object Lock and seal again: the bytes are not sent twice.",
            )
        return again

    def _until(self) -> datetime | None:
        return datetime.now(UTC) + timedelta(days=self.place.days) if self.place.mode else None

    def _proof(self, held: _Held) -> str:
        until = f"{held.mode} until {held.until.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if held.until else "not locked"
        return f"s3://{self.place.bucket}/{held.key} version {held.version}, {until}"[:300]

    def _options(self) -> dict[str, Any]:
        """What new objects are put under: checksums, the key of KMS, Object Lock."""
        options: dict[str, Any] = dict(SHA256_SAID)
        if self.place.kms_key:
            options |= {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": self.place.kms_key}
        if until := self._until():
            options |= {"ObjectLockMode": self.place.mode.upper(), "ObjectLockRetainUntilDate": until}
        return options

    def _copies(self, sha256: str) -> list[_Held]:
        names = (Locker.path(self, sha256).name, f"{sha256}{SUFFIX}")
        return [held for name in names if (held := self._head(self._key(name)))]

    def _versions(self, key: str) -> list[str]:
        with self._calling("s3:ListBucketVersions"):
            pages = self._s3.get_paginator("list_object_versions").paginate(Bucket=self.place.bucket, Prefix=key)
            found = [one for page in pages for kind in ("DeleteMarkers", "Versions") for one in page.get(kind, ())]
        return [one["VersionId"] for one in found if one["Key"] == key]

    def _head(self, key: str, version: str = "") -> _Held | None:
        which = {"VersionId": version} if version else {}
        try:
            said = self._s3.head_object(Bucket=self.place.bucket, Key=key, ChecksumMode="ENABLED", **which)
        except (ClientError, BotoCoreError) as error:
            failure = translate(error, "s3:GetObject", changing=False)
            if failure.code in MISSING:
                return None
            raise self._hinted(failure) from error
        return _Held(
            key, said["ContentLength"], said.get("VersionId", ""), said.get("ChecksumSHA256", "").partition("-")[0],
            said.get("ObjectLockMode", ""), said.get("ObjectLockRetainUntilDate"),
        )  # fmt: skip

    def _body(self, held: _Held) -> BinaryIO:
        which = {"VersionId": held.version} if held.version else {}
        with self._calling("s3:GetObject"):
            body = self._s3.get_object(Bucket=self.place.bucket, Key=held.key, **which)["Body"]
        return io.BufferedReader(Body(body, f"s3://{self.place.bucket}/{held.key}"), CHUNK)

    def _check_one(self, held: _Held, wanted: Digests) -> Checked:
        try:
            with self._body(held) as stream:
                return self._compare(stream, wanted, encrypted=held.key.endswith(SUFFIX))
        except HikeshiError as error:
            return Checked(result="could-not-check", reason=str(error))

    def _key(self, name: str) -> str:
        return "/".join(part for part in (self.place.prefix, name[:2], name[2:4], name) if part)

    def _noted(self) -> set[str]:
        prefix = "/".join(part for part in (self.place.prefix, "recipients", "") if part or self.place.prefix)
        with self._calling("s3:ListBucket"):
            found = self._s3.list_objects_v2(Bucket=self.place.bucket, Prefix=prefix).get("Contents", ())
        return {name for one in found if RECIPIENT.fullmatch(name := one["Key"].rpartition("/")[2])}

    def _note(self, recipient: str) -> None:
        if recipient not in self._noted():
            key = "/".join(part for part in (self.place.prefix, "recipients", recipient) if part)
            with self._calling("s3:PutObject"):
                self._s3.put_object(Bucket=self.place.bucket, Key=key, Body=b"", **self._options())

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


def _lasts(held: _Held, mode: str, until: datetime) -> bool:
    strong = MODES.index(held.mode) >= MODES.index(mode.upper()) if held.mode in MODES else False
    return strong and held.until is not None and held.until >= until - SLACK
