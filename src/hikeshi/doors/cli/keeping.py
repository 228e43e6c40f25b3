"""`evidence hold | unhold | retain | dispose | gaps`: how long evidence stays, and where its record falls short."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

import typer

from hikeshi.desk.evidence import gaps, keeping
from hikeshi.desk.evidence.models import Disposal, Item
from hikeshi.doors import custody, find
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.evidence_record import Number
from hikeshi.doors.cli.options import WrongUsage
from hikeshi.doors.cli.who import actor
from hikeshi.errors import Refused

Why = Annotated[str, typer.Option(help="Why, kept in the ledger.")]


def hold(incident: str, item: Number, reason: Why) -> Any:
    """Place a legal hold: nobody may dispose of the item until it is lifted."""
    who = actor()
    return custody.hold(keeping.place_hold(find.item(find.incident(who, incident), item), actor=who, reason=reason))


def unhold(
    incident: str,
    item: Number,
    reason: Why,
    number: Annotated[int, typer.Option(help="Which hold, where several stand (`evidence show`).")] = 0,
) -> Any:
    """Lift a legal hold."""
    who = actor()
    row = find.item(find.incident(who, incident), item)
    standing = [one for one in keeping.holds_on(row) if number in {0, one.pk}]
    if len(standing) != 1:
        numbers = ", ".join(str(one.pk) for one in standing) or "none"
        raise Refused(f"{row.name} has not one such hold: {numbers}.", hint="Name one with --number.")
    keeping.lift_hold(standing[0], actor=who, reason=reason)
    return custody.hold(standing[0])


def retain(
    incident: str,
    item: Number,
    until: Annotated[str, typer.Argument(help="The last day it has to stay, such as 2031-03-31; empty: no day.")],
    reason: Why,
) -> Any:
    """Keep an item at least until a day. A legal hold is something else, and stands beside it."""
    who = actor()
    row = find.item(find.incident(who, incident), item)
    keeping.retain(row, _day(until), actor=who, reason=reason)
    return custody.detail(row)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as problem:
        raise WrongUsage(f"{text!r} is not a day.", hint="Write it as 2031-03-31.") from problem


def dispose(
    incident: str,
    item: Number,
    reason: Annotated[str, typer.Option(help="Why it goes, or why not.")] = "",
    method: Annotated[str, typer.Option(help="How, such as deletion from the locker.")] = "deletion from the locker",
    approve: Annotated[bool, typer.Option("--approve", help="Somebody else has asked for it: it is done now.")] = False,
    refuse: Annotated[bool, typer.Option("--refuse", help="Somebody else has asked for it: it stays.")] = False,
) -> Any:
    """Ask that an item be disposed of; somebody else approves with --approve, or refuses. The record stays for good."""
    who = actor()
    row = find.item(find.incident(who, incident), item)
    if approve and refuse:
        raise WrongUsage("It is approved or refused, not both.")
    if not approve and not refuse:
        return custody.disposal(keeping.ask_disposal(row, actor=who, method=method, reason=reason))
    asked = _asked(row)
    if approve:
        keeping.approve_disposal(asked, actor=who)
    else:
        keeping.refuse_disposal(asked, actor=who, reason=reason)
    return custody.disposal(asked)


def _asked(row: Item) -> Disposal:
    found = row.disposals.filter(state="asked").first()
    if found is None:
        raise Refused(f"Nobody asked for the disposal of {row.name}.", hint="Without --approve, this command asks.")
    return found


def list_gaps(incident: str) -> Answer:
    """Where the record of the evidence falls short, and how to close each gap."""
    rows = [custody.gap(one) for one in gaps.gaps(find.incident(actor(), incident))]
    return Answer(rows, columns=("item", "kind", "text", "todo"))
