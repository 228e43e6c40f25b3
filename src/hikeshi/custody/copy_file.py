"""Copies in a file that only grows: on another disk, a mounted share, a WORM volume, or behind `chattr +a`."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final

from hikeshi.errors import Failed

TAIL: Final = 64 * 1024
"""Bytes of the file's end that are looked at: where a note put twice would be."""


def append_note(path: Path, text: str) -> str:
    """Append the note and an empty line, on the disk when this returns. The receipt says where in the file it is.

    One write under a lock, so that two of us cannot mix; a note that is there already is not written again.
    """
    note = text.encode()
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            return f"byte {_append(descriptor, note)}"
        finally:
            os.close(descriptor)
    except OSError as error:
        raise Failed(
            f"{path} cannot be written: {error.strerror}.",
            permanent=False,
            hint="Check the disk and who may write there.",
        ) from error


def _append(descriptor: int, note: bytes) -> int:
    """Where the note begins, in bytes from the start."""
    size = os.fstat(descriptor).st_size
    start = max(0, size - TAIL)
    tail = os.pread(descriptor, TAIL, start)
    found = tail.rfind(note)
    if found >= 0:
        return start + found
    # What an earlier write left unfinished (a full disk, a crash) is closed off, never cut away.
    lead = b"" if not tail or tail.endswith(b"\n\n") else b"\n\n"
    whole = lead + note + b"\n"
    if os.write(descriptor, whole) != len(whole):
        raise OSError(28, "only a part was written; the disk may be full")
    os.fsync(descriptor)
    return size + len(lead)
