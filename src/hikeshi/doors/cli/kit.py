"""`kit`: the plan, the people and the playbooks in one file, for when nothing else works."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Annotated, Any

import typer

from hikeshi.desk.reports.kit import FORMATS, kit as make
from hikeshi.doors.cli import session
from hikeshi.doors.cli.options import WrongUsage
from hikeshi.doors.cli.progress import progress
from hikeshi.doors.cli.who import actor


def kit(
    out: Annotated[Path, typer.Option(help="Where to: a name that ends in .html or .pdf.")] = Path("hikeshi-kit.html"),
) -> Any:
    """Write the offline kit in the language of --lang: plan, contact list, on call, playbooks, deadlines, what to do without chat.

    The last is your own text: `kit.md` in the home. The file holds personal data, so only you can read it, and it is in the ledger.
    """
    kind = next((one for one in FORMATS if out.suffix.lower() == f".{one}"), None)
    if kind is None:
        raise WrongUsage(f"{out.name} says no format.", hint="Use a name that ends in .html or .pdf.")
    with progress(out.name) as told:
        made = make(actor=actor(), language=session.options.language, kind=kind, told=lambda pages: told(pages, 0))
    with os.fdopen(os.open(out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as stream:
        stream.write(made)
    return {"out": str(out), "sha256": hashlib.sha256(made).hexdigest()}
