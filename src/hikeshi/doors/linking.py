"""Links between incidents and notes for counsel as plain data, for the API and the command line."""

from __future__ import annotations

from datetime import datetime

from typing_extensions import TypedDict  # pydantic asks for this one below Python 3.12

from hikeshi.desk.incidents.models import CounselNote, Link


class LinkShape(TypedDict):
    """`incident` is `kind` (related, caused_by, same_actor, duplicate) to `other`."""

    incident: str
    kind: str
    other: str
    reason: str
    made_by: str
    made_at: datetime


class CounselShape(TypedDict):
    """A note for counsel only."""

    text: str
    sha256: str
    written_by: str
    written_at: datetime


def link(row: Link) -> LinkShape:
    return {
        "incident": row.incident.name, "kind": row.kind, "other": row.other.name, "reason": row.reason,
        "made_by": row.made_by, "made_at": row.made_at,
    }  # fmt: skip


def counsel(row: CounselNote) -> CounselShape:
    return {
        "text": row.text,
        "sha256": row.text_sha256,
        "written_by": row.written_by,
        "written_at": row.written_at,
    }
