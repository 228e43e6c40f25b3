"""Programs of the machine that help to collect: which one ran, what it said, and never for longer than it may.

A compromised machine may have programs that lie (RFC 3227 section 2.2), so each is recorded with the SHA-256 of its file.
"""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from hikeshi.custody.acquire.acquisition import sha256_of

LIMIT: Final = 1024 * 1024 * 1024
"""Bytes that one program may write."""
EVERYWHERE: Final = "/usr/sbin:/usr/bin:/sbin:/bin"
PLAIN: Final = {"PATH": EVERYWHERE, "LC_ALL": "C.UTF-8", "TZ": "UTC"}


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """One program. `code` is its exit code, None where it did not run or did not end in time; `problem` says so."""

    command: str
    path: str = ""
    sha256: str = ""
    code: int | None = None
    said: str = ""
    problem: str = ""


def found(name: str) -> Path | None:
    place = shutil.which(name, path=EVERYWHERE)
    return Path(place) if place else None


def run(words: Sequence[str], out: Path, *, seconds: float, more: Mapping[str, str] = {}) -> Ran:
    """Run a program and keep what it writes in the file `out`. What it says besides is in `said`, cut short."""
    program = found(words[0])
    command = " ".join(words)
    if program is None:
        return Ran(command=command, problem="not installed")
    told: dict[str, Any] = {"command": command, "path": str(program), "sha256": sha256_of(program)}
    with out.open("xb") as file:
        try:
            done = subprocess.run(
                ["/bin/sh", "-c", f'ulimit -f {LIMIT // 512}; exec "$@"', "sh", str(program), *words[1:]],
                stdin=subprocess.DEVNULL, stdout=file, stderr=subprocess.PIPE, env=PLAIN | dict(more),
                timeout=seconds, check=False, cwd="/",
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return Ran(**told, problem=f"stopped after {seconds:g} seconds; what it had written is kept")
        except OSError as error:
            return Ran(**told, problem=error.strerror or str(error))
    said = done.stderr[:2000].decode("utf-8", "backslashreplace").strip()
    return Ran(
        **told, code=done.returncode, said=said, problem="" if done.returncode == 0 else f"exit code {done.returncode}"
    )
