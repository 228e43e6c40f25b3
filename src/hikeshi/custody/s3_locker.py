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
import os
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from hikeshi.custody.encrypting_locker import NO_KEY, ORDER, RECIPIENT, EncryptingLocker
from hikeshi.custody.encryption import SUFFIX, Keys
from hikeshi.custody.extents import Source
from hikeshi.custody.hashing import Also, Digests, Told
from hikeshi.custody.locker import Checked, Locker, Sealed
from hikeshi.custody.s3_bucket import AT_ONCE, Bucket, Held
from hikeshi.custody.s3_parts import Part, checksum, parts_of
from hikeshi.custody.s3_place import Place
from hikeshi.errors import Failed, HikeshiError, Refused, Unreadable

ABANDONED: Final = 86_400.0
"""Seconds after which what a dead process left on its way is removed; until then the upload can go on."""
SLACK: Final = timedelta(days=1)
"""A lock that ends this little earlier than one asked for now is left as it is."""
MODES: Final = ("", "GOVERNANCE", "COMPLIANCE")


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
        self.place, self.bucket, self._earlier = place, Bucket(place), earlier
        self._staging = EncryptingLocker(staging, keys, encrypt=encrypt)
        self._ready = False

    def address(self, sha256: str) -> str:
        """Where these bytes are, or would be. Asks S3."""
        found = self._copies(sha256)
        if not found and self._earlier and self._earlier.check(sha256).result != "could-not-check":
            return self._earlier.address(sha256)
        return f"s3://{self.place.bucket}/{found[-1].key if found else self.bucket.key(self._destination(sha256).name)}"

    def open(self, sha256: str) -> BinaryIO:
        """The plain bytes. Raises `Refused` where nothing holds them, `CallFailed` where S3 does not answer."""
        found = self._copies(sha256)
        if not found:
            if self._earlier:
                return self._earlier.open(sha256)
            raise Refused(f"s3://{self.place.bucket}/{self.place.prefix} does not hold {sha256}.")
        stream = self.bucket.body(found[-1])
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
            self.bucket.remove_versions(held.key)
            gone = True
        return (self._earlier.remove(sha256) if self._earlier else False) or gone

    def sweep(self) -> int:
        """Remove what dead processes left: parts that never arrived whole here, and after a day uploads that nobody went on with."""
        swept = super().sweep()
        for path in self.root.glob("??/*"):
            with contextlib.suppress(OSError), path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if time.time() - os.fstat(file.fileno()).st_mtime > ABANDONED:
                    path.unlink()
                    swept += 1
        # Whoever may not list or abort uploads can seal all the same: a rule of the bucket's life cycle may do it instead.
        with contextlib.suppress(HikeshiError):
            swept += self.bucket.abort_uploads(datetime.now(UTC) - timedelta(seconds=ABANDONED))
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
            self.bucket.require_ready()
            self._ready = True
        if self.encrypt:
            self._note(self.keys.recipients[0])

    def _plain(self, sha256: str, folder: Path) -> Path:
        return self._copied(sha256, folder)

    def _upload(self, staged: Sealed) -> Sealed:
        """Make S3 hold what is staged, and only then give the copy here up. The lock has two that seal the same bytes take turns."""
        key = self.bucket.key(staged.path.name)
        try:
            with staged.path.open("rb") as file:
                fcntl.flock(file, fcntl.LOCK_EX)
                held = self._sent(key, file, staged)
                staged.path.unlink(missing_ok=True)
        except FileNotFoundError:  # somebody else has just sent it
            found = self.bucket.head(key)
            if found is None:
                raise Failed(f"{staged.path} is gone.", permanent=False, hint="Seal it again.") from None
            held = self._locked(found)
        return msgspec.structs.replace(staged, lock_proof=self._proof(held))

    def _sent(self, key: str, file: BinaryIO, staged: Sealed) -> Held:
        parts = parts_of(file)
        held = self.bucket.head(key)
        if held is None:
            held = self._send(key, file, parts)
        if held is None or (held.size, held.checksum) != (sum(one.size for one in parts), checksum(parts)):
            # Bytes encrypted another time, or sent in other parts: only reading them again tells.
            found = self._check_one(held, Digests(sha256=staged.sha256, size=0)) if held else None
            if held is None or found is None or found.result != "match":
                raise Failed(
                    f"s3://{self.place.bucket}/{key} is not as it was sealed ({found.reason if found else 'it is gone'}).",
                    hint="Do not delete it. Look at its versions, note this in the ledger, and seal again.",
                )
        return self._locked(held)

    def _send(self, key: str, file: BinaryIO, parts: list[Part]) -> Held | None:
        try:
            self.bucket.send(key, file, parts)
        except HikeshiError:
            # Its answer was lost, or another machine finished the same upload: what counts is what S3 holds now.
            if held := self.bucket.head(key):
                return held
            raise
        return self.bucket.head(key)

    def _locked(self, held: Held) -> Held:
        """The object under at least the lock that is asked for. Raises `Failed` where S3 does not say so in the end."""
        until = self.bucket.until()
        if until is None or _lasts(held, self.place.mode, until):
            return held
        mode = max(held.mode, self.place.mode.upper(), key=MODES.index)  # never weaker than it is
        self.bucket.retain(held, mode, max(until, held.until or until))
        again = self.bucket.head(held.key, held.version)
        if again is None or not _lasts(again, self.place.mode, until):
            raise Failed(
                f"s3://{self.place.bucket}/{held.key} is there, but S3 does not say that it is locked.",
                hint="Look at the bucket's Object Lock and seal again: the bytes are not sent twice.",
            )
        return again

    def _proof(self, held: Held) -> str:
        until = f"{held.mode} until {held.until.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}" if held.until else "not locked"
        return f"s3://{self.place.bucket}/{held.key} version {held.version}, {until}"[:300]

    def _copies(self, sha256: str) -> list[Held]:
        names = (Locker.path(self, sha256).name, f"{sha256}{SUFFIX}")
        return [held for name in names if (held := self.bucket.head(self.bucket.key(name)))]

    def _check_one(self, held: Held, wanted: Digests) -> Checked:
        try:
            with self.bucket.body(held) as stream:
                return self._compare(stream, wanted, encrypted=held.key.endswith(SUFFIX))
        except HikeshiError as error:
            return Checked(result="could-not-check", reason=str(error))

    def _noted(self) -> set[str]:
        found = (name.rpartition("/")[2] for name in self.bucket.names(self._recipients() + "/"))
        return {name for name in found if RECIPIENT.fullmatch(name)}

    def _note(self, recipient: str) -> None:
        if recipient not in self._noted():
            self.bucket.put_empty(f"{self._recipients()}/{recipient}")

    def _recipients(self) -> str:
        return f"{self.place.prefix}/recipients" if self.place.prefix else "recipients"


def _lasts(held: Held, mode: str, until: datetime) -> bool:
    strong = MODES.index(held.mode) >= MODES.index(mode.upper()) if held.mode in MODES else False
    return strong and held.until is not None and held.until >= until - SLACK
