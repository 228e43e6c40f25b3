"""Changing fields of a row that several people may write at once, so that no update is ever lost.

The row has a `version`, which grows with every change; a writer names the version they saw. Two who change different fields do not
disturb each other; of two who change the same field the second is told: `Conflict` holds of each such field the text both began
with, the text that is saved and their own, and nothing is written. Which fields changed since a version is read in the ledger:

    data = changes.change(row, version, chain=incident.name, obj=f"task {row.pk}", text="Call the bank")
    ledger.append(incident.name, actor=actor, verb="task.edit", obj=f"task {row.pk}", data=data)

both in one transaction. `obj` has to be the object of every entry that records a change of this row, and what is returned has to be
part of that entry's data.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from django.db import models

from hikeshi.desk.ledger.models import Entry
from hikeshi.errors import Conflict, Difference


def change(
    row: models.Model,
    version: int | None,
    *,
    chain: str,
    obj: str,
    data: Mapping[str, Any] | None = None,
    **values: Any,
) -> dict[str, Any]:
    """Write `values` into the row, inside the caller's transaction. Returns what the ledger entry has to hold, on top of `data`.

    `version` is the one the writer saw; None writes over whatever is there, for changes that hold in any case (a worker's, or those
    that a verb has checked against the row itself). Only fields that differ from what is saved are written; where none does, the
    version stays. Raises `Conflict` when a field of `values` was changed since `version`, or where no such version was ever there.
    """
    row.refresh_from_db(from_queryset=type(row)._default_manager.select_for_update())
    now: int = row.version  # type: ignore[attr-defined] # every model given here has one
    saved = {name: getattr(row, name) for name in values}
    fresh = {name: value for name, value in values.items() if saved[name] != value}
    if version is not None and version != now:
        _refuse_if_overtaken(row, version, _began(chain, obj, version), saved, fresh)
    told = {**(data or {}), "version": now + 1 if fresh else now, "was": {name: plain(saved[name]) for name in fresh}}
    if fresh:
        for name, value in {**fresh, "version": now + 1}.items():
            setattr(row, name, value)
        row.full_clean()
        row.save(update_fields=[*fresh, "version"])
    return told


def plain(value: Any) -> Any:
    """A field's value as the ledger holds it: times as ISO 8601, rows by name."""
    if isinstance(value, datetime):
        return value.isoformat()
    return value if value is None or isinstance(value, str | int | float | bool | list | dict) else str(value)


def said(value: Any) -> str:
    """A value as people compare it: lists one entry per line, nothing for nothing."""
    value = plain(value)
    if isinstance(value, list):
        return "\n".join(said(one) for one in value)
    return "" if value is None else str(value)


def _refuse_if_overtaken(
    row: models.Model, version: int, began: Mapping[str, Any], saved: Mapping[str, Any], fresh: Mapping[str, Any]
) -> None:
    now: int = row.version  # type: ignore[attr-defined]
    late = [name for name in fresh if name in began or version > now]
    if not late:
        return
    differences = tuple(
        Difference(field=name, base=said(began.get(name)), saved=said(saved[name]), own=said(fresh[name]))
        for name in late
    )
    raise Conflict(
        f"{row} was changed by somebody else meanwhile. {' '.join(map(str, differences))}",
        current=", ".join(f"{one.field}: {one.saved}" for one in differences),
        version=now,
        differences=differences,
        hint="Look at both texts; nothing of yours was written.",
    )


def _began(chain: str, obj: str, version: int) -> dict[str, Any]:
    """What each field that was changed after `version` held at `version`."""
    began: dict[str, Any] = {}
    for told in _newest_first(chain, obj):
        if told["version"] <= version:
            break
        began |= told["was"]  # the oldest comes last: that is what the field held at first
    return began


def _newest_first(chain: str, obj: str) -> Iterator[dict[str, Any]]:
    rows = Entry.objects.filter(chain__name=chain, object=obj).order_by("-seq").values_list("data", flat=True)
    for text in rows.iterator(chunk_size=50):
        try:
            told = json.loads(text)
        except ValueError:  # a damaged line: the check of the chain points at it
            continue
        if isinstance(told, dict) and isinstance(told.get("version"), int) and isinstance(told.get("was"), dict):
            yield told
