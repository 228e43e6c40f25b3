"""A locker whose files are encrypted at rest; it reads plain files and encrypted ones side by side.

    <root>/ab/abcd...          plain, as before a key was configured
    <root>/ab/abcd....age      encrypted; the name is the SHA-256 of the plain bytes all the same
    <root>/recipients          the public keys that anything here was encrypted for, one a line

The list of public keys is what tells a wrong key from a damaged file: where we hold the key of every line, a file that no key opens has
been changed. Where a line is not ours, or the list is gone, nobody can know, and the answer is "could-not-check".
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from io import FileIO
from pathlib import Path
from typing import BinaryIO, Final

from hikeshi.custody.copying import refuse_if_too_large
from hikeshi.custody.disk import naming_disk_errors, sync_folder
from hikeshi.custody.encryption import SUFFIX, Damaged, Keys, NoKey
from hikeshi.custody.extents import CHUNK, Source, read_chunk
from hikeshi.custody.hashing import Also, Digests, Hashing
from hikeshi.custody.locker import Checked, Locker, Sealed, compared
from hikeshi.errors import HikeshiError, Refused

RECIPIENT: Final = re.compile(r"age1[0-9a-z]{58}")
RECIPIENTS_LIMIT: Final = 1024 * 1024
NO_KEY: Final = Refused("It is encrypted, and no key is configured.", hint="Set HIKESHI_LOCKER_KEY to the key's file.")
ORDER: Final = ("mismatch", "match", "could-not-check")
"""Of two copies of the same bytes, a changed one is told before all else, and one that is whole proves them."""


class EncryptingLocker(Locker):
    """Encrypts what it seals where `encrypt` says so. Without a key encrypted files stay closed, and are never called changed.

    `keys` is the keys, or why there are none: that is raised where one is needed, so that plain files can be read all the same.
    """

    def __init__(self, root: Path, keys: Keys | Refused = NO_KEY, *, encrypt: bool = True) -> None:
        super().__init__(root)
        self._given, self.encrypt = keys, encrypt

    @property
    def keys(self) -> Keys:
        if isinstance(self._given, Refused):
            raise Refused(self._given.message, hint=self._given.hint)
        return self._given

    @property
    def as_they_come(self) -> bool:
        return not self.encrypt

    def path(self, sha256: str) -> Path:
        """Where these bytes are, encrypted or plain, or would be."""
        plain = super().path(sha256)
        closed = Path(f"{plain}{SUFFIX}")
        return closed if closed.exists() or (self.encrypt and not plain.exists()) else plain

    def open(self, sha256: str) -> BinaryIO:
        """The plain bytes. Beside what the plain locker raises: `Refused` without a key, and while reading `NoKey` or `Damaged`."""
        encrypted = self.path(sha256).suffix == SUFFIX
        stream = super().open(sha256)
        return self._opened(stream) if encrypted else stream

    def check(self, sha256: str, *, sha512: str = "", blake3: str = "") -> Checked:
        copies = [path for path in (super().path(sha256), self._closed(sha256)) if path.exists()]
        wanted = Digests(sha256=sha256, size=0, sha512=sha512, blake3=blake3)
        results = [self._check(path, wanted) for path in copies or [self.path(sha256)]]
        return min(results, key=lambda one: ORDER.index(one.result))

    def remove(self, sha256: str) -> bool:
        """Both forms of the bytes, where both are here."""
        removed = super().remove(sha256)  # what `path` names, the encrypted one first
        return (super().remove(sha256) if self.path(sha256).exists() else False) or removed

    @contextmanager
    def plain(self, names: Iterable[str]) -> Iterator[dict[str, Path]]:
        """As `Locker.plain`; copies are for our eyes only, and those of a process that died go with the next one."""
        readers = self.root / "reading"
        readers.mkdir(mode=0o700, parents=True, exist_ok=True)
        _forget_the_dead(readers)
        with naming_disk_errors(self.root, None), tempfile.TemporaryDirectory(dir=readers) as folder:
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX)
                files = {sha256: self._plain(sha256, Path(folder)) for sha256 in dict.fromkeys(names)}
                yield files
            finally:
                os.close(descriptor)

    def _plain(self, sha256: str, folder: Path) -> Path:
        path = self.path(sha256)
        return self._copied(sha256, folder) if path.suffix == SUFFIX else path

    def _copied(self, sha256: str, folder: Path) -> Path:
        target = folder / sha256
        with self.open(sha256) as stream, target.open("xb") as file:
            shutil.copyfileobj(stream, file, CHUNK)
        return target

    def _opened(self, stream: BinaryIO) -> BinaryIO:
        try:
            return self.keys.opened(stream)
        except Refused:
            stream.close()
            raise

    def _closed(self, sha256: str) -> Path:
        return Path(f"{super().path(sha256)}{SUFFIX}")

    def _destination(self, sha256: str) -> Path:
        return self._closed(sha256) if self.encrypt else super()._destination(sha256)

    def _write(self, stream: Source, descriptor: int, limit: int | None, also: Iterable[Also] = ()) -> Digests:
        if not self.encrypt:
            return super()._write(stream, descriptor, limit, also)
        hashing = Hashing(also)
        self.keys.encrypt(_Hashed(stream, hashing, limit), FileIO(descriptor, "w", closefd=False))
        return hashing.digests()

    def _place(self, part: Path, digests: Digests) -> Sealed:
        if self.encrypt:
            self._note(self.keys.recipients[0])
        return super()._place(part, digests)

    def _check(self, path: Path, wanted: Digests) -> Checked:
        try:
            with path.open("rb", CHUNK) as stream:
                return self._compare(stream, wanted, encrypted=path.suffix == SUFFIX)
        except OSError as error:
            return Checked(result="could-not-check", reason=f"{path} cannot be read: {error.strerror}")

    def _compare(self, stream: BinaryIO, wanted: Digests, *, encrypted: bool) -> Checked:
        """The verdict on stored bytes. What reading them raises, except for what their encryption tells, is raised."""
        hashing = Hashing(name for name in ("sha512", "blake3") if getattr(wanted, name))
        try:
            if encrypted:
                self.keys.decrypt(stream, _IntoHashes(hashing))
            else:
                while chunk := stream.read(CHUNK):
                    hashing.update(chunk)
        except NoKey as error:
            if self._all_ours():
                return Checked(result="mismatch", reason="Its header is damaged: our keys no longer open it.")
            return Checked(result="could-not-check", reason=str(error))
        except Damaged as error:
            return Checked(result="mismatch", reason=error.message)
        except HikeshiError as error:
            return Checked(result="could-not-check", reason=str(error))
        return compared(hashing.digests(), wanted)

    def _all_ours(self) -> bool:
        """Whether we hold the key of everything here, so that what does not open cannot be for somebody else."""
        noted = self._noted()
        return bool(noted) and noted <= set(self.keys.recipients)

    def _noted(self) -> set[str]:
        try:
            with (self.root / "recipients").open("rb") as stream:
                return set(stream.read(RECIPIENTS_LIMIT).decode("utf-8", "replace").split())
        except OSError:
            return set()

    def _note(self, recipient: str) -> None:
        """Make a public key durable in the list before anything that it encrypted gets a name."""
        if recipient in self._noted():
            return
        descriptor = os.open(self.root / "recipients", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644)
        with os.fdopen(descriptor, "w") as stream:
            stream.write(recipient + "\n")
            stream.flush()
            os.fsync(stream.fileno())
        sync_folder(self.root)


def _forget_the_dead(readers: Path) -> None:
    for folder in readers.iterdir():
        with suppress(OSError):
            descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder)
            finally:
                os.close(descriptor)


class _Hashed:
    """A source that is hashed and counted as it is read, a large piece at a time whatever is asked for."""

    def __init__(self, stream: Source, hashing: Hashing, limit: int | None) -> None:
        self._stream, self._hashing, self._limit = stream, hashing, limit
        self._chunk, self._at, self._total = b"", 0, 0

    def read(self, size: int, /) -> bytes:
        if self._at == len(self._chunk):
            self._chunk, self._at = read_chunk(self._stream), 0
            self._total += len(self._chunk)
            refuse_if_too_large(self._total, self._limit)
            self._hashing.update(self._chunk)
        piece = self._chunk[self._at : self._at + size]
        self._at += len(piece)
        return piece


class _IntoHashes:
    def __init__(self, hashing: Hashing) -> None:
        self._hashing = hashing

    def write(self, chunk: bytes, /) -> int:
        self._hashing.update(chunk)
        return len(chunk)
