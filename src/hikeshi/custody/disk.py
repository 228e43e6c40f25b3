"""The locker's dealings with the disk: reading without leaving a trace, room, and saying what went wrong."""

from __future__ import annotations

import contextlib
import ctypes
import errno
import os
import shutil
import stat
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from typing import Final

from hikeshi.errors import Failed, Unreadable

LIBC: Final = ctypes.CDLL(None, use_errno=True)
FULL: Final = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)


def open_source(path: Path, *, follow: bool) -> FileIO:
    """A regular file for reading, leaving its access time alone where we may. `follow` allows a symbolic link.

    Raises `Unreadable` for anything else, without waiting (a named pipe would wait for ever).
    """
    # O_NOATIME is for the owner and root only, so a refusal means: once more without it.
    flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | (0 if follow else os.O_NOFOLLOW)
    try:
        try:
            descriptor = os.open(path, flags | os.O_NOATIME)
        except PermissionError:
            descriptor = os.open(path, flags)
    except OSError as error:
        raise Unreadable(f"cannot be opened: {error.strerror}", source=str(path)) from error
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise Unreadable("is not a regular file", source=str(path), hint="Name a file, or seal the folder as a tree.")
    return FileIO(os.fspath(path), "rb", opener=lambda _path, _flags: descriptor)  # so that it knows its name


def refuse_if_no_room(folder: Path, needed: int | None, there: int = 0) -> None:
    """Say so before writing for an hour, where the size is known. Raises the error that the disk would raise.

    `there` is how many of the bytes needed are on the disk already.
    """
    if needed is not None and needed - there > free_bytes(folder):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def sync_folder(folder: Path) -> None:
    """Make the names in a folder as durable as the bytes they name."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_file_system(folder: Path) -> None:
    """Make everything written so far durable where `folder` is: one wait for many files. Raises what the disk reports."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        if LIBC.syncfs(descriptor):
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number))
    finally:
        os.close(descriptor)


def free_bytes(folder: Path) -> int:
    """Bytes free for us where `folder` is, or will be."""
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    return shutil.disk_usage(folder).free


@contextlib.contextmanager
def naming_disk_errors(root: Path, needed: int | None) -> Iterator[None]:
    """Turn what the operating system says about the locker's disk into `Failed`, with the bytes needed and free."""
    try:
        yield
    except OSError as error:
        raise _failure(root, needed, error) from error


def _failure(root: Path, needed: int | None, error: OSError) -> Failed:
    wanted = f"{needed} bytes are needed" if needed is not None else "how many bytes are needed is not known"
    room = f"{wanted}, {free_bytes(root)} are free"
    if error.errno in FULL:
        message = f"The locker {root} cannot take more ({error.strerror}): {room}."
        hint = "Free space, raise the quota or the file size limit, then seal again. Nothing was half-sealed."
    elif error.errno == errno.EIO:
        message = f"The disk of the locker {root} reports a fault ({error.strerror}): {room}."
        hint = "Check the disk, then seal again. Nothing was half-sealed."
    else:
        return Failed(f"The locker {root} cannot be written: {error.strerror}.", hint="Check its owner and its mount.")
    return Failed(message, permanent=False, hint=hint)
