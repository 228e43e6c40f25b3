"""The record of an item: what it is, where it was, who collected it and how. Filled once, corrected in the open.

The ledger knows who said what and when; the row only shows what holds now. So a field is "said" when an entry names it, and changing it
from then on is a correction, which points back to that entry. The number of the last such entry is also the version of the record.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence.models import Item
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import Chain, Entry
from hikeshi.desk.ledger.phrases import told
from hikeshi.errors import Conflict, Refused

FIELDS: Final = (
    "description", "system", "account", "region", "location", "owner", "authority", "collector", "witness", "method", "tool",
    "tool_version", "command", "began_at", "ended_at", "clock_source", "clock_offset_us", "sensitivity", "tlp",
)  # fmt: skip
"""What may be said of an item when it is sealed, or later. Times are aware datetimes; the offset is in microseconds."""

CORRECTABLE: Final = ("title", "kind", "source", *FIELDS)
SAYING: Final = ("evidence.seal", "evidence.describe", "evidence.correct")


def plain(value: Any) -> Any:
    """A value as the ledger keeps it."""
    return value.isoformat() if isinstance(value, datetime) else value


def given(fields: Mapping[str, Any], names: tuple[str, ...] = FIELDS) -> dict[str, Any]:
    """The fields that say something. Raises `Refused` for a name that is no field of the record."""
    unknown = sorted(set(fields) - set(names))
    if unknown:
        raise Refused(f"{unknown[0]!r} is no field of an item's record.", hint=f"There are: {', '.join(names)}.")
    said = {name: value.strip() if isinstance(value, str) else value for name, value in fields.items()}
    return {name: value for name, value in said.items() if value not in ("", None)}


def said_in(item: Item) -> dict[str, int]:
    """The number of the entry that last said each field."""
    found: dict[str, int] = {}
    rows = Entry.objects.filter(chain__name=item.incident.name, object=item.name, verb__in=SAYING).order_by("seq")
    for row in rows:
        data = told(row)
        fields = given(data, tuple(data)) if row.verb == "evidence.seal" else data.get("fields", [data.get("field")])
        found |= {name: row.seq for name in fields if name in CORRECTABLE}
    return found


def version(item: Item) -> int:
    """The number of the last entry that said anything of the item."""
    return max(said_in(item).values(), default=0)


@transaction.atomic
def describe(
    item: Item, *, actor: Actor, reason: str = "", version: int | None = None, fields: Mapping[str, Any]
) -> list[Entry]:
    """Fill what was not said yet, and correct what was: one entry for all that is new, one for each correction.

    `version` is the one the writer saw (`version(item)`). A field left empty is left as it is; `correct` can empty one. Raises
    `Conflict` when somebody else has said a field meanwhile, `Refused` when a correction has no reason or a field is unknown.
    """
    require_on(actor, "write", item.incident)
    _lock(item)
    said, wanted = said_in(item), given(fields, CORRECTABLE)
    changed = {name: value for name, value in wanted.items() if getattr(item, name) != value}
    _refuse_if_overtaken(item, changed, said, version)
    fresh = {name: value for name, value in changed.items() if name not in said}
    entries = [_fill(item, fresh, actor)] if fresh else []
    return entries + [
        _correct(item, name, changed[name], actor, reason, said[name]) for name in changed if name not in fresh
    ]


@transaction.atomic
def correct(item: Item, field: str, value: Any, *, actor: Actor, reason: str, version: int | None = None) -> Entry:
    """Change what was said of one field; an empty value takes it back. The entry names both texts and the entry it corrects."""
    require_on(actor, "write", item.incident)
    _lock(item)
    said = said_in(item)
    if field not in CORRECTABLE or field not in said:
        raise Refused(f"Nothing was said of {field[:40]!r} yet.", hint="`evidence describe` says it.")
    _refuse_if_overtaken(item, {field: value}, said, version)
    if value is None and not Item._meta.get_field(field).null:
        value = ""
    if getattr(item, field) == value:
        raise Refused(f"{field} says that already.")
    return _correct(item, field, value, actor, reason, said[field])


def _lock(item: Item) -> None:
    """One writer at a time says anything of an incident's items; the row is read anew behind the lock."""
    Chain.objects.select_for_update().get(name=item.incident.name)
    item.refresh_from_db()


def _refuse_if_overtaken(item: Item, changed: Mapping[str, Any], said: Mapping[str, int], version: int | None) -> None:
    late = [name for name in changed if version is not None and said.get(name, 0) > version]
    if late:
        current = "; ".join(f"{name}: {plain(getattr(item, name))}" for name in late)
        yours = "; ".join(f"{name}: {plain(changed[name])}" for name in late)
        raise Conflict(
            f"The record of {item.name} was written by somebody else meanwhile. Saved: {current}. Yours: {yours}.",
            current=current,
            hint="Look at it again; nothing of yours was written.",
        )


def _fill(item: Item, fresh: Mapping[str, Any], actor: Actor) -> Entry:
    _save(item, fresh)
    fields = {name: plain(value) for name, value in fresh.items()}
    return ledger.append(
        item.incident.name, actor=actor, verb="evidence.describe", obj=item.name, data={"fields": fields}
    )


def _correct(item: Item, field: str, value: Any, actor: Actor, reason: str, seq: int) -> Entry:
    if not reason.strip():
        raise Refused(f"{field} was said already: changing it needs a reason.", hint="Say what was wrong with it.")
    before = plain(getattr(item, field))
    _save(item, {field: value})
    data = {"field": field, "before": before, "after": plain(value), "reason": reason.strip()[:500], "corrects": seq}
    return ledger.append(item.incident.name, actor=actor, verb="evidence.correct", obj=item.name, data=data)


def _save(item: Item, values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        setattr(item, name, value)
    if item.began_at and item.ended_at and item.ended_at < item.began_at:
        raise Refused("The collection would have ended before it began.", hint="Check both times and their zones.")
    item.full_clean()
    item.save(update_fields=list(values))
