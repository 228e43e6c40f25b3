"""Deleting a timeline: what would go, what relies on it, and doing it. Sealed sources and the ledger are never touched."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.timelines.models import Timeline
from hikeshi.errors import Refused
from hikeshi.stores.layout import Layout

CITING: Final = ("report.freeze", "review.start", "timeline.export")
"""What is made from a timeline and stays when it is gone. Reports and reviews are made from every timeline that is ready."""


class Reliance(msgspec.Struct, frozen=True):
    """Something that was made from the timeline: the ledger's verb and object, when, and the sealed item it became (EV-009), if it did."""

    verb: str
    object: str
    time: str
    evidence: str = ""


class Removal(msgspec.Struct, frozen=True, kw_only=True):
    """What deleting takes away and what it leaves. `frees` is in bytes; `evidence` stays sealed, so that the same can be built again."""

    name: str
    frees: int
    events: int
    marks: int
    notes: int
    searches: int
    hits: int
    evidence: tuple[str, ...]
    relied_on: tuple[Reliance, ...]

    @property
    def needs_reason(self) -> bool:
        """Whether something was made from it, or people wrote on it."""
        return bool(self.relied_on or self.marks or self.notes)


def plan(timeline: Timeline, *, actor: Actor) -> Removal:
    """What deleting would do; nothing is changed."""
    require_on(actor, "read", timeline.incident)
    counted = {name: getattr(timeline, name).count() for name in ("marks", "notes", "searches", "hits")}
    return Removal(
        name=timeline.name, frees=_size(timeline.folder), events=int(timeline.report.get("events") or 0),
        evidence=tuple(timeline.items.order_by("name").values_list("name", flat=True)), relied_on=tuple(_relying(timeline)), **counted,
    )  # fmt: skip


def delete(timeline: Timeline, *, actor: Actor, confirm: str, reason: str = "") -> Removal:
    """Delete the timeline with its marks, notes, searches and hits, and free its folder. Returns what went.

    `confirm` is its name once more. Raises Refused where it is another name, where somebody is building it, and, without a reason, where
    reports, exports or what people wrote rely on it. A kill between the record and the folder leaves a folder that the next deletion frees.
    """
    require_on(actor, "command", timeline.incident)
    if confirm != timeline.name:
        raise Refused(
            f"The name to confirm with is {timeline.name!r}, not {confirm[:80]!r}.",
            hint="Look at what would go, then give the timeline's name once more.",
        )
    if not timeline.folder.exists():
        return _delete(timeline, actor, reason.strip())
    with Layout(timeline.folder).locked():
        gone = _delete(timeline, actor, reason.strip())
        free(timeline.incident)
    return gone


@transaction.atomic
def _delete(timeline: Timeline, actor: Actor, reason: str) -> Removal:
    row = Timeline.objects.select_for_update().filter(pk=timeline.pk).first()
    if row is None:
        raise Refused(f"The timeline {timeline.name} was deleted already.")
    if row.lease_until and row.lease_until > timezone.now():
        raise Refused(f"A worker is building the timeline {row.name}.", hint="Wait until that build is done.")
    gone = plan(row, actor=actor)
    if gone.needs_reason and not reason:
        raise Refused(
            f"Something relies on the timeline {row.name}: {_told(gone)}.",
            hint="Say why it goes all the same; the sources stay sealed and it can be built again.",
        )
    ledger.append(
        row.incident.name, actor=actor, verb="timeline.delete", obj=row.name,
        data={**msgspec.to_builtins(gone), "place": str(row.place), "reason": reason},
    )  # fmt: skip
    row.delete()
    return gone


def free(incident: Incident) -> None:
    """Remove the folders of timelines that the ledger says were deleted, also where a kill or a build left one behind."""
    for entry in _entries(incident, ("timeline.delete",)):
        shutil.rmtree(_folder(incident, str(_data(entry)["place"])), ignore_errors=True)


def _folder(incident: Incident, place: str) -> Path:
    return Path(settings.ENVIRONMENT.home) / "timelines" / incident.name / place


def _relying(timeline: Timeline) -> Iterator[Reliance]:
    """What was made since the timeline was first ready; what came before one of that name was deleted is another's."""
    sealed = dict(timeline.incident.evidence.order_by("-name").values_list("sha256", "name"))
    ready, found = False, list[Reliance]()
    for entry in _entries(timeline.incident, ("timeline.ready", "timeline.delete", *CITING)):
        its = entry.object == timeline.name
        if its and entry.verb in ("timeline.ready", "timeline.delete"):
            ready = entry.verb == "timeline.ready"
            found = found if ready else []
        elif ready and entry.verb in CITING and (its or entry.verb != "timeline.export"):
            item = sealed.get(str(_data(entry).get("sha256", "")), "")
            found.append(Reliance(entry.verb, entry.object, entry.time, item))
    yield from found


def _entries(incident: Incident, verbs: tuple[str, ...]) -> Iterator[Entry]:
    yield from Entry.objects.filter(chain__name=incident.name, verb__in=verbs).order_by("seq")


def _data(entry: Entry) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(entry.data)
    return found


def _told(gone: Removal) -> str:
    made = [f"{one.object} {one.evidence}".strip() for one in gone.relied_on]
    written = [f"{count} {what}" for what, count in (("marks", gone.marks), ("notes", gone.notes)) if count]
    return ", ".join([*made, *written])


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
