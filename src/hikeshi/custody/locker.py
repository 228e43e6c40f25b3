"""The evidence locker: bytes kept by their SHA-256 in a local folder, written once and made read-only.

    <root>/ab/abcd...     the bytes, mode 0444
    <root>/incoming/      bytes still arriving (see incoming.py); nothing here is evidence yet

Bytes get their name only when they are complete, hashed, on the disk and read-only, by one rename. So a name in the locker is a
promise: whatever goes wrong before leaves nothing behind.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO, FileIO
from pathlib import Path
from typing import BinaryIO, Final, Literal

import msgspec

from hikeshi.custody.copying import copy_hashed, refuse_if_too_large
from hikeshi.custody.disk import naming_disk_errors, open_source, refuse_if_no_room, sync_file_system, sync_folder
from hikeshi.custody.extents import Source, allocated
from hikeshi.custody.hashing import Also, Digests, Told, hash_stream
from hikeshi.custody.incoming import Incoming, identity
from hikeshi.custody.manifest import Manifest, Progress
from hikeshi.custody.rereading import Second, read_again
from hikeshi.custody.tree import Tree
from hikeshi.errors import Failed, Refused, Unreadable

SHA256: Final = re.compile(r"[0-9a-f]{64}")
RESUMED: Final = 512 * 1024 * 1024
FOLDERS: Final = 8
"""Files up to which the folder of each is synced by itself."""

Check = Literal["match", "mismatch", "could-not-check"]


class Sealed(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes in the locker. `size` is in bytes. `source_changed` says that the file was written to while it was read.

    `present` is how many of the bytes were here before: of an interrupted sealing, or because the same bytes were sealed already.
    """

    sha256: str
    size: int
    path: Path
    sha512: str = ""
    blake3: str = ""
    present: int = 0
    source_changed: bool = False
    second_reading: Second = ""
    lock_proof: str = ""
    """What the storage says of keeping them: address, version and object lock. Empty where it says nothing."""

    @property
    def digests(self) -> Digests:
        return Digests(sha256=self.sha256, size=self.size, sha512=self.sha512, blake3=self.blake3)


class Checked(msgspec.Struct, frozen=True, kw_only=True):
    """What reading sealed bytes again told; `reason` says why it is no match."""

    result: Check
    reason: str = ""


class Locker:
    """A folder of sealed bytes. Several processes may share one; `root` is made when the first bytes arrive.

    A locker that keeps its bytes in another form or place overrides `open`, `check`, `plain`, `as_they_come`, `_write` and
    `_destination` or `_place`. `resumed_from` is the size in bytes from which on an interrupted sealing can be gone on with.
    """

    def __init__(self, root: Path, *, resumed_from: int = RESUMED) -> None:
        self.root, self.resumed_from = root, resumed_from
        self.incoming = Incoming(root / "incoming", note_every=resumed_from // 2)

    def seal(
        self, source: BinaryIO | Path, *, limit: int | None = None, also: Iterable[Also] = (), twice: bool = False,
        told: Told | None = None,
    ) -> Sealed:  # fmt: skip
        """Copy `source` in while hashing it. The same bytes again give the same file, and are not kept twice.

        `limit` is the largest size accepted, in bytes. `also` names hashes beside SHA-256. A file is read a second time and compared
        when it changed while it was read, or when `twice` says so. `told` is called with the bytes done.

        Raises `Refused` beyond the limit, `Failed(permanent=False)` when the disk is full or faulty, `Unreadable` when the source
        cannot be read. In each case nothing is left behind. Where the process is ended before it is done, the next sealing of the
        same large file goes on where this one was.
        """
        if isinstance(source, Path):
            return self.seal_file(source, limit=limit, also=also, twice=twice, told=told)
        return self.seal_stream(source, limit=limit, also=also, told=told)

    def seal_tree(
        self, source: Path | Sequence[Path], progress: Progress | None = None, *, also: Iterable[Also] = (),
        twice: bool = False,
    ) -> tuple[Sealed, Manifest]:  # fmt: skip
        """Seal every file under a folder, or each of the files named, then seal the manifest that lists them.

        Symbolic links are recorded and not followed. What is not a file, cannot be read, or changes while being read is recorded as
        such, and the rest goes on. `progress(path, done, total)` is called as bytes are done, and at the end.
        """
        tree = Tree(self, source, progress, also=also, twice=twice)
        manifest = tree.sealed()
        sealed = self.seal(BytesIO(manifest.canonical), also=also)
        return msgspec.structs.replace(sealed, present=tree.present), manifest

    def seal_file(
        self, path: Path, *, limit: int | None = None, follow: bool = True, also: Iterable[Also] = (),
        twice: bool = False, told: Told | None = None, of_tree: bool = False,
    ) -> Sealed:  # fmt: skip
        """`seal` for a file. `follow` allows a symbolic link; `of_tree` keeps in mind what it was sealed as (`Incoming.done`)."""
        also = tuple(also)
        with open_source(path, follow=follow) as stream:
            before = os.fstat(stream.fileno())
            refuse_if_too_large(before.st_size, limit)
            sealed = self._done(before, also) if of_tree else None
            if sealed is None:
                sealed = self.seal_stream(stream, limit=limit, also=also, told=told, status=before)
            if of_tree:
                self.incoming.note_done(before, sealed.digests)
            return self._compared_with_source(sealed, stream, before, twice=twice)

    def seal_many(
        self, paths: Iterable[Path], *, also: Iterable[Also] = (), twice: bool = False
    ) -> list[Sealed | Unreadable]:
        """Seal small files that become durable together. For what cannot be read its error is given; links are not followed."""
        also = tuple(also)
        with naming_disk_errors(self.root, None), self.incoming.batch() as folder:
            arrived = [
                self._arrive(path, Path(f"{folder}/{number}.part"), also, twice=twice)
                for number, path in enumerate(paths)
            ]
            sync_file_system(folder)
            # From here on all of them are whole, hashed and on the disk.
            placed = [one if isinstance(one, Unreadable) else self._named(one) for one in arrived]
            self._settle([one for one in placed if isinstance(one, Sealed)])
        return placed

    def path(self, sha256: str) -> Path:
        """Where these bytes are, or would be. Raises `Refused` for anything but 64 lower-case hex digits."""
        if not SHA256.fullmatch(sha256):
            raise Refused(f"{sha256[:80]!r} is not a SHA-256 in lower-case hex.")
        return self.root.joinpath(sha256[:2], sha256)

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
        path = self.path(sha256)
        try:
            with path.open("rb", buffering=0) as stream:
                found = hash_stream(stream, [name for name, value in recorded.items() if value]).digests()
        except OSError as error:
            return Checked(result="could-not-check", reason=f"{path} cannot be read: {error.strerror}")
        except Unreadable as error:
            return Checked(result="could-not-check", reason=error.message)
        return compared(found, Digests(sha256=sha256, size=0, sha512=sha512, blake3=blake3))

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
        """Remove what processes that died left behind, and say how many files. What is still being written stays."""
        return self.incoming.sweep()

    @property
    def as_they_come(self) -> bool:
        """Whether bytes are written one for one as they come: only then can somebody go on with what is there of a file."""
        return True

    def seal_stream(
        self, stream: Source, *, limit: int | None, also: Iterable[Also] = (), told: Told | None = None,
        status: os.stat_result | None = None,
    ) -> Sealed:  # fmt: skip
        """`seal` for a stream; `status` describes the file that it reads, where it is one."""
        needed = allocated(status) if status else None
        large = status if status and status.st_size >= self.resumed_from and self.as_they_come else None
        with naming_disk_errors(self.root, needed), self.incoming.part(large) as part:
            refuse_if_no_room(self.root, needed, os.fstat(part.descriptor).st_blocks * 512)
            if self.as_they_come:
                digests = copy_hashed(stream, part.descriptor, limit, also, beginning=part.beginning, told=told)
            else:
                digests = self._write(stream, part.descriptor, limit, also)
            os.fchmod(part.descriptor, 0o444)
            os.fsync(part.descriptor)
            sealed = self._place(part.path, digests)
            self._settle([sealed])
        kept = part.beginning.kept if part.beginning else 0
        return msgspec.structs.replace(sealed, present=max(kept, sealed.present))

    def _done(self, status: os.stat_result, also: tuple[Also, ...]) -> Sealed | None:
        """A file that an interrupted sealing of its folder got done with, if the locker still has its bytes unchanged."""
        found = self.incoming.done(status)
        if found is None or not all(getattr(found, name) for name in also):
            return None
        if self.verify(found.sha256, sha512=found.sha512, blake3=found.blake3) != "match":
            return None
        return Sealed(path=self.path(found.sha256), present=found.size, **msgspec.structs.asdict(found))

    @staticmethod
    def _compared_with_source(sealed: Sealed, stream: FileIO, before: os.stat_result, *, twice: bool) -> Sealed:
        """What the source is now, beside what it was sealed as."""
        after = os.fstat(stream.fileno())
        changed = identity(before) != identity(after) or sealed.size != after.st_size
        second = read_again(stream, sealed.digests) if changed or twice else ""
        return msgspec.structs.replace(sealed, source_changed=changed, second_reading=second)

    def _arrive(self, path: Path, part: Path, also: tuple[Also, ...], *, twice: bool) -> Sealed | Unreadable:
        """A small file into its part, which has no name in the locker yet."""
        try:
            with open_source(path, follow=False) as stream:
                before = os.fstat(stream.fileno())
                descriptor = os.open(part, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o400)
                try:
                    digests = self._write(stream, descriptor, None, also)
                    os.fchmod(descriptor, 0o444)
                finally:
                    os.close(descriptor)
                sealed = Sealed(path=part, **msgspec.structs.asdict(digests))
                return self._compared_with_source(sealed, stream, before, twice=twice)
        except Unreadable as error:
            return error

    def _named(self, one: Sealed) -> Sealed:
        """What has arrived in its part, under its name."""
        placed = self._place(one.path, one.digests)
        return msgspec.structs.replace(placed, source_changed=one.source_changed, second_reading=one.second_reading)

    def _write(self, stream: Source, descriptor: int, limit: int | None, also: Iterable[Also] = ()) -> Digests:
        """Put a stream into the empty part behind `descriptor`. The digests are of what came, whatever form it is kept in.

        Need not be durable: the part is synced afterwards, then `_place` gives it its name.
        """
        return copy_hashed(stream, descriptor, limit, also)

    def _place(self, part: Path, digests: Digests) -> Sealed:
        """Give complete, durable bytes their name. A copy already there is believed only after hashing it."""
        path = self._destination(digests.sha256)
        if not path.exists():
            try:
                part.rename(path)
            except FileNotFoundError:  # the first in its folder
                path.parent.mkdir(parents=True, exist_ok=True)
                part.rename(path)
            return Sealed(path=path, **msgspec.structs.asdict(digests))
        if (state := self.verify(digests.sha256)) != "match":
            raise Failed(
                f"The locker already holds {path}, but not as it was sealed ({state}).",
                hint="Do not delete it. Move it aside, note this in the ledger, and seal again.",
            )
        return Sealed(path=path, present=digests.size, **msgspec.structs.asdict(digests))

    def _settle(self, placed: Sequence[Sealed]) -> None:
        """Make the names durable, too. Nothing may be registered as evidence before."""
        if len(placed) > FOLDERS:
            sync_file_system(self.root)
            return
        for folder in {folder for one in placed for folder in (one.path.parent, self.root) if folder.is_dir()}:
            sync_folder(folder)

    def _destination(self, sha256: str) -> Path:
        """The name that complete bytes get."""
        return self.path(sha256)


def compared(found: Digests, wanted: Digests) -> Checked:
    """The verdict on bytes that were hashed again. The size is not compared: the hash covers it."""
    same = (found.sha256, found.sha512, found.blake3) == (wanted.sha256, wanted.sha512, wanted.blake3)
    return Checked(result="match") if same else Checked(result="mismatch", reason=f"Its SHA-256 is {found.sha256} now.")
