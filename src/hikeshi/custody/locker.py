"""The evidence locker: bytes kept by their SHA-256 in a local folder, written once and made read-only.

    <root>/ab/cd/abcd...          the bytes, mode 0444
    <root>/incoming/              bytes still arriving; nothing here is evidence yet

Bytes get their name only when they are complete, hashed, on the disk and read-only, by one rename. So a name in the locker is a
promise: whatever goes wrong before leaves nothing behind.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Final, Literal

import msgspec

from hikeshi.custody.copying import CHUNK, Also, Digests, Hashing, Source, copy_hashed, refuse_if_too_large
from hikeshi.custody.disk import naming_disk_errors, open_source, refuse_if_no_room, sync_folder
from hikeshi.custody.manifest import Manifest, ManifestEntry, Progress, describe, walk
from hikeshi.errors import Failed, Refused, Unreadable

SHA256: Final = re.compile(r"[0-9a-f]{64}")
SWEEP_AFTER: Final = 60.0
"""Seconds without a write before bytes in `incoming` may be taken for abandoned."""

WAITERS: Final = 8
"""Files of a tree sealed at a time: each waits for the disk to confirm it, and the disk confirms many at once."""

Check = Literal["match", "mismatch", "could-not-check"]


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes in the locker. `size` is in bytes. `source_changed` says that the file was written to while it was read."""

    sha256: str
    size: int
    path: Path
    sha512: str = ""
    blake3: str = ""
    source_changed: bool = False
    lock_proof: str = ""
    """What the storage says of keeping them: address, version and object lock. Empty where it says nothing."""


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What reading sealed bytes again told; `reason` says why it is no match."""

    result: Check
    reason: str = ""


class Locker:
    """A folder of sealed bytes. Several processes may share one; `root` is made when the first bytes arrive.

    A locker that keeps its bytes in another form or place overrides `open`, `check`, `plain`, `_write` and
    `_destination` or `_place`.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    def seal(self, source: BinaryIO | Path, *, limit: int | None = None) -> Sealed:
        """Copy `source` in while hashing it. The same bytes again give the same file, and are not kept twice.

        `limit` is the largest size accepted, in bytes. Raises `Refused` beyond it, `Failed(permanent=False)` when the disk is full or
        faulty, `Unreadable` when the source cannot be read. In each case nothing is left behind.
        """
        if isinstance(source, Path):
            return self._seal_file(source, limit=limit, follow=True)
        return self._seal_stream(source, limit=limit, needed=None)

    def seal_tree(self, source: Path | Sequence[Path], progress: Progress | None = None) -> tuple[Sealed, Manifest]:
        """Seal every file under a folder, or each of the files named, then seal the manifest that lists them.

        Symbolic links are recorded and not followed. What is not a file, cannot be read, or changes while being read is recorded as
        such, and the rest goes on. `progress(path, done, total)` is called after each file and at the end.
        """
        found = sorted(walk(source))
        entries: list[ManifestEntry] = []
        with ThreadPoolExecutor(WAITERS) as pool:
            for entry in pool.map(lambda one: self._seal_entry(*one), found):
                if progress:
                    progress(entry.path, len(entries), len(found))
                entries.append(entry)
        if progress:
            progress("", len(found), len(found))
        manifest = Manifest(entries=tuple(entries))
        return self.seal(BytesIO(manifest.canonical)), manifest

    def path(self, sha256: str) -> Path:
        """Where these bytes are, or would be. Raises `Refused` for anything but 64 lower-case hex digits."""
        if not SHA256.fullmatch(sha256):
            raise Refused(f"{sha256[:80]!r} is not a SHA-256 in lower-case hex.")
        return self.root / sha256[:2] / sha256[2:4] / sha256

    def open(self, sha256: str) -> BinaryIO:
        """The sealed bytes, for reading. Raises `Refused` where the locker does not hold them."""
        path = self.path(sha256)
        try:
            return path.open("rb")
        except FileNotFoundError as error:
            raise Refused(f"The locker {self.root} does not hold {sha256}.") from error
        except OSError as error:
            raise Failed(f"{path} cannot be opened: {error.strerror}.", hint="Check its owner and the disk.") from error

    def address(self, sha256: str) -> str:
        """Where these bytes are, for people."""
        return str(self.path(sha256))

    @contextlib.contextmanager
    def plain(self, names: Iterable[str]) -> Iterator[dict[str, Path]]:
        """Files that readers of files can open, by SHA-256: here the sealed ones themselves.

        What is kept elsewhere or encrypted is copied under its SHA-256, for as long as this lasts. Raises as `open` does.
        """
        yield {sha256: self.path(sha256) for sha256 in names}

    def verify(self, sha256: str, *, sha512: str = "", blake3: str = "") -> Check:
        """`check` without its reason."""
        return self.check(sha256, sha512=sha512, blake3=blake3).result

    def check(self, sha256: str, *, sha512: str = "", blake3: str = "") -> Checked:
        """Hash the bytes again and compare with every hash given.

        `could-not-check` covers a file that is gone or cannot be read: neither proves a change.
        """
        recorded: dict[Also, str] = {"sha512": sha512, "blake3": blake3}
        hashing = Hashing(name for name, value in recorded.items() if value)
        try:
            with self.path(sha256).open("rb", buffering=0) as stream:
                while chunk := stream.read(CHUNK):
                    hashing.update(chunk)
        except OSError as error:
            return Checked(result="could-not-check", reason=f"{self.path(sha256)} cannot be read: {error.strerror}")
        return compared(hashing.digests(), Digests(sha256=sha256, size=0, sha512=sha512, blake3=blake3))

    def remove(self, sha256: str) -> bool:
        """Take bytes out for good: the end of evidence that two people have decided on. False where they were not here.

        Raises `Refused` while the storage's own lock stands, `Failed` when the disk does not let go of them.
        """
        path = self.path(sha256)
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise Failed(
                f"{path} cannot be removed: {error.strerror}.", hint="Check its owner and the disk."
            ) from error
        sync_folder(path.parent)
        return True

    def sweep(self) -> int:
        """Remove what processes that died left in `incoming`, and say how many. Bytes still being written are locked and stay."""
        swept = 0
        for path in (self.root / "incoming").glob("*.part"):
            with contextlib.suppress(OSError), path.open("rb") as stream:
                fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if time.time() - os.fstat(stream.fileno()).st_mtime > SWEEP_AFTER:
                    path.unlink()
                    swept += 1
        return swept

    def _seal_file(self, path: Path, *, limit: int | None, follow: bool) -> Sealed:
        with open_source(path, follow=follow) as stream:
            before = os.fstat(stream.fileno())
            refuse_if_too_large(before.st_size, limit)
            sealed = self._seal_stream(stream, limit=limit, needed=before.st_size)
            after = os.fstat(stream.fileno())
        changed = (before.st_size, before.st_mtime_ns) != (
            after.st_size,
            after.st_mtime_ns,
        ) or sealed.size != after.st_size
        return msgspec.structs.replace(sealed, source_changed=changed)

    def _seal_stream(self, stream: Source, *, limit: int | None, needed: int | None) -> Sealed:
        with naming_disk_errors(self.root, needed), self._part() as (descriptor, part):
            refuse_if_no_room(self.root, needed)
            os.fchmod(descriptor, 0o444)
            digests = self._write(stream, descriptor, limit)
            os.fsync(descriptor)
            return self._place(part, digests)

    def _write(self, stream: Source, descriptor: int, limit: int | None, also: Iterable[Also] = ()) -> Digests:
        """Put a stream into the empty part behind `descriptor`. The digests are of what came, whatever form it is kept in.

        Need not be durable: the part is synced afterwards, then `_place` gives it its name.
        """
        return copy_hashed(stream, descriptor, limit, also)

    @contextlib.contextmanager
    def _part(self) -> Iterator[tuple[int, Path]]:
        """A file in `incoming`, gone afterwards unless it was given its name. The lock tells `sweep` that we live."""
        incoming = self.root / "incoming"
        incoming.mkdir(parents=True, exist_ok=True)
        descriptor, name = tempfile.mkstemp(dir=incoming, suffix=".part")
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield descriptor, Path(name)
        finally:
            os.close(descriptor)
            Path(name).unlink(missing_ok=True)

    def _place(self, part: Path, digests: Digests) -> Sealed:
        """Give complete, durable bytes their name. A copy already there is believed only after hashing it."""
        path = self._destination(digests.sha256)
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            part.rename(path)
            for folder in (path.parent, path.parent.parent, self.root):
                sync_folder(folder)
        elif (state := self.verify(digests.sha256)) != "match":
            raise Failed(
                f"The locker already holds {path}, but not as it was sealed ({state}).",
                hint="Do not delete it. Move it aside, note this in the ledger, and seal again.",
            )
        return Sealed(path=path, **msgspec.structs.asdict(digests))

    def _destination(self, sha256: str) -> Path:
        """The name that complete bytes get."""
        return self.path(sha256)

    def _seal_entry(self, name: str, path: Path) -> ManifestEntry:
        """One line of the manifest; what cannot be read becomes a line that says so."""
        entry = describe(name, path)
        if entry.kind != "file":
            return entry
        try:
            sealed = self._seal_file(path, limit=None, follow=False)
        except Unreadable as error:
            return msgspec.structs.replace(entry, kind="unreadable", note=error.message)
        note = "changed while it was read" if sealed.source_changed else ""
        return msgspec.structs.replace(entry, sha256=sealed.sha256, size=sealed.size, note=note)


def compared(found: Digests, wanted: Digests) -> Checked:
    """The verdict on bytes that were hashed again. The size is not compared: the hash covers it."""
    same = (found.sha256, found.sha512, found.blake3) == (wanted.sha256, wanted.sha512, wanted.blake3)
    return Checked(result="match") if same else Checked(result="mismatch", reason=f"Its SHA-256 is {found.sha256} now.")
