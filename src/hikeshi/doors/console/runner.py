"""The list of a run's steps, as the page of a playbook at work shows it: by phase, with lanes, whom each waits for, and since when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.utils import timezone

from hikeshi.desk.duties.models import Clock
from hikeshi.desk.incidents.models import DUTIES, PHASES, Incident
from hikeshi.desk.playbooks.reading import shelf
from hikeshi.desk.runs.models import Run, Step
from hikeshi.desk.runs.pinned import BY_HAND
from hikeshi.desk.runs.waiting import Waiting, whom
from hikeshi.doors.console import lanes
from hikeshi.doors.console.clocks import Face, face
from hikeshi.doors.console.doing import end_of
from hikeshi.doors.console.playbooks import simulated
from hikeshi.playbooks.states import CLEAR, ENDED, FAILED, WAITING

DOTS: Final[dict[str, tuple[str, str]]] = {
    "approved": ("is-run", "play"), "asked": ("is-wait", "clock"), "done": ("is-done", "check"), "failed": ("is-bad", "x"),
    "lacking": ("is-wait", "alert"), "not_needed": ("is-out", "right"), "open": ("is-run", "user"), "partial": ("is-done", "check"),
    "pending": ("is-run", "clock"), "planning": ("is-run", "eye"), "refused": ("is-bad", "x"), "running": ("is-run", "play"),
    "skipped": ("is-out", "right"), "undo_asked": ("is-wait", "clock"), "undoing": ("is-run", "undo"), "undone": ("is-out", "undo"),
    "unknown": ("is-bad", "alert"), "waiting": ("", ""),
}  # fmt: skip
"""Of each state the look of its dot and the icon in it."""
FIRST: Final = ("unknown", "asked", "undo_asked", "open", "lacking", "failed", "refused", "planning", "approved", "running", "pending", "undoing")  # fmt: skip
"""What a reader most likely came for, in this order."""


class Row(NamedTuple):
    """One step in the list. `after` are keys; `parts` its targets."""

    step: Step
    lane: int
    lines: tuple[lanes.Line, ...]
    dot: str
    icon: str
    after: tuple[str, ...]
    parts: tuple[Step, ...]
    face: Face | None
    waiting: Waiting | None

    @property
    def added(self) -> bool:
        return _added(self.step)

    @property
    def parts_over(self) -> int:
        return sum(part.ended for part in self.parts)

    @property
    def waits(self) -> bool:
        return self.step.state in WAITING


class Group(NamedTuple):
    """One phase: `at_work` is unfolded, with its lanes; others are lists that fold."""

    words: str
    rows: tuple[Row, ...]
    head: lanes.Row
    at_work: bool

    @property
    def over(self) -> int:
        return sum(row.step.ended for row in self.rows)

    @property
    def abreast(self) -> int:
        return sum(not row.step.ended and not row.waits for row in self.rows)

    @property
    def since(self) -> datetime | None:
        return min((row.step.since for row in self.rows if row.step.state != "waiting"), default=None)


def steps_of(run: Run) -> list[Step]:
    """All its rows, targets included, in the order of the playbook."""
    return list(run.steps.select_related("run__incident").order_by("place", "pk"))


def chosen(runs: Iterable[Run], who: str) -> Step | None:
    """The step that a reader most likely came for: their own first, then by FIRST; where all is over the last one."""
    found = [step for run in runs for step in steps_of(run) if step.part_of_id is None]
    ahead = [step for step in found if step.state in FIRST]
    ahead.sort(key=lambda step: (step.run.state == "ended", step.owner != who, FIRST.index(step.state), step.place))
    return ahead[0] if ahead else found[-1] if found else None


def clocks_of(run: Run, now: datetime) -> dict[str, Face]:
    """The time limits of its steps, by key."""
    start = f"step.due.{run.pk}:"
    rows = Clock.objects.filter(chain__name=run.incident.name, rule__startswith=start).select_related("chain")
    return {row.rule.removeprefix(start): face(row, now) for row in rows}


def groups(run: Run, here: Step | None) -> list[Group]:
    """Its steps by phase. A phase is at work while something in it waits for somebody; else the one that `here` is in."""
    rows, faces = steps_of(run), clocks_of(run, timezone.now())
    waits = {one.step.pk: one for one in whom(run)}
    whole = [step for step in rows if step.part_of_id is None]
    parts: dict[int, list[Step]] = {}
    for step in rows:
        if step.part_of_id is not None:
            parts.setdefault(step.part_of_id, []).append(step)
    found = []
    for name, words in PHASES:
        if steps := [step for step in whole if step.phase == name]:
            found.append(_group(str(words), steps, parts, faces, waits, here))
    return found


def _group(
    words: str, steps: list[Step], parts: Mapping[int, list[Step]], faces: Mapping[str, Face],
    waits: Mapping[int, Waiting], here: Step | None,
) -> Group:  # fmt: skip
    begun = any(step.state != "waiting" for step in steps)
    nodes = [lanes.Node(step.key, tuple(step.after), step.state in CLEAR, _added(step)) for step in steps]
    head, *drawn = lanes.draw(nodes, begun=begun)
    open_here = any(step.state not in ENDED and step.state != "waiting" for step in steps)
    stuck_here = any(step.state in FAILED for step in steps) and not all(step.ended for step in steps)
    rows = tuple(
        Row(step, row.lane, row.lines, *_dot(step, waits.get(step.pk)), after=tuple(step.after), parts=tuple(parts.get(step.pk, ())), face=faces.get(step.key), waiting=waits.get(step.pk))
        for step, row in zip(steps, drawn, strict=True)
    )  # fmt: skip
    return Group(words, rows, head, open_here or stuck_here or (here is not None and here.phase == steps[0].phase))


def beside(runs: Iterable[Run], here: Step | None) -> list[Waiting]:
    """What is open beside this step in any run of the incident: overdue and stuck first, then what has waited longest."""
    found = [
        one
        for run in runs
        if run.state != "ended"
        for one in whom(run)
        if one.waits_for not in {"parts", "playbook", "steps"}
    ]
    found = [one for one in found if here is None or one.step.pk != here.pk]
    return sorted(found, key=lambda one: (not one.overdue, one.stuck is None, one.since))


def _added(step: Step) -> bool:
    return step.run.playbook != BY_HAND and step.key[0] in "AM"


def _dot(step: Step, waiting: Waiting | None) -> tuple[str, str]:
    if waiting is not None and waiting.stuck:
        return "is-wait", "alert"
    if _added(step) and not step.ended:
        return "is-added", "plus"
    return DOTS.get(step.state, ("", ""))


def context(reader: str, incident: Incident, here: Step | None) -> dict[str, Any]:
    """What the page needs beside the step itself: its run by phase, and the other runs of the incident with their progress."""
    runs = list(incident.runs.select_related("order"))
    here = here or chosen(runs, reader)
    run = here.run if here else runs[-1] if runs else None
    if run is None:
        return {"here": None, "run": None}
    over, everything = progress(run)
    return {
        "here": here, "run": run, "groups": groups(run, here), "run_over": over, "run_all": everything,
        "beside": beside(runs, here), "waiting": next((one for one in whom(run) if here and one.step.pk == here.pk), None),
        "end": end_of(run), "duties": DUTIES, "phase_words": PHASES, "run_steps": [step.key for step in steps_of(run) if step.part_of_id is None],
        "by_hand_run": run.playbook == BY_HAND, **_shelved(run),
        "other_runs": [
            {"run": other, "at": chosen([other], reader), "over": progress(other)[0], "all": progress(other)[1]}
            for other in runs if other.pk != run.pk
        ],
    }  # fmt: skip


def progress(run: Run) -> tuple[int, int]:
    """How many of its steps are over, of how many."""
    states = run.steps.filter(part_of=None).values_list("state", flat=True)
    return sum(state in ENDED for state in states), len(states)


def _shelved(run: Run) -> dict[str, Any]:
    """How the pinned text stands on the shelf: signed, last simulated; `newer` is the shelf's version where it is another text, else 0."""
    found = shelf().books.get(run.playbook)
    same = found is not None and found.playbook.digest == run.digest
    return {
        "newer": found.playbook.version if found and not same else 0,
        "signed": same and found is not None and found.signed.state == "signed",
        "stamp": simulated(run.playbook, run.digest),
    }
