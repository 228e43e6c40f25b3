"""Who is at the command line: the holder of a token, from HIKESHI_TOKEN or from a file only its owner can read."""

from __future__ import annotations

import os
import stat
from pathlib import Path

from hikeshi.environment import read_environment
from hikeshi.errors import Refused

TOKEN_FILE = "cli-token"  # noqa: S105  # the name of a file, not a secret


def secret() -> str:
    """The token. Needs no database, so that nobody waits for one only to be refused. Raises `Refused` with how to get one."""
    if said := os.environ.get("HIKESHI_TOKEN", "").strip():
        return said
    path = read_environment().home / TOKEN_FILE
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError as problem:
        raise Refused(
            f"Nobody is signed in here: {path} does not exist and HIKESHI_TOKEN is not set.",
            hint="`hikeshi init` sets up a new home; `hikeshi token issue` or the console makes a token for an old one.",
        ) from problem
    except (OSError, UnicodeDecodeError) as problem:
        raise Refused(f"{path} cannot be read.", hint="Check its owner, or set HIKESHI_TOKEN.") from problem
    refuse_if_open(path, mode)
    return text


def refuse_if_open(path: Path, mode: int) -> None:
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Refused(
            f"{path} can be read by others (mode {stat.S_IMODE(mode):04o}).",
            hint=f"Revoke the token if somebody may have read it, then: chmod 600 {path}",
        )
