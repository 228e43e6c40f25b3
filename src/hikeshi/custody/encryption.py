"""Evidence encrypted at rest, in the age format (https://age-encryption.org/v1): stock `age -d -i KEY FILE` opens it without us.

Every 64 KiB of an age file carry an authentication code, its header another one, so that a changed bit, a cut tail and bytes added at
the end are all found while decrypting. What the format cannot tell apart by itself is a key that never fitted and a damaged key slot
in the header: both open nothing. `NoKey` means either, and who keeps the files decides (see `vault.py`).
"""

from __future__ import annotations

import contextlib
import fcntl
import io
import os
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO, Final, Protocol

import pyrage

from hikeshi.custody.disk import sync_folder
from hikeshi.errors import Failed, Refused

SUFFIX: Final = ".age"
KEY_LIMIT: Final = 64 * 1024
"""Bytes of a key file. A larger one is not a key."""
PIPE: Final = 1024 * 1024
NO_KEY: Final = "No matching keys found"
"""What pyrage says when no key slot opens."""


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class Writable(Protocol):
    def write(self, chunk: bytes, /) -> Any: ...


class NoKey(Failed):
    """None of the keys opens it: it is for another key, or its header is damaged."""


class Damaged(Failed):
    """It is not what was encrypted."""


class Keys:
    """The keys of identity files. The very first encrypts, all of them decrypt: a new key goes on top, and the old ones stay."""

    def __init__(self, path: Path, *more: Path) -> None:
        """Raises `Refused` for a file that is missing, readable by others, or holds no age key."""
        self.path = path
        self._identities = [one for each in (path, *more) for one in _identities(each)]
        self.recipients: Final = tuple(str(one.to_public()) for one in self._identities)
        """The public keys, age1..., in the order of the file."""

    def encrypt(self, source: Readable, target: Writable) -> None:
        """All of `source` into `target`. What reading or writing raises is raised."""
        _carry(pyrage.encrypt_io, source, target, [self._identities[0].to_public()])

    def decrypt(self, source: Readable, target: Writable) -> None:
        """All of `source` into `target`, which gets only bytes that were authenticated, but may get them before the end is known.

        Raises `NoKey`, `Damaged`, and what reading or writing raises.
        """
        _carry(pyrage.decrypt_io, source, target, self._identities)

    def opened(self, source: BinaryIO) -> BinaryIO:
        """The plain bytes of `source` as a stream; closing it closes `source`. Reading raises what `decrypt` raises, at the latest at the end."""
        return io.BufferedReader(_Opened(self, source), PIPE)


def make_key(path: Path) -> str:
    """Write a new key as `age-keygen` does, readable by its owner only; the public key. An existing file is never touched."""
    identity = pyrage.x25519.Identity.generate()
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.NamedTemporaryFile("w", dir=path.parent) as stream:  # 0600
            stream.write(f"# public key: {identity.to_public()}\n{identity}\n")
            stream.flush()
            os.fsync(stream.fileno())
            os.link(stream.name, path)  # whole or not at all
        sync_folder(path.parent)
    except FileExistsError as error:
        raise Refused(f"{path} exists and is left alone.", hint="Name another file.") from error
    except OSError as error:
        raise Failed(f"The key {path} cannot be written: {error.strerror}.", hint="Check the folder.") from error
    return str(identity.to_public())


def _identities(path: Path) -> list[Any]:
    lines = [line.strip() for line in _lines(path)]
    secrets = [line for line in lines if line and not line.startswith("#")]
    try:
        found = [pyrage.x25519.Identity.from_str(line) for line in secrets]
    except pyrage.IdentityError:  # its text could hold the key
        raise Refused(f"{path} holds a line that is not an age key.", hint="`age-keygen` makes one.") from None
    if not found:
        raise Refused(f"{path} holds no age key.", hint="`hikeshi evidence make-key` makes one.")
    return found


def _lines(path: Path) -> list[str]:
    try:
        with path.open("rb") as stream:
            mode, content = os.fstat(stream.fileno()).st_mode, stream.read(KEY_LIMIT)
    except OSError as error:
        raise Refused(
            f"The key {path} cannot be read: {error.strerror}.", hint="`hikeshi evidence make-key` makes one."
        ) from error
    if mode & 0o077:
        raise Refused(f"Others may read the key {path}.", hint=f"chmod 600 {path}")
    return content.decode("utf-8", "replace").splitlines()


def _carry(work: Callable[[Any, Any, Any], None], source: Readable, target: Writable, keys: list[Any]) -> None:
    reading, writing = _Reading(source), _Writing(target)
    try:
        work(reading, writing, keys)
    except (pyrage.EncryptError, pyrage.DecryptError, OSError) as error:
        # Of what our side raised pyrage keeps only the words; an OSError that is not ours is a piece that fails its check.
        if problem := reading.problem or writing.problem:
            raise problem from error
        said = str(error).partition("\n")[0]
        if NO_KEY in said:
            raise NoKey("None of the keys opens it.", hint="Give the key it was encrypted for.") from error
        raise Damaged(f"It is damaged ({said}).") from error


class _Reading:
    """Remembers what went wrong: pyrage reports only the words of it."""

    def __init__(self, inner: Readable) -> None:
        self.inner, self.problem = inner, None  # type: Readable, Exception | None

    def read(self, size: int) -> bytes:
        try:
            return self.inner.read(size)
        except Exception as problem:
            self.problem = problem
            raise


class _Writing:
    """As `_Reading`; and takes every byte, where an unbuffered file may take some."""

    def __init__(self, inner: Writable) -> None:
        self.inner, self.problem = inner, None  # type: Writable, Exception | None

    def write(self, chunk: bytes) -> int:
        try:
            rest = memoryview(chunk)
            while rest:
                taken = self.inner.write(rest)  # type: ignore[arg-type]
                rest = rest[len(rest) if taken is None else taken :]
        except Exception as problem:
            self.problem = problem
            raise
        return len(chunk)

    def flush(self) -> None:
        """Nothing is held back here."""


class _Opened(io.RawIOBase):
    """Decrypts in a thread of its own, through a pipe."""

    def __init__(self, keys: Keys, source: BinaryIO) -> None:
        self._problem: Exception | None = None
        taking, giving = os.pipe()
        with contextlib.suppress(OSError):  # a limit of the user's pipes
            fcntl.fcntl(giving, fcntl.F_SETPIPE_SZ, PIPE)
        self._taking, self._source = io.FileIO(taking), source
        self._thread = threading.Thread(target=self._run, args=(keys, io.FileIO(giving, "w")), daemon=True)
        self._thread.start()

    def _run(self, keys: Keys, giving: io.FileIO) -> None:
        try:
            with giving:
                keys.decrypt(self._source, giving)
        except Exception as problem:  # noqa: BLE001 - raised by whoever reads
            self._problem = problem

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count = self._taking.readinto(buffer) or 0
        if not count:
            self._thread.join()
            if self._problem:
                raise self._problem
        return count

    def close(self) -> None:
        if not self.closed:
            self._taking.close()  # whoever still decrypts notices
            self._thread.join()
            self._source.close()
        super().close()
