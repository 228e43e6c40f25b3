"""Which files are meant: files, folders and patterns, in one order, each once."""

from __future__ import annotations

import glob
import os
import stat
from collections.abc import Iterable, Iterator
from pathlib import Path

from hikeshi.errors import Refused, Unreadable


def walk(paths: Iterable[str | Path]) -> Iterator[Path | Unreadable]:
    """Every regular file, sorted within its folder. Loops of symbolic links and closed folders are yielded as Unreadable.

    A path that does not exist and a pattern that nothing matches are refused: they are slips of the hand.
    """
    seen: set[str] = set()
    for given in paths:
        for start in _meant(Path(given)):
            for found in _below(start, ()):
                if isinstance(found, Unreadable):
                    yield found
                elif str(found) not in seen:
                    seen.add(str(found))
                    yield found


def in_s3(path: str | Path) -> bool:
    """Whether what is given as a path is an address in S3, which `s3.py` fetches."""
    return str(path).startswith("s3://")


def _meant(given: Path) -> list[Path]:
    if given.exists() or given.is_symlink():
        return [given]
    matches = [Path(match) for match in sorted(glob.glob(str(given), recursive=True))]  # noqa: PTH207  takes absolute patterns
    if not matches:
        raise Refused(f"There is no file or folder {given}.", hint="Check the path; patterns may use *, ? and **.")
    return matches


def _below(path: Path, parents: tuple[tuple[int, int], ...]) -> Iterator[Path | Unreadable]:
    try:
        status = path.stat()
        if stat.S_ISREG(status.st_mode):
            yield path
            return
        if not stat.S_ISDIR(status.st_mode):
            yield Unreadable("it is no regular file", source=str(path))
            return
        here = (status.st_dev, status.st_ino)
        if here in parents:
            yield Unreadable("this symbolic link leads back to a folder it is in", source=str(path))
            return
        with os.scandir(path) as found:
            children = sorted((child.name, child.is_file(follow_symlinks=False)) for child in found)
    except OSError as error:
        yield Unreadable(f"it cannot be opened: {error.strerror}", source=str(path))
        return
    for name, is_file in children:
        if is_file:  # known from reading the folder: there may be very many
            yield path / name
        else:
            yield from _below(path / name, (*parents, here))
