"""Custody: the record of an item, hand-overs, holds, the end of an item, and where the record falls short."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any, Literal

from ninja import File, Form, Router, Status
from ninja.files import UploadedFile

from hikeshi.desk.evidence import gaps, keeping, notes, record, transfers
from hikeshi.desk.evidence.models import Disposal, Hold, Item
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.doors import custody, find, shapes
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body
from hikeshi.doors.find import NotThere
from hikeshi.errors import Refused

router = Router()

ITEM = "/incidents/{name}/evidence/{item}"


class Record(Body):
    """What is said of an item. Times are ISO 8601 with zone; `clock_offset_us` is that clock minus the true time, in microseconds."""

    description: str = ""
    system: str = ""
    account: str = ""
    region: str = ""
    location: str = ""
    owner: str = ""
    authority: str = ""
    collector: str = ""
    witness: str = ""
    method: str = ""
    tool: str = ""
    tool_version: str = ""
    command: str = ""
    began_at: datetime | None = None
    ended_at: datetime | None = None
    clock_source: str = ""
    clock_offset_us: int | None = None
    sensitivity: Literal["", "normal", "sensitive"] = ""
    tlp: str = ""

    def said(self) -> dict[str, Any]:
        return self.dict(include=set(Record.model_fields), exclude_defaults=True)


class Description(Record):
    """`reason` where something that was said already is corrected; `version` is the one you read."""

    title: str = ""
    kind: str = ""
    source: str = ""
    reason: str = ""
    version: int | None = None

    def said(self) -> dict[str, Any]:
        return self.dict(exclude={"reason", "version"}, exclude_defaults=True)


class Correction(Body):
    """One field and what is right; null or an empty text takes back what was said."""

    field: str
    value: str | int | None
    reason: str
    version: int | None = None


class Note(Body):
    """What happened to an item. `occurred_at` needs `time_source`; without both it is now, by the clock of this server."""

    text: str
    kind: Literal["note", "copy", "analyse"] = "note"
    purpose: str = ""
    tool: str = ""
    place: str = ""
    occurred_at: datetime | None = None
    time_source: str = ""


class Offer(Body):
    """A hand-over. `receiver` is a name, or the user name of a person with a role on the incident."""

    receiver: str
    purpose: str
    place: str = ""
    receiver_email: str = ""
    means: Literal["link", "paper"] = "link"
    expires_at: datetime | None = None


class Received(Body):
    """The SHA-256 that was computed of what arrived."""

    sha256: str
    reason: str = ""
    place: str = ""


class Why(Body):
    reason: str


class Retention(Body):
    """The last day it has to stay; null: no day."""

    until: date | None
    reason: str


class End(Body):
    method: str = "deletion from the locker"
    reason: str


@router.patch(ITEM + "/record", response=custody.ItemDetail)
def describe_evidence(request: Call, name: str, item: str, body: Description) -> custody.ItemDetail:
    """Fill what was not said yet; what was is corrected, with a reason. 409 with `current` where somebody else was faster."""
    row = _item(request, name, item)
    record.describe(row, actor=request.auth, fields=body.said(), reason=body.reason, version=body.version)
    return _fresh(row)


@router.post(ITEM + "/corrections", response={201: shapes.EntryShape})
def correct_evidence(request: Call, name: str, item: str, body: Correction) -> Status[shapes.EntryShape]:
    """Correct one field. The entry names both texts, the reason and the entry it corrects."""
    row, value = _item(request, name, item), body.value or None if body.value != 0 else 0
    if body.field in {"began_at", "ended_at"} and isinstance(value, str):
        value = _moment(value)
    made = record.correct(row, body.field, value, actor=request.auth, reason=body.reason, version=body.version)
    return Status(201, shapes.entry(made))


@router.post(ITEM + "/notes", response={201: shapes.EntryShape})
def note_evidence(request: Call, name: str, item: str, body: Note) -> Status[shapes.EntryShape]:
    """Add a custody line: a note, a working copy made, an analysis."""
    return Status(201, shapes.entry(notes.note(_item(request, name, item), actor=request.auth, **body.dict())))


@router.post(ITEM + "/transfers", response={201: custody.OfferShape})
def offer_evidence(request: Call, name: str, item: str, body: Offer) -> Status[custody.OfferShape]:
    """Offer an item. `link` is shown this once; the giver stays the holder until the receiver has accepted with the same hash."""
    made, secret = transfers.offer(_item(request, name, item), actor=request.auth, **body.dict())
    return Status(201, custody.offered(made, secret))


@router.post(ITEM + "/transfers/accept", response=custody.TransferShape)
def accept_evidence(request: Call, name: str, item: str, body: Received) -> custody.TransferShape:
    """Accept what was offered to you. `state` is refused where the hash is not the same."""
    offer = transfers.the_open_offer(_item(request, name, item))
    return custody.transfer(transfers.accept(offer, body.sha256, actor=request.auth))


@router.post(ITEM + "/transfers/paper", response=custody.TransferShape)
def file_signed_sheet(
    request: Call,
    name: str,
    item: str,
    scan: Annotated[UploadedFile, File()],
    sha256: Annotated[str, Form()],
    signed_by: Annotated[str, Form()],
) -> custody.TransferShape:
    """The sheet came back signed by both (multipart/form-data): its scan is sealed, the hash that the receiver wrote is compared."""
    offer = transfers.the_open_offer(_item(request, name, item))
    require_on(request.auth, "write", offer.item.incident)
    if (scan.size or 0) > transfers.MOST_OF_A_SCAN:
        raise Refused("The scan is larger than 50 MiB.", hint="Scan it in lower resolution.")
    done = transfers.accept_on_paper(offer, scan.read(), actor=request.auth, sha256=sha256, signed_by=signed_by)
    return custody.transfer(done)


@router.post(ITEM + "/transfers/refuse", response=custody.TransferShape)
def refuse_evidence(request: Call, name: str, item: str, body: Why) -> custody.TransferShape:
    """Refuse what was offered to you."""
    offer = transfers.the_open_offer(_item(request, name, item))
    return custody.transfer(transfers.refuse(offer, actor=request.auth, reason=body.reason))


@router.post(ITEM + "/transfers/withdraw", response=custody.TransferShape)
def withdraw_evidence(request: Call, name: str, item: str, body: Why) -> custody.TransferShape:
    """Take an offer back before it is answered."""
    offer = transfers.the_open_offer(_item(request, name, item))
    return custody.transfer(transfers.withdraw(offer, actor=request.auth, reason=body.reason))


@router.post(ITEM + "/return", response=custody.ItemDetail)
def return_evidence(request: Call, name: str, item: str, body: Received) -> custody.ItemDetail:
    """Record that it came back, hashed anew. `held_by` stays where the hash is not the same."""
    row = _item(request, name, item)
    transfers.give_back(row, body.sha256, actor=request.auth, reason=body.reason, place=body.place)
    return _fresh(row)


@router.post(ITEM + "/holds", response={201: custody.HoldShape})
def hold_evidence(request: Call, name: str, item: str, body: Why) -> Status[custody.HoldShape]:
    """Place a legal hold."""
    row = _item(request, name, item)
    return Status(201, custody.hold(keeping.place_hold(row, actor=request.auth, reason=body.reason)))


@router.post(ITEM + "/holds/{hold}/lift", response=custody.HoldShape)
def lift_hold(request: Call, name: str, item: str, hold: int, body: Why) -> custody.HoldShape:
    """Lift a legal hold."""
    found: Hold | None = _item(request, name, item).holds.filter(pk=hold).first()
    if found is None:
        raise NotThere(f"There is no hold {hold}.", hint="The item's detail lists them.")
    keeping.lift_hold(found, actor=request.auth, reason=body.reason)
    return custody.hold(found)


@router.put(ITEM + "/retention", response=custody.ItemDetail)
def retain_evidence(request: Call, name: str, item: str, body: Retention) -> custody.ItemDetail:
    """Keep it at least until a day."""
    row = _item(request, name, item)
    keeping.retain(row, body.until, actor=request.auth, reason=body.reason)
    return _fresh(row)


@router.post(ITEM + "/disposal", response={201: custody.DisposalShape})
def ask_disposal(request: Call, name: str, item: str, body: End) -> Status[custody.DisposalShape]:
    """Ask that it be disposed of. Somebody else approves or refuses."""
    row = _item(request, name, item)
    return Status(201, custody.disposal(keeping.ask_disposal(row, actor=request.auth, **body.dict())))


@router.post(ITEM + "/disposal/approve", response=custody.DisposalShape)
def approve_disposal(request: Call, name: str, item: str) -> custody.DisposalShape:
    """Say yes to what somebody else asked for: the bytes are removed now, the record stays."""
    asked = _asked(_item(request, name, item))
    keeping.approve_disposal(asked, actor=request.auth)
    return custody.disposal(asked)


@router.post(ITEM + "/disposal/refuse", response=custody.DisposalShape)
def refuse_disposal(request: Call, name: str, item: str, body: Why) -> custody.DisposalShape:
    """Say no to what somebody else asked for."""
    asked = _asked(_item(request, name, item))
    keeping.refuse_disposal(asked, actor=request.auth, reason=body.reason)
    return custody.disposal(asked)


@router.get("/incidents/{name}/evidence-gaps", response=list[custody.GapShape])
def list_evidence_gaps(request: Call, name: str) -> list[custody.GapShape]:
    """Where the record of the evidence falls short, and how to close each gap."""
    return [custody.gap(one) for one in gaps.gaps(find.incident(request.auth, name))]


def _item(request: Call, name: str, item: str) -> Item:
    row = find.item(find.incident(request.auth, name), item)
    transfers.settle(row)
    return row


def _fresh(row: Item) -> custody.ItemDetail:
    row.refresh_from_db()
    return custody.detail(row)


def _asked(row: Item) -> Disposal:
    found: Disposal | None = row.disposals.filter(state="asked").first()
    if found is None:
        raise NotThere(f"Nobody asked for the disposal of {row.name}.", hint="POST .../disposal asks.")
    return found


def _moment(text: str) -> Any:
    """A time with its zone; anything else is left for the verb to refuse."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return text
    return found if found.utcoffset() is not None else text
