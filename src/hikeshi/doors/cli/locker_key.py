"""`evidence make-key`: the key that evidence is encrypted with."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hikeshi.custody.encryption import make_key
from hikeshi.environment import read_environment


def make(
    out: Annotated[Path | None, typer.Option(help="The file; without it, keys/locker.key in the home folder.")] = None,
) -> Any:
    """Make an age key file, readable by its owner only. Whoever loses it loses the evidence: keep a copy apart from the locker.

    HIKESHI_LOCKER_KEY=FILE has everything encrypted that is sealed from then on; what is there stays readable as it is.
    """
    path = (out or read_environment().home / "keys" / "locker.key").absolute()
    return {"public_key": make_key(path), "file": str(path), "variable": f"HIKESHI_LOCKER_KEY={path}"}
