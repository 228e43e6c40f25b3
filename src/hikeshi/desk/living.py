"""Which worker processes of this machine are dead: known at once, and not only when their leases end.

Each holds a lock on a file of its own for as long as it lives; the kernel lets go when it is killed (flock(2)). Whoever can take the lock
knows. Of a process that has no file here, on another machine for example, nothing is known, and its leases count until they end.
"""

from __future__ import annotations

import fcntl
import os
import socket
import time
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import IO, Final

from django.conf import settings

KEPT: Final = 24 * 3600.0
"""Seconds after its start that the file of a dead process stays at least: longer than any lease."""


def process() -> str:
    """The name of this process, with which the names of its workers begin."""
    return f"{socket.gethostname()}:{os.getpid()}"


def process_of(worker: str) -> str:
    """The process of a worker, which is called PROCESS:NUMBER."""
    return worker.rpartition(":")[0]


def _file(name: str) -> Path:
    return Path(settings.ENVIRONMENT.home) / "workers" / name.replace("/", "_")


def announce() -> None:
    """Called by a process before it claims anything: it lives. A home that cannot be written to is none: leases count then."""
    with suppress(OSError):
        _announced(_file(process()))
    with suppress(OSError):  # somebody else tidies up as well
        _tidy(_file(process()).parent)


@lru_cache
def _announced(path: Path) -> IO[bytes]:
    """The open file, kept for as long as the process lives."""
    path.parent.mkdir(parents=True, exist_ok=True)
    held = path.open("wb")
    _lock(held)
    return held


def _lock(held: IO[bytes]) -> None:
    """Not given up at once: somebody may just be asking whether an earlier process of this name is dead, and would then take us for it."""
    until = time.monotonic() + 1
    while True:
        try:
            return fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                raise
            time.sleep(0.01)


def _tidy(folder: Path) -> None:
    for path in folder.iterdir():
        if time.time() - path.stat().st_mtime > KEPT and dead(path.name):
            path.unlink(missing_ok=True)


def here() -> set[str]:
    """The processes with workers that live on this machine with this home; our own, where it has been announced."""
    try:
        names = [path.name for path in _file(process()).parent.iterdir()]
    except OSError:
        return set()
    return {name for name in names if name == process() or not dead(name)}


def dead(name: str) -> bool:
    """Whether the process of this name has certainly ended."""
    path = _file(name)
    try:
        with path.open("rb") as found:
            fcntl.flock(found, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # there is none, or somebody holds it
        return False
    return True
