"""Which worker processes of this machine are dead: known at once, and not only when their leases end.

Each holds a lock on a file of its own for as long as it lives; the kernel lets go when it is killed (flock(2)). Whoever can take the lock
knows. Of a process that has no file here, on another machine for example, nothing is known, and its leases count until they end.
"""

from __future__ import annotations

import fcntl
import os
import socket
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import IO

from django.conf import settings


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


@lru_cache
def _announced(path: Path) -> IO[bytes]:
    """The open file, kept for as long as the process lives."""
    path.parent.mkdir(parents=True, exist_ok=True)
    held = path.open("wb")
    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return held


def dead(name: str) -> bool:
    """Whether the process of this name has certainly ended."""
    path = _file(name)
    try:
        with path.open("rb") as found:
            fcntl.flock(found, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # there is none, or somebody holds it
        return False
    return True
