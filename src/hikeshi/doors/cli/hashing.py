"""`evidence hash`: SHA-256 of files, before anything is set up. The output is that of sha256sum and can be checked with it."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from hikeshi.custody.manifest import walk
from hikeshi.doors.cli import session
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.exits import DONE, UNREADABLE
from hikeshi.doors.cli.plain import plain
from hikeshi.doors.cli.progress import progress
from hikeshi.errors import Refused


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
    with progress("SHA-256") as told:
        for done, path in enumerate(files, 1):
            yield _hash(path)
            told(done, len(files))


def _files(path: Path) -> list[Path]:
    """Below a folder, links are not followed: what they point at may be anywhere."""
    return [found for _, found in sorted(walk(path)) if not found.is_symlink()] if path.is_dir() else [path]


def _hash(path: Path) -> dict[str, Any]:
    if path.is_fifo() or path.is_socket() or path.is_block_device():
        return {"path": str(path), "problem": "not a file"}
    try:
        with open(0 if str(path) == "-" else path, "rb") as stream:  # noqa: PTH123  # 0 is standard input
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
            size = stream.tell() if stream.seekable() else None
    except OSError as problem:
        return {"path": str(path), "problem": problem.strerror or str(problem)}
    return {"path": str(path), "sha256": digest, "size": size}
