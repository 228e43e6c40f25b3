"""`evidence hash`: SHA-256 of files, before anything is set up. The output is that of sha256sum and can be checked with it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from hikeshi.custody.hashing import Told, hash_stream
from hikeshi.custody.manifest import walk
from hikeshi.doors.cli import session
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.exits import DONE, UNREADABLE
from hikeshi.doors.cli.plain import plain
from hikeshi.doors.cli.progress import progress
from hikeshi.errors import Refused, Unreadable


def hash_paths(paths: Annotated[list[Path], typer.Argument(help="Files and folders; - is standard input.")]) -> Answer:
    """SHA-256 and size of each file. Exit code 5 where some cannot be read: the others are still hashed."""
    missing = [str(path) for path in paths if str(path) != "-" and not path.exists()]
    if missing:
        raise Refused(f"{', '.join(missing)}: not there.", hint="Check the path.")
    rows = list(_hashed(paths))
    code = UNREADABLE if any("problem" in row for row in rows) else DONE
    if session.options.json:
        return Answer(rows, lines=True, code=code)
    for row in rows:
        if "problem" in row:
            sys.stderr.write(plain(f"{row['path']}: {row['problem']}\n"))
    return Answer("\n".join(f"{row['sha256']}  {row['path']}" for row in rows if "sha256" in row), code=code)


def _hashed(paths: list[Path]) -> Iterator[dict[str, Any]]:
    files = [file for path in paths for file in _files(path)]
    whole = sum(map(_size, files))
    with progress("SHA-256", unit="bytes") as told:
        before = 0
        for path in files:

            def done(size: int, before: int = before) -> None:
                told(before + size, whole)

            yield _hash(path, done)
            before += _size(path)


def _size(path: Path) -> int:
    """What is to be expected of a file; nothing of what is not there or has no size."""
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        return 0


def _files(path: Path) -> list[Path]:
    """Below a folder, links are not followed: what they point at may be anywhere."""
    return [found for _, found in sorted(walk(path)) if not found.is_symlink()] if path.is_dir() else [path]


def _hash(path: Path, told: Told) -> dict[str, Any]:
    if path.is_fifo() or path.is_socket() or path.is_block_device():
        return {"path": str(path), "problem": "not a file"}
    try:
        with open(0 if str(path) == "-" else path, "rb", buffering=0) as stream:  # noqa: PTH123  # 0 is standard input
            found = hash_stream(stream, told=told)
            size = found.size if stream.seekable() else None
    except OSError as problem:
        return {"path": str(path), "problem": problem.strerror or str(problem)}
    except Unreadable as problem:
        return {"path": str(path), "problem": problem.message}
    return {"path": str(path), "sha256": found.sha256, "size": size}
