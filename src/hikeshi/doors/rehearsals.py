"""Simulations of playbooks and how they stand, as plain data, the same for every door."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import msgspec
from typing_extensions import TypedDict

from hikeshi.desk.actor import Actor
from hikeshi.desk.rehearsals.drifting import Standing, standings
from hikeshi.desk.rehearsals.models import Rehearsal
from hikeshi.doors.find import DIGITS, NotThere, insider
from hikeshi.doors.shapes import Both


class RehearsalShape(TypedDict):
    """One simulation. `state`: waiting, passed, failed, or broken (it could not be played; `said` is why)."""

    number: int
    playbook: str
    version: int
    digest: str
    state: str
    asked_by: str
    asked_at: datetime
    ended_at: datetime | None
    ways: int
    said: str


class PlayedShape(RehearsalShape):
    """With all that happened: every way with its moves and what was not as expected, and what no way reaches."""

    report: dict[str, Any]


class StandingShape(TypedDict):
    """How a playbook of the shelf stands. `state`: fresh, never, changed, actions_changed."""

    playbook: str
    title: Both
    version: int
    state: str
    simulated_on: date | None
    changed_actions: list[str]
    exercised_at: datetime | None


def shape(row: Rehearsal) -> RehearsalShape:
    return RehearsalShape(
        number=row.pk, playbook=row.playbook, version=row.playbook_version, digest=row.digest, state=row.state,
        asked_by=row.asked_by, asked_at=row.asked_at, ended_at=row.ended_at, ways=row.ways, said=row.said,
    )  # fmt: skip


def played(row: Rehearsal) -> PlayedShape:
    return PlayedShape(**shape(row), report=row.report)


def standing(one: Standing) -> StandingShape:
    both = msgspec.to_builtins(one.playbook.title)
    return StandingShape(
        playbook=one.playbook.name, title=both, version=one.playbook.version, state=one.drift.state,
        simulated_on=one.drift.simulated_on, changed_actions=list(one.drift.changed_actions), exercised_at=one.exercised_at,
    )  # fmt: skip


def all_standings(actor: Actor) -> list[Standing]:
    """Raises `NotThere` for whoever has no part in anything."""
    insider(actor)
    return standings()


def rehearsal(actor: Actor, number: str) -> Rehearsal:
    """One of them by its number. Raises `NotThere`."""
    insider(actor)
    digits = number if number.isascii() and number.isdecimal() and len(number) < DIGITS else "0"
    row = Rehearsal.objects.filter(pk=int(digits)).first()
    if row is None:
        raise NotThere(f"There is no simulation {number[:40]!r}.")
    return row
