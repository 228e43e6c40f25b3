"""`evidence export`: evidence and its record as one bundle that a stranger can check."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from hikeshi.desk.evidence import bundles
from hikeshi.doors import find
from hikeshi.doors.cli.options import WrongUsage
from hikeshi.doors.cli.progress import progress
from hikeshi.doors.cli.who import actor


def export(
    incident: str,
    out: Annotated[Path | None, typer.Option(help="A new file that ends in .zip, or a new folder.")] = None,
    items: Annotated[str, typer.Option(help="Only these, such as EV-001,EV-003; without it, all.")] = "",
    without_bytes: Annotated[str, typer.Option(help="Only the record and hash of these: EV-002, or all.")] = "",
    tlp: Annotated[str, typer.Option(help="The most narrow marking whose bytes may leave, such as amber.")] = "",
    record: Annotated[
        str, typer.Option(help="whole: the incident's whole record; custody: the lines of these items alone, proven.")
    ] = "whole",
    recipient: Annotated[str, typer.Option(help="Who gets it.")] = "",
    purpose: Annotated[str, typer.Option(help="What for.")] = "",
    case: Annotated[
        Path | None, typer.Option(help="A new file for the CASE document of the bundle (JSON-LD) too.")
    ] = None,
) -> Any:
    """Write items, record, checkpoints, time stamps, keys, and how to check it all (VERIFY.md) into one bundle.

    The custody line is written before the first byte leaves. A zip appears when it is whole; a folder that was interrupted goes on where
    it was when the command is repeated.
    """
    if record not in {"whole", "custody"}:
        raise WrongUsage(f"--record is {record!r}.", hint="Use whole or custody.")
    who = actor()
    row = find.incident(who, incident)
    target = out or Path(f"{row.name}-evidence.zip")
    for path in [target, case] if case else [target]:
        bundles.refuse_if_there(path)
    everything = without_bytes.strip().lower() == "all"
    choice = bundles.Choice(
        items=names(items), without_bytes=() if everything else names(without_bytes), hashes_only=everything, tlp=tlp.lower(),
        record="custody" if record == "custody" else "whole", recipient=recipient, purpose=purpose,
    )  # fmt: skip
    made = bundles.begin(row, choice, actor=who)
    written = 0
    with progress("MiB") as told:

        def count(more: int) -> None:
            nonlocal written
            written += more
            told(written >> 20, max(made.size, written) >> 20)

        done = bundles.write(made, target, count)
    if case:
        case.write_bytes(bundles.case_of(made))
    return {**done, "items": [one.record["name"] for one in made.contents.items], "gaps": _told(made)}


def names(text: str) -> tuple[str, ...]:
    """The numbers in a list with commas."""
    return tuple(word.strip().upper() for word in text.split(",") if word.strip())


def _told(made: bundles.Export) -> list[dict[str, Any]]:
    return [{"what": {"en": gap.en, "ja": gap.ja}} for gap in made.contents.gaps]
