"""Sealing what was acquired on a responder's machine: the item gets the fields of its acquisition record, and the record is kept with it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hikeshi.custody.acquire import checking, record as records
from hikeshi.custody.acquire.record import Record
from hikeshi.custody.manifest import Progress
from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence import verbs
from hikeshi.desk.evidence.models import Item
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.incidents.verbs import require_on


def seal_folder(
    incident: Incident, folder: Path, record: Record, *, actor: Actor,
    progress: Progress | None = None,
) -> Item:  # fmt: skip
    """The whole folder of an acquisition as one item; its record is one of the files."""
    return verbs.seal_files(
        incident, [folder], actor=actor, title=record.title, kind=record.kind, source=record.source,
        record=record.fields, progress=progress,
    )  # fmt: skip


def seal_upload(
    incident: Incident, path: Path, acquisition: bytes, *, actor: Actor, title: str = "", kind: str = "",
    said: Mapping[str, Any] | None = None,
) -> Item:  # fmt: skip
    """One file that arrived alone, with the JSON of its record, which is sealed beside it as a receipt.

    What people say of it (`title`, `kind`, `said`) goes before what the record says. Raises `Unreadable` for a record that is none, and
    where it does not list the file; nothing is sealed then.
    """
    require_on(actor, "write", incident)
    record = records.parse(acquisition, source="acquisition")
    checking.refuse_unlisted(record, path)
    more = {name: value for name, value in (said or {}).items() if value not in ("", None)}
    item = verbs.seal_files(
        incident, [path], actor=actor, title=title or record.title, kind=kind or record.kind, source=record.source,
        record=record.fields | more,
    )  # fmt: skip
    about = f"Acquisition record of {item.name}"
    verbs.seal_bytes(incident, acquisition, actor=actor, title=about, kind="receipt", source=record.source)
    return item
