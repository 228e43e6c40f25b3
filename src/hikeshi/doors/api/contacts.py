"""The contact list: whom to reach for which role, by which ways."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

import msgspec
from django.utils import timezone
from ninja import Router, Status
from pydantic import Field
from typing_extensions import TypedDict

from hikeshi.desk.accounts import contact_files, contacts, verbs
from hikeshi.desk.accounts.models import Contact
from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.incidents.models import DUTIES
from hikeshi.doors import find
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.api.paging import Body
from hikeshi.errors import Refused

router = Router()


class WayShape(TypedDict):
    """One way to reach somebody. `unverified`: nobody has seen it work for 90 days. `failing_at`: since when messages come back."""

    way: int
    channel: str
    address: str
    verified_at: datetime | None
    verified_by: str
    unverified: bool
    failing_at: datetime | None
    failing_why: str


class ContactShape(TypedDict):
    """One line of the list, with the ways in the order to try. Lower levels are reached first."""

    contact: int
    name: str
    duty: str
    level: int
    phone: str
    email: str
    person: str | None
    language: str
    time_zone: str
    quiet: str
    verified_at: datetime | None
    ways: list[WayShape]


class NewWay(Body):
    channel: str
    address: str


class NewContact(Body):
    """`person` is a username."""

    name: str = Field(min_length=1, max_length=120)
    duty: str
    level: int = Field(1, ge=1, le=9)
    person: str = ""
    ways: list[NewWay] = Field(default_factory=list, max_length=contacts.MOST_WAYS)


class ContactChange(Body):
    """What is not sent stays as it is."""

    name: str | None = None
    duty: str | None = None
    level: int | None = Field(None, ge=1, le=9)
    person: str | None = None
    language: str | None = None
    time_zone: str | None = None
    quiet_from: time | None = None
    quiet_to: time | None = None


class Ways(Body):
    """All the ways, in the order to try."""

    ways: list[NewWay] = Field(max_length=contacts.MOST_WAYS)


class Retirement(Body):
    reason: str


class ListFile(Body):
    """`csv` is the text of the file."""

    csv: str = Field(max_length=contact_files.MOST_BYTES)
    dry_run: bool = False


class BadRowShape(TypedDict):
    at_line: int
    reason: str


class ImportShape(TypedDict):
    """rows = added + changed + same + bad."""

    rows: int
    added: list[str]
    changed: list[str]
    same: int
    bad: list[BadRowShape]
    dry_run: bool


@router.get("/contacts", response=list[ContactShape])
def list_contacts(request: Call) -> list[dict[str, Any]]:
    """The contact list, by role and level."""
    require(request.auth, "triage")
    return [_line(row) for row in contacts.listed()]


@router.post("/contacts", response={201: ContactShape})
def add_contact(request: Call, body: NewContact) -> Status[dict[str, Any]]:
    """Put somebody on the list."""
    require(request.auth, "manage")
    person = find.person(body.person) if body.person else None
    row = verbs.add_contact(body.name, known_duty(body.duty), actor=request.auth, level=body.level, person=person)
    contacts.set_ways(row, _ways(body.ways), actor=request.auth)
    return Status(201, _line(row))


@router.post("/contacts/import", response=ImportShape)
def import_contacts(request: Call, body: ListFile) -> dict[str, Any]:
    """Add and change lines from CSV. Bad rows are named and left out; `dry_run` keeps nothing."""
    content = body.csv.encode()
    done = contact_files.import_csv(content, actor=request.auth, duties=dict(DUTIES), dry_run=body.dry_run)
    plain: dict[str, Any] = msgspec.to_builtins(done)
    return plain


@router.patch("/contacts/{number}", response=ContactShape)
def change_contact(request: Call, number: int, body: ContactChange) -> dict[str, Any]:
    """Change fields of a line."""
    require(request.auth, "manage")
    row = find.contact(str(number))
    values = body.dict(exclude_unset=True)
    if "person" in values:
        values["person"] = find.person(values["person"]) if values["person"] else None
    if "duty" in values:
        known_duty(values["duty"])
    contacts.change(row, actor=request.auth, **values)
    return _line(row)


@router.put("/contacts/{number}/ways", response=ContactShape)
def set_ways(request: Call, number: int, body: Ways) -> dict[str, Any]:
    """Set how somebody is reached, in the order to try. A way that was there keeps when it was verified."""
    require(request.auth, "manage")
    row = find.contact(str(number))
    contacts.set_ways(row, _ways(body.ways), actor=request.auth)
    return _line(row)


@router.post("/contacts/{number}/ways/{way}/verify", response=ContactShape)
def verify_way(request: Call, number: int, way: int) -> dict[str, Any]:
    """Say that somebody was just reached by this way."""
    require(request.auth, "triage")
    row = find.contact(str(number))
    contacts.verify(find.way(row, way), actor=request.auth)
    return _line(find.contact(str(number)))


@router.post("/contacts/{number}/retire", response={204: None})
def retire_contact(request: Call, number: int, body: Retirement) -> Status[None]:
    """Take somebody off the list, with a reason."""
    require(request.auth, "manage")
    contacts.retire(find.contact(str(number)), actor=request.auth, reason=body.reason)
    return Status(204, None)


def _line(row: Contact) -> dict[str, Any]:
    return contacts.shown(row, timezone.now())


def _ways(given: list[NewWay]) -> list[contacts.Reach]:
    return [contacts.Reach(one.channel, one.address) for one in given]


def known_duty(text: str) -> str:
    if text not in dict(DUTIES):
        raise Refused(f"{text[:40]!r} is not a role.", hint=f"Use one of: {', '.join(dict(DUTIES))}.")
    return text
