"""`evidence form`: the chain-of-custody form, for paper."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any

import typer

from hikeshi.desk.evidence.printing import FORMATS, print_form
from hikeshi.doors import find
from hikeshi.doors.cli import session
from hikeshi.doors.cli.options import WrongUsage
from hikeshi.doors.cli.who import actor


def form(
    incident: str,
    out: Annotated[Path, typer.Option(help="Where to: a name that ends in .pdf or .html.")],
    item: Annotated[str, typer.Argument(help="An item, such as EV-001; without one, all.")] = "",
) -> Any:
    """Print the chain-of-custody form in the language of --lang. What was printed is a line of the item's custody."""
    kind = next((one for one in FORMATS if out.suffix.lower() == f".{one}"), None)
    if kind is None:
        raise WrongUsage(f"{out.name} says no format.", hint="Use a name that ends in .pdf or .html.")
    who = actor()
    row = find.incident(who, incident)
    items = [find.item(row, item)] if item else list(row.evidence.select_related("incident"))
    made = print_form(row, items, actor=who, language=session.options.language, kind=kind)
    out.write_bytes(made)
    return {"out": str(out), "items": [one.name for one in items], "sha256": hashlib.sha256(made).hexdigest()}
