"""The rota as a drawing: one line per rotation, seven days, gaps dashed. The tables beside it say the same in words."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext as _

from hikeshi.desk.oncall import reading
from hikeshi.desk.oncall.models import Rotation

DAYS: Final = 7
LEFT: Final = 150
WIDTH: Final = 1150
ROW: Final = 38
TOP: Final = 26
LETTER: Final = 7.5
"""A letter's width at most, so that a name is only written where it fits."""


@dataclass(frozen=True)
class Box:
    """One shift or gap. `look` is a class of the stylesheet, `ink` that of its words."""

    x: float
    y: int
    width: float
    look: str
    ink: str
    words: str
    title: str

    @property
    def text_x(self) -> float:
        return self.x + 7


@dataclass(frozen=True)
class Day:
    x: float
    words: str


@dataclass
class Rota:
    """What the template draws."""

    width: int = WIDTH
    height: int = 0
    now: float = LEFT
    days: list[Day] = field(default_factory=list)
    rows: list[tuple[int, Rotation]] = field(default_factory=list)
    boxes: list[Box] = field(default_factory=list)


def rota(now: datetime, person_id: int | None) -> Rota:
    """Seven days from the midnight before `now`, in the reader's zone. Shifts of `person_id` are filled."""
    start = timezone.localtime(now).replace(hour=0, minute=0, second=0, microsecond=0)
    end = start + timedelta(days=DAYS)

    def x(at: datetime) -> float:
        return round(LEFT + (WIDTH - LEFT) * ((at - start) / (end - start)), 1)

    drawn = Rota(now=x(now))
    for number in range(DAYS):
        day = start + timedelta(days=number)
        drawn.days.append(Day(x(day), f"{day:%m-%d} {_WEEKDAYS[day.weekday()]()}"))
    for number, rotation in enumerate(reading.rotations()):
        y = TOP + number * ROW
        drawn.rows.append((y, rotation))
        for shift in reading.shifts(rotation, start, end):
            mine = person_id is not None and shift.contact.person_id == person_id
            look = "rota-me" if mine else "rota-over" if shift.why == "override" else "rota-x"
            drawn.boxes.append(
                _box(
                    x(shift.start),
                    x(shift.end),
                    y,
                    look,
                    _("you") if mine else str(shift.contact),
                    shift.start,
                    shift.end,
                )
            )
    for gap in reading.gaps(start, ahead=end - start):
        y = next(y for y, rotation in drawn.rows if rotation.pk == gap.rotation.pk)
        drawn.boxes.append(_box(x(gap.start), x(gap.end), y, "rota-gap", _("nobody"), gap.start, gap.end))
    drawn.height = TOP + ROW * len(drawn.rows) + 4
    return drawn


INKS: Final = {"rota-me": "t-on", "rota-over": "t-accent", "rota-gap": "t-amber"}
_WEEKDAYS: Final = (
    lambda: _("Mon"), lambda: _("Tue"), lambda: _("Wed"), lambda: _("Thu"), lambda: _("Fri"), lambda: _("Sat"),
    lambda: _("Sun"),
)  # fmt: skip


def _box(left: float, right: float, y: int, look: str, who: str, start: datetime, end: datetime) -> Box:
    width = max(2.0, round(right - left - 3, 1))
    fits = int((width - 14) / LETTER)
    words = who if len(who) <= fits else f"{who[: max(0, fits - 1)]}…" if fits > 2 else ""
    title = f"{who} {timezone.localtime(start):%m-%d %H:%M} – {timezone.localtime(end):%m-%d %H:%M}"
    return Box(left + 1.5, y, width, look, INKS.get(look, "lab2"), words, title)
