"""Rotations with people: who is on, who covers, where nobody is, and who may change it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest

from hikeshi.desk.accounts import contacts, verbs as accounts
from hikeshi.desk.accounts.models import Contact
from hikeshi.desk.actor import Actor
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.oncall import reading, verbs
from hikeshi.desk.oncall.models import Rotation
from hikeshi.desk.oncall.verbs import PartSpec
from hikeshi.errors import Refused

pytestmark = pytest.mark.django_db

MONDAY = datetime(2026, 11, 2, 0, tzinfo=UTC)  # nine in the morning in Tokyo
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@pytest.fixture
def contact(admin: Actor) -> Callable[[str], Contact]:
    return lambda name: accounts.add_contact(name, "incident_commander", actor=admin)


@pytest.fixture
def rotation(admin: Actor, contact: Callable[[str], Contact]) -> Rotation:
    part = PartSpec([contact("Kondo"), contact("Sato")], "Asia/Tokyo", date(2026, 11, 2), time(9))
    return verbs.make("Commanders", "incident_commander", [part], actor=admin, calendar="JP_ADMIN")


def on(at: datetime) -> list[str]:
    return [str(one.contact) for one in reading.on_call("incident_commander", at)]


def test_turns_change_every_week(rotation: Rotation) -> None:
    assert (on(MONDAY), on(MONDAY + 7 * DAY), on(MONDAY - HOUR)) == (["Kondo"], ["Sato"], [])
    (one,) = reading.everybody(MONDAY + DAY)
    assert (one.rotation, one.start, one.end) == (rotation, MONDAY, MONDAY + 7 * DAY)


def test_a_responder_covers_and_takes_it_back(
    rotation: Rotation, contact: Callable[[str], Contact], off_it: Actor
) -> None:
    row = verbs.cover(rotation, contact("Ota"), MONDAY, MONDAY + DAY, actor=off_it, reason="leave")
    assert (on(MONDAY), on(MONDAY + DAY)) == (["Ota"], ["Kondo"])
    assert str(reading.on_call("incident_commander", MONDAY)[0].covered) == "Kondo"
    verbs.uncover(row, actor=off_it)
    assert on(MONDAY) == ["Kondo"]
    with pytest.raises(Refused):
        verbs.uncover(row, actor=off_it)
    said = list(Entry.objects.filter(verb__startswith="rotation.").values_list("verb", flat=True))
    assert said == ["rotation.make", "rotation.cover", "rotation.uncover"]


def test_lower_levels_are_asked_first_and_nobody_twice(
    rotation: Rotation, admin: Actor, contact: Callable[[str], Contact]
) -> None:
    part = PartSpec([contact("Ota"), Contact.objects.get(name="Kondo")], "Asia/Tokyo", date(2026, 11, 2), time(9))
    verbs.make("Second", "incident_commander", [part], actor=admin, level=2)
    assert on(MONDAY) == ["Kondo", "Ota"]
    assert on(MONDAY + 7 * DAY) == ["Sato", "Kondo"]


def test_gaps_ahead_are_named(rotation: Rotation, admin: Actor) -> None:
    assert reading.gaps(MONDAY) == []
    (gap,) = reading.gaps(MONDAY - 3 * HOUR)
    assert (gap.rotation, gap.start, gap.end) == (rotation, MONDAY - 3 * HOUR, MONDAY)
    contacts.retire(Contact.objects.get(name="Sato"), actor=admin, reason="left")
    assert [(gap.start, gap.end) for gap in reading.gaps(MONDAY)] == [(MONDAY + 7 * DAY, MONDAY + 14 * DAY)]


def test_a_rotation_is_changed_and_ended(rotation: Rotation, admin: Actor, contact: Callable[[str], Contact]) -> None:
    verbs.change(rotation, [PartSpec([contact("Ota")], "UTC", date(2026, 11, 1), time(0), 1)], actor=admin)
    assert on(MONDAY) == ["Ota"]
    verbs.retire(rotation, actor=admin, reason="reorganised")
    assert on(MONDAY) == []
    with pytest.raises(Refused):
        verbs.retire(rotation, actor=admin, reason="x")
    with pytest.raises(Refused):
        verbs.change(rotation, [], actor=admin)


def test_only_administrators_make_rotations_and_outsiders_cover_nobody(
    rotation: Rotation, commander: Actor, outsider: Actor
) -> None:
    who = Contact.objects.get(name="Sato")
    with pytest.raises(Refused):
        verbs.make("x", "scribe", [], actor=commander)
    with pytest.raises(Refused):
        verbs.cover(rotation, who, MONDAY, MONDAY + DAY, actor=outsider, reason="x")


@pytest.mark.parametrize(
    "wrong",
    [
        {"time_zone": "Mars/Olympus"}, {"time_zone": ""}, {"members": []}, {"days": 0}, {"days": 93}, {"begin": time(9)},
        {"begin": time(9), "end": time(9)},
    ],
)  # fmt: skip
def test_a_part_that_cannot_be_counted_is_refused(
    admin: Actor, contact: Callable[[str], Contact], wrong: dict[str, Any]
) -> None:
    part = PartSpec([contact("Ota")], "UTC", date(2026, 1, 1), time(9))._replace(**wrong)
    with pytest.raises(Refused):
        verbs.make("x", "scribe", [part], actor=admin)
    assert not Rotation.objects.exists()


@pytest.mark.parametrize(("length", "reason"), [(timedelta(), "x"), (-DAY, "x"), (93 * DAY, "x"), (DAY, " ")])
def test_a_cover_has_a_length_and_a_reason(rotation: Rotation, admin: Actor, length: timedelta, reason: str) -> None:
    with pytest.raises(Refused):
        verbs.cover(rotation, Contact.objects.get(name="Sato"), MONDAY, MONDAY + length, actor=admin, reason=reason)
