"""Where bytes arrive before they are evidence: `incoming` in the locker.

    <random>.part            one file, gone when its process ends in an orderly way
    <random>.batch/          small files that become durable together
    <identity>.beginning     a large file that an interrupted sealing can go on with (see beginning.py)
    <identity>.notes         how much of it is proven
    <identity>.done          a large file of a folder that is sealed already, while the rest of the folder is not

Whoever writes holds a lock on it. What nobody holds was left by a process that died, and is swept.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

from hikeshi.custody.beginning import Beginning
from hikeshi.custody.hashing import Digests

ABANDONED: Final = 60.0
"""Seconds without a write before bytes that nobody holds may be taken for abandoned."""
KEPT: Final = 7 * 86_400.0
"""Seconds that the beginning of a large file waits for somebody to go on with it."""
DONE_LIMIT: Final = 4096


def identity(status: os.stat_result) -> str:
    """A name for a file as it is now: another one as soon as it is written to, replaced, or its times are set."""
    return f"{_inode(status)}{status.st_size:x}-{status.st_mtime_ns:x}-{status.st_ctime_ns:x}"


def _inode(status: os.stat_result) -> str:
    return f"{status.st_dev:x}-{status.st_ino:x}-"


class Part(msgspec.Struct, frozen=True):
    """A file that bytes arrive in. `beginning` is there where an interrupted sealing can be gone on with."""

    descriptor: int
    path: Path
    beginning: Beginning | None = None


class Incoming:
    """The folder. It is made when the first bytes arrive."""

    def __init__(self, folder: Path, *, note_every: int) -> None:
        self.folder, self.note_every = folder, note_every

    @contextlib.contextmanager
    def part(self, source: os.stat_result | None = None) -> Iterator[Part]:
        """A file, gone afterwards unless it was given its name; of a large `source` what is there of it already.

        An error takes the beginning with it. A process that dies, or a person who stops it, leaves it for the next time.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        part = (self._beginning(source) if source else None) or self._fresh()
        kept = False
        try:
            yield part
        except (KeyboardInterrupt, SystemExit):
            kept = part.beginning is not None
            raise
        finally:
            if not kept:
                self._drop(part)  # before the lock goes with the descriptor
            os.close(part.descriptor)

    @contextlib.contextmanager
    def batch(self) -> Iterator[Path]:
        """A folder for many small files, gone afterwards with all that was not given its name."""
        self.folder.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(dir=self.folder, suffix=".batch"))
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield folder
        finally:
            os.close(descriptor)
            shutil.rmtree(folder, ignore_errors=True)

    def done(self, source: os.stat_result) -> Digests | None:
        """What a file was sealed as, where an interrupted sealing of its folder got as far as that."""
        try:
            with self._path(source, "done").open("rb") as stream:
                return msgspec.json.decode(stream.read(DONE_LIMIT), type=Digests)
        except (OSError, msgspec.DecodeError):
            return None

    def note_done(self, source: os.stat_result, digests: Digests) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._path(source, "done").write_bytes(msgspec.json.encode(digests))

    def forget(self, source: os.stat_result) -> None:
        """The whole folder is sealed: its notes have served."""
        self._path(source, "done").unlink(missing_ok=True)

    def sweep(self) -> int:
        """Remove what processes that died left here, and say how many. What is still being written is locked and stays."""
        return sum(self._swept(path) for path in self.folder.glob("*.*"))

    def _swept(self, path: Path) -> bool:
        patience = ABANDONED if path.suffix in (".part", ".batch") else KEPT
        with contextlib.suppress(OSError), _held(path) as descriptor:
            if time.time() - os.fstat(descriptor).st_mtime > patience:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
                return True
        return False

    def _fresh(self) -> Part:
        descriptor, name = tempfile.mkstemp(dir=self.folder, suffix=".part")
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        return Part(descriptor, Path(name))

    def _beginning(self, source: os.stat_result) -> Part | None:
        """What there is of this source; None where another process is at it. What there is of it as it was before goes."""
        path = self._path(source, "beginning")
        for old in self.folder.glob(f"{_inode(source)}*.beginning"):
            if old != path:
                with contextlib.suppress(OSError), _held(old):
                    old.unlink()
                    old.with_suffix(".notes").unlink(missing_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.path.samestat(os.fstat(descriptor), path.stat()):
                raise FileNotFoundError(
                    path
                )  # whoever held it has just made evidence of it: not to be touched any more
        except OSError:
            os.close(descriptor)
            return None
        return Part(descriptor, path, Beginning(path.with_suffix(".notes"), every=self.note_every))

    @staticmethod
    def _drop(part: Part) -> None:
        part.path.unlink(missing_ok=True)
        if part.beginning:
            part.beginning.notes.unlink(missing_ok=True)

    def _path(self, source: os.stat_result, kind: str) -> Path:
        return self.folder / f"{identity(source)}.{kind}"


@contextlib.contextmanager
def _held(path: Path) -> Iterator[int]:
    """Holds what nobody else holds. Raises OSError otherwise."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield descriptor
    finally:
        os.close(descriptor)
