"""A raw image of a disk or file, as dd makes it, that goes on where the disk cannot be read.

Four passes, the healthy parts first, because a failing disk may not live through them all: large blocks; the blocks that failed in
smaller ones; those in sectors; and the bad sectors again as often as asked. What cannot be read stays zeros in the image and
is a line in the map (`sector_map.py`) with what the kernel said. The map on the disk never claims more than the image on the disk holds, so
a process that was killed is taken up where its map ends. Blocks of zeros take no room.

Hashes are of the image as it lies on the disk, read back when it is complete. Where the source was read in one go without a bad
sector, its bytes were hashed on their way too, and the two must agree.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import mmap
import os
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, ClassVar, Final, Protocol

from msgspec import Meta

from hikeshi.custody.acquire import device, sector_map
from hikeshi.custody.acquire.acquisition import Acquisition, Notebook, Tell
from hikeshi.custody.acquire.device import SourceFacts
from hikeshi.custody.acquire.record import Record, written
from hikeshi.custody.acquire.sector_map import SectorMap, Status
from hikeshi.custody.disk import free_bytes, sync_folder
from hikeshi.errors import Failed, HikeshiError, Refused
from hikeshi.text import Text

MEBIBYTE: Final = 1024 * 1024
BLOCK: Final = MEBIBYTE
SMALLER: Final = 64 * 1024
HOLE: Final = 64 * 1024
"""Zeros of this length, where they are a whole one, are not written."""
ZEROS: Final = bytes(HOLE)
SAVE_EVERY: Final = 5.0
"""Seconds of work that a kill can cost."""
TELL_EVERY: Final = 0.2
GONE: Final = (errno.ENXIO, errno.ENODEV, errno.ENOMEDIUM, errno.ESHUTDOWN)


class Preadv(Protocol):
    """os.preadv, or what a test puts in its place."""

    def __call__(self, descriptor: int, buffers: list[memoryview], offset: int, /) -> int: ...


class Image(Acquisition, frozen=True, kw_only=True):
    """A raw image with a map of what could not be read."""

    name: ClassVar[str] = "image"
    kind: ClassVar = "disk"
    title: ClassVar[Text] = Text("Disk image", "ディスクイメージ")
    method: ClassVar[str] = "raw image, large blocks first, unreadable sectors filled with zeros and listed in a map"
    resumable: ClassVar[bool] = True
    unit: ClassVar = "bytes"

    path: Annotated[Path, Meta(description="A disk, a partition or a file.")]
    retries: Annotated[int, Meta(ge=0, le=100, description="How often bad sectors are read again.")] = 0
    pieces: Annotated[
        int, Meta(ge=0, multiple_of=512, description="Bytes per piece that also gets a SHA-256 of its own; 0: none.")
    ] = 0
    trust_sparse: Annotated[bool, Meta(description="Begin although the target is smaller: zeros take no room.")] = False

    @property
    def source(self) -> str:
        return os.fspath(self.path)

    def asset(self) -> str:
        identity = device.facts_of(self.path).identity
        named = (identity.get("vendor"), identity.get("model"), identity.get("serial") or identity.get("serial_page"))
        return " ".join(str(word) for word in named if word) or str(identity.get("wwid", ""))

    def goes_on_with(self, record: Record) -> bool:
        """A disk that was lost and came back has another name: whether it is the same is seen when it is opened."""
        return record.name == self.name

    def plan(self, folder: Path) -> dict[str, Any]:
        """Raises `Refused` where the image would be written onto its source, or does not fit."""
        facts = device.facts_of(self.path)
        if facts.is_device and not facts.size:
            raise Refused(f"{self.path} has no size: there is no medium in it.", hint="Check the cable and the drive.")
        _refuse_own_ground(facts, folder)
        free, held = free_bytes(folder), sum(path.stat().st_blocks * 512 for path in folder.glob("*.img"))
        if facts.size > free + held and not self.trust_sparse:
            raise Refused(
                f"{facts.size} bytes are needed at {folder}, {free} are free.",
                hint="Take a larger target. Where the source is mostly empty: --trust-sparse.",
            )
        return {
            "source": self.source, "size": facts.size, "sector": facts.sector, **facts.state,
            "identity": facts.identity, "out": str(folder / _names(self.path)[0]), "free": free,
        }  # fmt: skip

    def collect(self, folder: Path, notebook: Notebook, tell: Tell) -> None:
        Imaging(self, folder, notebook, tell).run()


def _refuse_own_ground(facts: SourceFacts, folder: Path) -> None:
    ground = device.under(folder)
    if facts.is_device and facts.identity["number"] in ground:
        raise Refused(
            f"{folder} lies on {facts.path} itself: writing there would destroy evidence.",
            hint="Name a folder on another disk.",
        )


def _names(source: Path) -> tuple[str, str, str]:
    """The image, its map, and the hashes of its pieces."""
    stem = written(source.name) or "image"
    return f"{stem}.img", f"{stem}.map", f"{stem}.pieces.sha256"


class Imaging:
    """One run of it."""

    def __init__(
        self, asked: Image, folder: Path, notebook: Notebook, tell: Tell, *, preadv: Preadv = os.preadv, block: int = BLOCK
    ) -> None:  # fmt: skip
        self.asked, self.notebook, self.tell, self.preadv = asked, notebook, tell, preadv
        self.facts = device.facts_of(asked.path)
        self.image, self.map_file, self.pieces = (folder / name for name in _names(Path(notebook.begun.source)))
        self.block = block
        self.hasher: Any = hashlib.sha256()
        """Of the bytes on their way; None once they did not come in order, or not all."""
        self.buffer = memoryview(mmap.mmap(-1, max(block, SMALLER)))  # page-aligned, as direct reading needs it
        self.target = self.sourced = self.direct = -1
        self.saved = self.told = time.monotonic()
        self.map = SectorMap(self.facts.size)

    def run(self) -> None:
        with contextlib.ExitStack() as closing:
            try:
                self._open(closing)
            except OSError as error:
                raise self._target_failed(error) from error
            try:
                self._passes()
                self._save()
            except OSError as error:
                self._save_what_can_be()
                raise self._target_failed(error) from error
            except (HikeshiError, KeyboardInterrupt):
                self._save_what_can_be()
                raise
        self._finish()

    # --- opening

    def _open(self, closing: contextlib.ExitStack) -> None:
        self.sourced = self._descriptor(closing, os.O_RDONLY)
        self.direct = self.sourced
        if self.facts.is_device:
            # Past the cache, which reads whole pages: one bad sector would cost its seven neighbours.
            with contextlib.suppress(OSError):
                self.direct = self._descriptor(closing, os.O_RDONLY | os.O_DIRECT)
        resuming = self.map_file.exists()
        if not resuming:  # an image without a map: killed before the first byte
            self.image.unlink(missing_ok=True)
        flags = os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW | (0 if resuming else os.O_CREAT | os.O_EXCL)
        self.target = os.open(self.image, flags, 0o600)
        closing.callback(os.close, self.target)
        if resuming:
            self._take_up()
        else:
            os.ftruncate(self.target, self.facts.size)
            self.notebook.facts["identity"] = self.facts.identity
            self.notebook.facts["before"] = self.facts.state
            self.notebook.save()
            self._save()
        if self.facts.state.get("mounted_writable"):
            self.notebook.note(
                "The source was mounted and writable while it was read: the image is of a moving source.",
                "取得元は書き込み可能な状態でマウントされていたため、イメージは変化中の内容です。",
            )

    def _descriptor(self, closing: contextlib.ExitStack, flags: int) -> int:
        try:
            descriptor = os.open(self.asked.path, flags | os.O_CLOEXEC)
        except OSError as error:
            if flags & os.O_DIRECT:
                raise
            hint = "Imaging a disk needs root." if error.errno in {errno.EACCES, errno.EPERM} else "Check the disk."
            raise Failed(f"{self.asked.path} cannot be opened: {error.strerror}.", hint=hint) from error
        closing.callback(os.close, descriptor)
        return descriptor

    def _take_up(self) -> None:
        """Go on from the map. Raises `Refused` where the source is another one than it was."""
        before = self.notebook.facts.get("identity", {})
        if not device.same(before, self.facts.identity):
            raise Refused(
                f"{self.asked.path} is not what was imaged here before.",
                hint=f"It was {before}, and is {self.facts.identity}. Name a new folder.",
            )
        self.map = sector_map.read(self.map_file)
        if self.map.size != self.facts.size:
            raise Refused(f"The map covers {self.map.size} bytes, the source has {self.facts.size}.")
        self.hasher = None

    # --- reading

    def _passes(self) -> None:
        self._pass("?", self.block, "*", self.sourced)
        self._pass("*", SMALLER, "/", self.direct)
        self._pass("/", self.facts.sector, "-", self.direct)
        for _ in range(self.asked.retries):
            self._pass("-", self.facts.sector, "-", self.direct)
        os.fsync(self.target)

    def _pass(self, status: Status, size: int, failed: Status, descriptor: int) -> None:
        """Read every part of this status in blocks of `size`; a block that cannot be read gets the status `failed`."""
        for part in self.map.of(status):
            for start in range(part.start, part.end, size):
                self._block(start, min(start + size, part.end), failed, descriptor)
                self._now_and_then()

    def _block(self, start: int, end: int, failed: Status, descriptor: int) -> None:
        while start < end:
            view = self.buffer[: end - start]
            try:
                count = self._read(descriptor, view, start)
            except OSError as error:
                self._cannot_be_read(start, end, failed, error)
                return
            if not count:  # the source ends before the size it had
                self.map.mark(start, end, "-")
                self.hasher = None
                return
            self._put(view[:count], start)
            self.map.mark(start, start + count, "+")
            start += count

    def _read(self, descriptor: int, view: memoryview, start: int) -> int:
        try:
            return self.preadv(descriptor, [view], start)
        except OSError as error:
            if error.errno != errno.EINVAL or descriptor == self.sourced:
                raise
        self.direct = self.sourced  # a device that cannot be read past the cache after all
        return self.preadv(self.sourced, [view], start)

    def _cannot_be_read(self, start: int, end: int, failed: Status, error: OSError) -> None:
        self.hasher = None
        if error.errno in GONE:
            raise Failed(
                f"{self.asked.path} is gone ({error.strerror}).", permanent=False,
                hint="Connect it again and give the same command: it goes on where it was.",
            ) from error  # fmt: skip
        self.map.mark(start, end, failed, error.errno or errno.EIO)

    def _put(self, view: memoryview, start: int) -> None:
        if self.hasher:
            self.hasher.update(view)
        for at in range(0, len(view), HOLE):
            piece = view[at : at + HOLE]
            if piece[0] or piece.tobytes() != ZEROS[: len(piece)]:
                _write(self.target, piece, start + at)

    def _now_and_then(self) -> None:
        now = time.monotonic()
        if now - self.told >= TELL_EVERY:
            self.told = now
            self.notebook.look_at_the_clock()
            self.tell(self.map.bytes_of("+", "-"), self.map.size)
        if now - self.saved >= SAVE_EVERY:
            self._save()

    def _save(self) -> None:
        """First the image, then the map that speaks of it."""
        os.fdatasync(self.target)
        self.map.write(self.map_file, self.notebook.begun.command, self._started)
        self.saved = time.monotonic()

    def _save_what_can_be(self) -> None:
        """After a fault: the map on the disk may stay as it is, it only claims less."""
        with contextlib.suppress(OSError):
            self._save()

    @property
    def _started(self) -> datetime:
        return self.notebook.begun.began_at

    def _target_failed(self, error: OSError) -> Failed:
        return Failed(
            f"{self.image} cannot be written: {error.strerror}.", permanent=False,
            hint="Make room (or mend the disk) and give the same command: it goes on where it was.",
        )  # fmt: skip

    # --- the end

    def _finish(self) -> None:
        self._say_what_is_missing()
        sha256, sha512 = self._read_back()
        if self.hasher and self.hasher.hexdigest() != sha256:
            raise Failed(
                f"{self.image} does not hold what was read from {self.asked.path}: the target disk is faulty.",
                hint="Take another target disk. Keep this one: it shows what happened.",
            )
        after = device.facts_of(self.asked.path)
        told = {
            "after": after.state, "bytes_read": self.map.bytes_of("+"), "bytes_bad": self.map.bytes_of("-"),
            "bad_ranges": len(self.map.of("-")), "read_matches": bool(self.hasher), "sector": self.facts.sector,
        }  # fmt: skip
        self.notebook.facts |= told
        if not self.facts.is_device and after.state["mtime_ns"] != self.facts.state["mtime_ns"]:
            self.notebook.note("The source was written to while it was read.", "読み取り中に取得元が変更されました。")
        self.notebook.made(self.image, sha256=sha256, sha512=sha512)
        self.notebook.made(self.map_file)
        if self.asked.pieces:
            self.notebook.made(self.pieces)

    def _say_what_is_missing(self) -> None:
        for part in self.map.of("-"):
            why = (
                f"{errno.errorcode[part.error]} ({os.strerror(part.error)})" if part.error else "the source ended here"
            )
            self.notebook.missed(self.asked.source, why, offset=part.start, length=part.length)

    def _read_back(self) -> tuple[str, str]:
        """SHA-256 and SHA-512 of the image; of its pieces too, in the form of sha256sum, where they are asked for."""
        whole, second = hashlib.sha256(), hashlib.sha512()
        with self.image.open("rb", buffering=0) as file, contextlib.ExitStack() as closing:
            pieces = closing.enter_context(self.pieces.open("w", encoding="utf-8")) if self.asked.pieces else None
            for start, piece, length in self._image_pieces(file.fileno(), whole, second):
                if pieces:
                    pieces.write(f"{piece}  {self.image.name} bytes {start}-{start + length - 1}\n")
        sync_folder(self.image.parent)
        return whole.hexdigest(), second.hexdigest()

    def _image_pieces(self, descriptor: int, *hashers: Any) -> Iterator[tuple[int, str, int]]:
        step = self.asked.pieces or max(self.facts.size, 1)
        for start in range(0, self.facts.size, step):
            end, at, piece = min(start + step, self.facts.size), start, hashlib.sha256()
            while at < end:
                view = self.buffer[: min(end - at, len(self.buffer))]
                count = os.preadv(descriptor, [view], at)
                if not count:
                    raise Failed(f"{self.image} is shorter than it was written.", hint="Check the target disk.")
                for hasher in (*hashers, *((piece,) if self.asked.pieces else ())):
                    hasher.update(view[:count])
                at += count
            yield start, piece.hexdigest(), end - start


def _write(target: int, view: memoryview, offset: int) -> None:
    while view:
        count = os.pwrite(target, view, offset)
        view, offset = view[count:], offset + count
