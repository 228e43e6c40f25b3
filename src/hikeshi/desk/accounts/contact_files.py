"""The contact list from a CSV file: all good rows in one transaction, every bad one named with its line and the reason.

Columns by name in the first line, in any order: `name` and `duty`; and where wanted `level`, `user`, `language`, `time_zone`,
`quiet_from`, `quiet_to`, and the ways `phone`, `sms`, `mail`, `chat`, `pager`, tried in the order of their columns.
"""

from __future__ import annotations

import csv
from collections.abc import Collection, Iterator
from datetime import time
from typing import Any, Final

import msgspec
from django.core.exceptions import ValidationError
from django.db import transaction

from hikeshi.desk.accounts import contacts, verbs
from hikeshi.desk.accounts.models import CHANNELS, Contact, Person
from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.errors import HikeshiError, Refused, Unreadable

MOST_BYTES: Final = 1 << 20
MOST_ROWS: Final = 5000
NEEDED: Final = ("name", "duty")
OTHERS: Final = ("level", "user", "language", "time_zone", "quiet_from", "quiet_to")
WAYS: Final = tuple(dict(CHANNELS))


class BadRow(msgspec.Struct, frozen=True):
    """A line of the file that was left out."""

    at_line: int
    reason: str


class Imported(msgspec.Struct, frozen=True):
    """What came of a file: rows = added + changed + same + bad."""

    rows: int
    added: list[str]
    changed: list[str]
    same: int
    bad: list[BadRow]
    dry_run: bool


def import_csv(content: bytes, *, actor: Actor, duties: Collection[str], dry_run: bool = False) -> Imported:
    """Add and change lines. A line with the same name and duty is the same contact; nobody is taken off the list.

    `duties` are the roles there are. With `dry_run` everything is tried and nothing kept. Raises `Unreadable` for what is no such file.
    """
    require(actor, "manage")
    rows = list(_rows(content))
    fates: dict[str, list[str]] = {"added": [], "changed": [], "same": []}
    bad: list[BadRow] = []
    with transaction.atomic():
        for line, row in rows:
            try:
                with transaction.atomic():
                    fates[_take(row, actor, duties)].append(row["name"])
            except (HikeshiError, ValidationError) as problem:
                bad.append(BadRow(line, _reason(problem)))
        counts = {name: len(names) for name, names in fates.items()} | {"rows": len(rows), "bad": len(bad)}
        ledger.append(ORGANISATION, actor=actor, verb="contact.import", obj="contacts", data=counts)
        if dry_run:
            transaction.set_rollback(True)
    return Imported(len(rows), fates["added"], fates["changed"], counts["same"], bad, dry_run)


def _rows(content: bytes) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells by column. Raises `Unreadable`."""
    reader = csv.DictReader(decoded(content).splitlines(keepends=True), strict=True)
    try:
        names = [(name or "").strip().lower() for name in reader.fieldnames or ()]
        _refuse_columns(names)
        reader.fieldnames = names
        for number, row in enumerate(reader, 1):
            if number > MOST_ROWS:
                raise _unreadable(f"it has more than {MOST_ROWS:,} rows.", "Split it.")
            yield reader.line_num, {name: (row[name] or "").strip() for name in names}
    except csv.Error as problem:
        raise _unreadable(f"{problem}.", "Save it as CSV (UTF-8).", f"line {reader.line_num}") from problem


def decoded(content: bytes) -> str:
    """UTF-8, or the code page 932 in which Japanese spreadsheets save. Raises `Unreadable`."""
    if len(content) > MOST_BYTES:
        raise _unreadable("it is too large.", f"A list has up to {MOST_BYTES:,} bytes.")
    for encoding in ("utf-8-sig", "cp932"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" not in text:
            return text
    raise _unreadable("it is neither UTF-8 nor Shift_JIS.", "Save it as CSV (UTF-8).")


def _unreadable(message: str, hint: str, place: str = "") -> Unreadable:
    return Unreadable(message, source="the file", place=place, hint=hint)


def _refuse_columns(names: list[str]) -> None:
    known = (*NEEDED, *OTHERS, *WAYS)
    missing = [name for name in NEEDED if name not in names]
    odd = [name for name in names if name not in known or names.count(name) > 1]
    if missing or odd:
        said = f"there is no column {missing[0]!r}." if missing else f"the column {odd[0][:40]!r} is not understood."
        raise _unreadable(said, f"Columns: {', '.join(known)}.", "line 1")


def _take(row: dict[str, str], actor: Actor, duties: Collection[str]) -> str:
    """Add or change one line: added, changed or same."""
    if row["duty"] not in duties:
        raise Refused(f"{row['duty'][:40]!r} is not a role.")
    contact = contacts.listed().filter(name=row["name"], duty=row["duty"]).first()
    before = _state(contact) if contact else None
    if contact is None:
        contact = verbs.add_contact(row["name"], row["duty"], actor=actor, level=_level(row.get("level") or "1"))
    contacts.change(contact, actor=actor, **_values(row))
    given = [name for name in row if name in WAYS]
    if given:
        contacts.set_ways(contact, [contacts.Reach(name, row[name]) for name in given if row[name]], actor=actor)
    return "added" if before is None else "same" if before == _state(contact) else "changed"


def _state(contact: Contact) -> tuple[object, ...]:
    fields = [str(getattr(contact, name)) for name in contacts.FIELDS]
    return (*fields, *((way.channel, way.address) for way in contact.ways.order_by("place")))


def _values(row: dict[str, str]) -> dict[str, Any]:
    """What the row says of the contact's fields; an empty cell leaves a field as it is."""
    values: dict[str, Any] = {name: row[name] for name in ("language", "time_zone") if row.get(name)}
    if row.get("level"):
        values["level"] = _level(row["level"])
    values |= {name: _time(row[name]) for name in ("quiet_from", "quiet_to") if row.get(name)}
    if row.get("user"):
        values["person"] = Person.objects.filter(username=row["user"], is_active=True).first()
        if values["person"] is None:
            raise Refused(f"There is no person {row['user'][:60]!r}.")
    return values


def _level(text: str) -> int:
    if text not in tuple("123456789"):
        raise Refused(f"The level {text[:20]!r} is none of 1 to 9.")
    return int(text)


def _time(text: str) -> time:
    try:
        return time.fromisoformat(text)
    except ValueError as problem:
        raise Refused(f"{text[:20]!r} is no time of day.") from problem


def _reason(problem: HikeshiError | ValidationError) -> str:
    return problem.message if isinstance(problem, HikeshiError) else " ".join(problem.messages)
