"""How the playbooks on the shelf stand: last simulated on, last exercised on, and what has changed since."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from django.conf import settings
from django.db.models import Max

from hikeshi.desk.playbooks.reading import books
from hikeshi.desk.rehearsals.models import Rehearsal
from hikeshi.desk.rehearsals.verbs import stamp_of
from hikeshi.desk.runs.models import Run
from hikeshi.errors import Unreadable
from hikeshi.playbooks.playbook import Playbook
from hikeshi.playbooks.shelf import FOLDER
from hikeshi.simulation import stamps
from hikeshi.simulation.side_by_side import Among
from hikeshi.simulation.stamps import Drift, Stamp


class Standing(NamedTuple):
    """One playbook of the shelf. `exercised_at`: the end of the last run of it in an exercise; `last`: the last simulation asked for."""

    playbook: Playbook
    drift: Drift
    exercised_at: datetime | None
    last: Rehearsal | None


def standings() -> list[Standing]:
    """All of the shelf, in alphabetical order. A few queries, however many playbooks there are."""
    shelf, exercised, last = books(), exercises(), lasts()
    known = _stamps(shelf.values())
    drifts = stamps.drift(shelf.values(), known, Among(shelf).find)
    return [
        Standing(book, one, exercised.get(book.name), last.get(book.name))
        for book, one in zip(shelf.values(), drifts, strict=True)
    ]


def exercises() -> dict[str, datetime]:
    """When each playbook was last run to its end in an exercise, by name."""
    ended = Run.objects.filter(state="ended", incident__simulated=True, ended_at__isnull=False)
    return dict(ended.order_by().values_list("playbook").annotate(last=Max("ended_at")))


def lasts() -> dict[str, Rehearsal]:
    """The last simulation that was asked for, by playbook, without its texts."""
    newest = Rehearsal.objects.order_by().values("playbook").annotate(newest=Max("pk")).values("newest")
    return {row.playbook: row for row in Rehearsal.objects.filter(pk__in=newest).defer("text", "report")}


def _stamps(shelf: Iterable[Playbook]) -> dict[str, Stamp]:
    """Of each playbook the newest stamp: one of this version where there is any, else the last of another."""
    found: dict[str, list[Stamp]] = {}
    for folder in (FOLDER, settings.ENVIRONMENT.playbooks):
        for name, stamp in read_stamps(folder).items():
            found.setdefault(name, []).append(stamp)
    for row in Rehearsal.objects.filter(state="passed").defer("text", "report").order_by("pk"):
        if row.ended_at is not None:
            found.setdefault(row.playbook, []).append(stamp_of(row))
    return {
        book.name: max(found[book.name], key=lambda one: (one.digest == book.digest, one.at))
        for book in shelf
        if book.name in found
    }


def read_stamps(folder: Path | None) -> dict[str, Stamp]:
    """The stamps of a folder; none where there is none, or its file cannot be read."""
    try:
        return stamps.read(folder) if folder else {}
    except Unreadable:
        return {}  # `hikeshi playbook drift` says so; here it counts as never simulated
