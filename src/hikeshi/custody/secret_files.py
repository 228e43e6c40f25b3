"""Secrets kept in files: a passphrase, a PIN, a shared key. The environment names the file and never holds the secret."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Final

from hikeshi.errors import Refused

SECRET_LIMIT: Final = 4096
"""Bytes. A larger file is something else."""


def read_secret(path: Path | None, *, of: str) -> bytes:
    """The first line of the file, without its newline. `of` says whose secret it is, for the message: it is never shown itself.

    Raises `Refused` where no file is named, it cannot be read, others may read it, or it is empty or larger than 4 KiB.
    """
    if path is None:
        raise Refused(f"{of} needs a secret, and no file is named.", hint="See docs/anchors.md for the variable.")
    try:
        mode = path.stat().st_mode
        with path.open("rb") as file:
            content = file.read(SECRET_LIMIT + 1)
    except OSError as error:
        raise Refused(f"The secret file {path} cannot be read: {error.strerror}.", hint=f"It is for {of}.") from error
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        raise Refused(f"Others may read the secret file {path}.", hint=f"chmod 400 {path}")
    secret = content.split(b"\n", 1)[0].rstrip(b"\r")
    if not secret or len(content) > SECRET_LIMIT:
        raise Refused(f"The secret file {path} is empty or too large.", hint="Write the secret as its only line.")
    return secret
