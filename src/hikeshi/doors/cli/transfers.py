"""`evidence transfer | accept | refuse | withdraw | return`: handing an item over, in two steps by two sides."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Annotated, Any

import typer

from hikeshi.desk.evidence import transfers
from hikeshi.desk.evidence.models import Item
from hikeshi.doors import custody, find
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.evidence_record import Number
from hikeshi.doors.cli.exits import DIFFERENCE, DONE
from hikeshi.doors.cli.options import WrongUsage
from hikeshi.doors.cli.times import optional
from hikeshi.doors.cli.who import actor
from hikeshi.errors import Refused

Hash = Annotated[str, typer.Option(help="The SHA-256 computed of what was received.")]
Received = Annotated[
    Path | None, typer.Option(help="What was received: it is hashed here.", exists=True, dir_okay=False)
]
Why = Annotated[str, typer.Option(help="Why, kept in the ledger.")]


def transfer(
    incident: str,
    item: Number,
    receiver: Annotated[str, typer.Argument(help="Who gets it: a name, or the user name of somebody on the incident.")],
    purpose: Annotated[str, typer.Option(help="What for.")],
    place: Annotated[str, typer.Option(help="Where it is handed over.")] = "",
    email: Annotated[str, typer.Option(help="The receiver's address, for the record.")] = "",
    paper: Annotated[bool, typer.Option("--paper", help="They sign on paper, not by a link.")] = False,
    expires: Annotated[
        str, typer.Option(help="Until when they may answer, ISO 8601 with zone; without it, 7 days.")
    ] = "",
) -> Any:
    """Offer an item. Prints the link for the receiver once; the giver holds the item until they accept with the same hash."""
    who, row = _item(incident, item)
    made, secret = transfers.offer(
        row, actor=who, receiver=receiver, purpose=purpose, place=place, receiver_email=email,
        means="paper" if paper else "link", expires_at=optional(expires),
    )  # fmt: skip
    return custody.offered(made, secret)


def accept(
    incident: str,
    item: Number,
    sha256: Hash = "",
    file: Received = None,
    paper: Annotated[
        Path | None,
        typer.Option(help="The scan of the sheet both signed; it is sealed too.", exists=True, dir_okay=False),
    ] = None,
    signed_by: Annotated[str, typer.Option(help="Who signed the sheet as the receiver.")] = "",
) -> Answer:
    """Accept what was offered to you, or file the sheet that came back signed. Exit code 4 where the hash is not the same."""
    who, row = _item(incident, item)
    offer, digest = transfers.the_open_offer(row), _digest(sha256, file)
    if paper is not None:
        done = transfers.accept_on_paper(offer, _scan(paper), actor=who, sha256=digest, signed_by=signed_by)
    else:
        done = transfers.accept(offer, digest, actor=who)
    return Answer(custody.transfer(done), code=DONE if done.state == "accepted" else DIFFERENCE)


def refuse(incident: str, item: Number, reason: Why) -> Any:
    """Refuse what was offered to you. The giver stays the holder."""
    who, row = _item(incident, item)
    return custody.transfer(transfers.refuse(transfers.the_open_offer(row), actor=who, reason=reason))


def withdraw(incident: str, item: Number, reason: Why) -> Any:
    """Take an offer back before it is answered."""
    who, row = _item(incident, item)
    return custody.transfer(transfers.withdraw(transfers.the_open_offer(row), actor=who, reason=reason))


def give_back(
    incident: str,
    item: Number,
    sha256: Hash = "",
    file: Received = None,
    place: Annotated[str, typer.Option(help="Where it came back.")] = "",
    reason: Why = "",
) -> Answer:
    """Record that an item came back, hashed anew. Exit code 4 where the hash is not the same: the holder stays who it was."""
    who, row = _item(incident, item)
    same = transfers.give_back(row, _digest(sha256, file), actor=who, reason=reason, place=place)
    return Answer(custody.detail(row), code=DONE if same else DIFFERENCE)


def _item(incident: str, item: str) -> tuple[Any, Item]:
    who = actor()
    row = find.item(find.incident(who, incident), item)
    transfers.settle(row)
    return who, row


def _digest(sha256: str, file: Path | None) -> str:
    if bool(sha256) == bool(file):
        raise WrongUsage("Name the hash, or the file to hash.", hint="Use --sha256 HEX or --file PATH.")
    if file is None:
        return sha256
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _scan(path: Path) -> bytes:
    if path.stat().st_size > transfers.MOST_OF_A_SCAN:
        raise Refused("The scan is larger than 50 MiB.", hint="Scan it in lower resolution.")
    return path.read_bytes()
