"""A clock's face: what a deadline looks like at one moment."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import get_language, gettext as _

from hikeshi.desk.duties.models import Clock
from hikeshi.desk.incidents.models import Incident
from hikeshi.doors.console.times import left, span

LOOKS = {
    "running": "",
    "soon": "state-soon",
    "over": "state-over",
    "met": "state-met",
    "met-late": "state-late",
    "replaced": "state-held",
}


@dataclass(frozen=True)
class Face:
    """What the `clock` partial takes. `spent` is 0 to 100; `look` is a class of the stylesheet."""

    clock: Clock
    incident: str
    name: str
    left: str
    state: str
    word: str
    look: str
    spent: float

    @property
    def remaining(self) -> float:
        return round(100 - self.spent, 1)

    @property
    def ember(self) -> float:
        return min(self.spent, 98.4)


def face(clock: Clock, now: datetime) -> Face:
    """The worker rings clocks; between two rings the face already shows what the time says."""
    seconds = clock.left(now).total_seconds()
    state = clock.state
    if clock.running:
        state = "over" if seconds < 0 else "soon" if now >= clock.soon_at else "running"
    words = {
        "running": _("on time"), "soon": _("due soon"), "over": _("over"), "met": _("met"),
        "met-late": _("met late"), "replaced": _("replaced"),
    }  # fmt: skip
    stopped = clock.stopped_at
    return Face(
        clock=clock, incident=clock.chain.name, name=str(clock.title.get(get_language() or "en") or clock.title["en"]),
        left=left(seconds) if stopped is None else span((stopped - clock.started_at).total_seconds()),
        state=state, word=words[state], look=LOOKS[state], spent=clock.spent(now),
    )  # fmt: skip


def faces(incidents: Iterable[Incident], now: datetime, *, stopped: bool = False) -> list[Face]:
    """The clocks of these incidents, the most urgent first; stopped ones last and only when asked for."""
    rows = Clock.objects.filter(chain__name__in=[incident.name for incident in incidents]).select_related("chain")
    if not stopped:
        rows = rows.filter(stopped_at__isnull=True)
    return [face(row, now) for row in sorted(rows, key=lambda row: (not row.running, row.deadline))]
