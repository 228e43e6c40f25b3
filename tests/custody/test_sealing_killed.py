"""kill -9 at many points of a sealing: nothing is half sealed, nothing is lost, and the next sealing goes on."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hikeshi.custody.extents import CHUNK
from hikeshi.custody.locker import Locker

LARGE = 6 * CHUNK + 99
KILLED = """
import os, signal, sys, threading
from pathlib import Path
from hikeshi.custody.locker import Locker

call, at, root, source = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), Path(sys.argv[4])
there, lock, count = getattr(os, call), threading.Lock(), [0]

def counted(*arguments, **named):
    with lock:
        count[0] += 1
        if count[0] == at:
            os.kill(os.getpid(), signal.SIGKILL)
    return there(*arguments, **named)

setattr(os, call, counted)
Locker(root, resumed_from=2 * 1024 * 1024).seal_tree(source)
"""
POINTS = (
    [("pwrite", number) for number in (1, 20, 41, 44, 46)]
    + [("rename", number) for number in (1, 2, 20, 41, 42)]
    + [("fchmod", 30), ("fdatasync", 1), ("fdatasync", 3), ("fsync", 1), ("fsync", 2), ("ftruncate", 1), ("unlink", 1)]
)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Forty small files and two large ones."""
    folder, made = tmp_path / "source", random.Random(9)
    folder.mkdir()
    for number in range(40):
        (folder / f"{number}.log").write_bytes(made.randbytes(number * 50))
    (folder / "disk.img").write_bytes(made.randbytes(LARGE))
    (folder / "memory.img").write_bytes(made.randbytes(LARGE))
    return folder


def named(locker: Locker) -> list[Path]:
    """What is evidence: everything with a name."""
    return [path for path in locker.root.glob("??/*") if path.is_file()]


def expected(source: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in source.iterdir()}


@pytest.mark.parametrize(("call", "at"), POINTS)
def test_a_sealing_that_was_killed_leaves_only_whole_files_and_is_gone_on_with(
    tmp_path: Path, source: Path, call: str, at: int
) -> None:
    locker = Locker(tmp_path / "locker", resumed_from=2 * CHUNK)
    command = [sys.executable, "-c", KILLED, call, str(at), str(locker.root), str(source)]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    before = named(locker)
    assert all(locker.verify(path.name) == "match" for path in before)
    held = sum(path.stat().st_size for path in before)
    sealed, manifest = locker.seal_tree(source)
    assert {entry.path: entry.sha256 for entry in manifest.entries} == expected(source)
    assert sealed.present >= held
    assert len(named(locker)) == 43  # with the manifest; the empty file is one, too
    for path in locker.incoming.folder.iterdir():
        os.utime(path, (0, 0))
    locker.sweep()
    assert list(locker.incoming.folder.iterdir()) == []


def test_what_a_killed_sealing_had_of_a_large_file_is_not_copied_again(tmp_path: Path, source: Path) -> None:
    locker = Locker(tmp_path / "locker", resumed_from=2 * CHUNK)
    command = [sys.executable, "-c", KILLED, "pwrite", "6", str(locker.root), str(source / "disk.img")]
    assert subprocess.run(command, check=False).returncode == -signal.SIGKILL
    sealed = locker.seal(source / "disk.img")
    assert sealed.present >= CHUNK
    assert sealed.path.read_bytes() == (source / "disk.img").read_bytes()
