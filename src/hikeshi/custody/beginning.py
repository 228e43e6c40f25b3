"""What an interrupted sealing left of a large file, and how much of it may stay.

    incoming/<identity>.beginning    the bytes as far as they came
    incoming/<identity>.notes        lines "<bytes> <SHA-256 of so many bytes>", each written when those bytes were on the disk

The identity is that of the source: device, inode, size, time of writing and of change. A source that was touched since has another one,
so its beginning is never continued. Nor is what lies there believed: it is hashed again, and must be what the last note says.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from io import FileIO
from pathlib import Path
from typing import Final

from hikeshi.custody.hashing import Also, Hashing, hash_stream

NOTES_LIMIT: Final = 4 * 1024 * 1024


class Beginning:
    """The notes of one source, one after every so many bytes. `kept` says how many bytes of an earlier sealing could stay."""

    def __init__(self, notes: Path, *, every: int) -> None:
        self.notes, self.kept = notes, 0
        self._every, self._noted = every, 0

    def proven(self, target: int, also: Iterable[Also] = ()) -> Hashing:
        """Hash the file behind `target` as far as a note vouches for it, and cut off what lies beyond."""
        size, sha256 = self._last()
        with FileIO(target, "rb", closefd=False) as stream:
            hashing = hash_stream(stream, also, limit=size)
        if (hashing.size, hashing.sha256) != (size, sha256):
            hashing = Hashing(also)
        self.kept = self._noted = hashing.size
        os.ftruncate(target, self.kept)
        return hashing

    def due(self, size: int) -> bool:
        return size - self._noted >= self._every

    def note(self, target: int, size: int, sha256: str) -> None:
        """Say what the first `size` bytes are, once they are on the disk."""
        os.fdatasync(target)
        with self.notes.open("ab") as stream:
            stream.write(f"{size} {sha256}\n".encode())
        self._noted = size

    def _last(self) -> tuple[int, str]:
        """The last whole note."""
        try:
            with self.notes.open("rb") as stream:
                lines = stream.read(NOTES_LIMIT).decode("ascii", "replace").split("\n")[:-1]
            size, sha256 = lines[-1].split(" ")
            return int(size), sha256
        except (OSError, IndexError, ValueError):
            return 0, ""
