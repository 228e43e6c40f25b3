"""`audit log | verify`: the record, and whether anybody has changed it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer

from hikeshi.desk.ledger.models import Chain
from hikeshi.doors import find, shapes
from hikeshi.doors.checkpoints import check, told
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.exits import DIFFERENCE, DONE
from hikeshi.doors.cli.options import WrongUsage
from hikeshi.doors.cli.who import actor


def log(
    chain: Annotated[
        str, typer.Argument(help="A chain, such as INC-2026-001 or organisation; without it, the chains.")
    ] = "",
    after: Annotated[int, typer.Option(min=0, help="Only entries after this number.")] = 0,
) -> Answer:
    """The entries of a chain, oldest first, one per line with --json; without a chain, the chains you may read."""
    who = actor()
    if not chain:
        return Answer([shapes.chain(row) for row in find.chains(who).order_by("name")])
    return Answer(
        _entries(find.chain(who, chain), after),
        columns=("seq", "time", "actor", "door", "verb", "object", "text"),
        lines=True,
    )


def _entries(chain: Chain, after: int) -> Iterator[Any]:
    for row in chain.entries.filter(seq__gt=after).order_by("seq").select_related("chain").iterator():
        yield shapes.entry(row)


def verify(
    chain: Annotated[str, typer.Argument(help="A chain, such as INC-2026-001.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Every chain you may read.")] = False,
) -> Answer:
    """Recompute every hash, root and tile, and check every signature. Exit code 4 where something is not as it was, and what."""
    who = actor()
    if bool(chain) == every:
        raise WrongUsage("Name one chain, or --all.", hint="`hikeshi audit log` lists the chains.")
    chains = list(find.chains(who).order_by("name")) if every else [find.chain(who, chain)]
    rows = [told(check(row)) for row in chains]
    return Answer(
        rows, columns=("chain", "ok", "count", "checkpoints", "problems"),
        code=DONE if all(row["ok"] for row in rows) else DIFFERENCE,
    )  # fmt: skip
