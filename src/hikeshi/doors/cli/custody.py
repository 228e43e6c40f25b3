"""`custody verify`: whether an evidence bundle is as it was signed. No database, no network."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hikeshi.custody.bundle.checking import check
from hikeshi.custody.bundle.stand_alone import CODES, Finding
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.progress import progress


def verify_bundle(
    bundle: Annotated[Path, typer.Argument(help="A bundle: the zip, or the folder it was unpacked to.")],
    key: Annotated[
        str, typer.Option(help="Fingerprint of the sender's key, known from elsewhere: who signed is then proven too.")
    ] = "",
) -> Answer:
    """Verify hashes, signatures, time stamps, every item, the whole record and its checkpoints, each result with its reason.

    Exit code 4 where something is not as it was signed, 1 where something could not be checked, 3 for a bundle that is refused unread.
    """
    count = 0
    with progress("SHA-256") as told:

        def one(_name: str) -> None:
            nonlocal count
            count += 1
            told(count, count)

        verdict = check(bundle, key=key, told=one)
    rows = [_row(finding) for finding in verdict.findings]
    told_all = {"bundle": str(bundle), "result": verdict.outcome, "findings": rows}
    return Answer(told_all, code=CODES[verdict.outcome])


def _row(finding: Finding) -> dict[str, Any]:
    return {"result": finding.outcome, "place": finding.place, "what": {"en": finding.en, "ja": finding.ja}}
