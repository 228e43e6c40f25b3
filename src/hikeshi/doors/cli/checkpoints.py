"""`audit checkpoint | checkpoints | prove | consistency | rebuild`: what was signed over a chain, and what it proves to a stranger."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from hikeshi.desk.actor import Actor
from hikeshi.desk.ledger import checkpoints as verbs
from hikeshi.desk.ledger.models import Chain
from hikeshi.doors import checkpoints, find
from hikeshi.doors.cli import session
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.exits import DONE, REFUSED
from hikeshi.doors.cli.options import WrongUsage
from hikeshi.doors.cli.who import actor
from hikeshi.errors import Refused, Unreadable

COLUMNS = ("chain", "entries", "root", "made_at", "signed_by", "stamps", "copies")

Name = Annotated[str, typer.Argument(help="A chain, such as INC-2026-001 or organisation.")]
Out = Annotated[Path | None, typer.Option(help="Write it to this file, which must not exist yet.")]


def checkpoint(
    chain: Name = "",
    every: Annotated[bool, typer.Option("--all", help="Every chain you may read.")] = False,
    out: Out = None,
) -> Any:
    """Sign a chain as it is now, without waiting for the worker. --out writes the signed note.

    Exit code 3 where a chain must not be signed because it is not whole: the reason is on the record, and the others are signed.
    """
    who = actor()
    if bool(chain) == every or (every and out is not None):
        raise WrongUsage("Name one chain, or --all (without --out).", hint="`hikeshi audit log` lists the chains.")
    if every:
        rows = [_signed(row, who) for row in find.chains(who).order_by("name")]
        refused = any("problem" in row for row in rows)
        return Answer(rows, columns=(*COLUMNS, "problem"), code=REFUSED if refused else DONE)
    made = verbs.checkpoint(find.chain(who, chain), actor=who)
    shape = _plain(checkpoints.detail(made))
    return {**shape, "file": _write(out, made.note)} if out is not None else shape


def _signed(chain: Chain, who: Actor) -> dict[str, Any]:
    try:
        made = verbs.checkpoint(chain, actor=who)
    except (Refused, Unreadable) as problem:
        return {"chain": chain.name, "problem": str(problem)}
    return _plain(checkpoints.shape(made))


def _plain(given: Mapping[str, Any]) -> dict[str, Any]:
    """For people how many of the stamps and copies asked for are held, in one word, and no keys."""
    shape = dict(given)
    if not session.options.json:
        shape.pop("keys", None)
        shape |= {name: f"{shape[name]['held']}/{shape[name]['asked']}" for name in ("stamps", "copies")}
    return shape


def list_checkpoints(chain: Name) -> Answer:
    """The signed checkpoints of a chain, newest first: how many entries, who signed, what is held outside."""
    found = find.chain(actor(), chain)
    return Answer(
        (_plain(checkpoints.shape(row)) for row in checkpoints.rows(found).iterator(chunk_size=100)),
        columns=COLUMNS,
        lines=True,
    )


def prove(
    chain: Name,
    seq: Annotated[int, typer.Argument(help="The number of the entry.")],
    out: Out = None,
) -> Any:
    """The proof that an entry is under the newest signed checkpoint, for somebody who has nothing of ours (C2SP tlog-proof).

    `hikeshi custody check-proof FILE --key PUBLIC.pem` checks it anywhere.
    """
    found = find.chain(actor(), chain)
    return _text(found.name, verbs.prove(found, seq), out)


def consistency(
    chain: Name,
    old: Annotated[int, typer.Argument(help="Entries under the older checkpoint, which somebody has kept.")],
    new: Annotated[int, typer.Argument(help="Entries under the newer one; without it, the newest.")] = 0,
    out: Out = None,
) -> Any:
    """The proof that a newer checkpoint continues an older one: nothing was changed or removed between them.

    `hikeshi custody check-consistency OLDER FILE --key PUBLIC.pem` checks it anywhere.
    """
    found = find.chain(actor(), chain)
    return _text(found.name, verbs.consistency(found, old, new or None), out)


def rebuild(chain: Name) -> Any:
    """Make the tiles of a chain's tree again from its entries, where `audit verify` finds nothing damaged but tiles.

    Exit code 3 where entries or checkpoints are damaged too: that cannot be made good.
    """
    who = actor()
    found = find.chain(who, chain)
    return {"chain": found.name, "tiles_replaced": verbs.rebuild(found, actor=who)}


def _text(chain: str, text: str, out: Path | None) -> Any:
    """For people the proof itself, or where it was written to; for programs both in JSON."""
    plain = {"chain": chain, "proof": text}
    if out is not None:
        return {"chain": chain, "file": _write(out, text)} | (plain if session.options.json else {})
    return plain if session.options.json else text.removesuffix("\n")


def _write(out: Path, text: str) -> str:
    try:
        with out.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError as problem:
        raise Refused(f"{out} is there already; nothing was written over it.", hint="Give another name.") from problem
    return str(out)
