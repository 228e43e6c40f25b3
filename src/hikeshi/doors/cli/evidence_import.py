"""`evidence import`: a bundle of another instance, verified and kept whole."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hikeshi.desk.evidence import imports
from hikeshi.doors import bundles, find
from hikeshi.doors.cli.progress import progress
from hikeshi.doors.cli.who import actor
from hikeshi.errors import Refused


def take_in(
    bundle: Annotated[Path, typer.Argument(help="The zip, or the folder it was unpacked to.")],
    incident: Annotated[str, typer.Option(help="Where to; without it, a new incident is declared.")] = "",
    key: Annotated[str, typer.Option(help="Fingerprint of the sender's key, known from elsewhere.")] = "",
    anyway: Annotated[str, typer.Option(help="Take in a bundle with differences, for this reason.")] = "",
    receipt: Annotated[
        Path | None, typer.Option(help="A new file for the signed receipt; its signature goes to FILE.sig.")
    ] = None,
) -> Any:
    """Verify a bundle, then keep it: items as items, and everything that proves their origin as one more.

    A bundle with a difference is refused, unless --anyway says why not. The receipt lets the sender check what arrived, with
    `openssl pkeyutl -verify`.
    """
    who = actor()
    row = find.incident(who, incident) if incident else None
    if receipt is not None and receipt.exists():
        raise Refused(f"{receipt} is there already.", hint="Name a new file.")
    count = 0
    with progress("SHA-256") as told:

        def one(_name: str) -> None:
            nonlocal count
            count += 1
            told(count, count)

        done = imports.take_in(bundle, row, actor=who, key=key, anyway=anyway, told=one)
    if receipt is not None:
        receipt.write_bytes(done.receipt)
        receipt.with_name(receipt.name + ".sig").write_bytes(done.signature)
    return bundles.imported(done)
