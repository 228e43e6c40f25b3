"""Deleting a timeline: who may, what it takes, what relies on it, and what stays."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from django.utils import timezone
from pytest_django import Settings

from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence import verbs as evidence
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.reports import verbs as reports
from hikeshi.desk.timelines import removing, verbs
from hikeshi.desk.timelines.models import Timeline
from hikeshi.errors import Refused
from hikeshi.stores.layout import Layout

pytestmark = pytest.mark.django_db
TRAIL = Path(__file__).parents[1] / "samples" / "cloudtrail" / "s3.json"
COMMANDER = Actor("chief", "cli", "commander")


@pytest.fixture
def built(incident: Incident, on_it: Actor, settings: Settings, tmp_path: Path) -> Timeline:
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, home=tmp_path)
    item = evidence.seal_files(incident, [TRAIL], actor=on_it, title="Trail", kind="logs")
    return verbs.build(verbs.ask(incident, "main", [item], actor=on_it, now=True), actor=on_it)


def test_what_goes_is_told_first_and_then_freed_while_sources_stay(built: Timeline) -> None:
    told = removing.plan(built, actor=COMMANDER)
    assert (told.evidence, told.events > 0, told.frees > 1000, told.needs_reason) == (("EV-001",), True, True, False)
    assert removing.delete(built, actor=COMMANDER, confirm="main") == told
    assert not Timeline.objects.exists()
    assert not built.folder.exists()
    item = built.incident.evidence.get()
    assert evidence.verify(item, actor=COMMANDER) == "match"
    entry = Entry.objects.get(verb="timeline.delete")
    assert json.loads(entry.data)["frees"] == told.frees


def test_who_does_not_command_does_not_delete(built: Timeline, on_it: Actor, off_it: Actor, outsider: Actor) -> None:
    for actor in (on_it, off_it, outsider):
        with pytest.raises(Refused):
            removing.delete(built, actor=actor, confirm="main", reason="room")
    for actor in (off_it, outsider):
        with pytest.raises(Refused):
            removing.plan(built, actor=actor)


def test_another_name_deletes_nothing(built: Timeline) -> None:
    with pytest.raises(Refused, match="confirm"):
        removing.delete(built, actor=COMMANDER, confirm="mian")
    assert built.folder.exists()


def test_a_report_made_from_it_wants_a_reason_and_stays(built: Timeline, on_it: Actor) -> None:
    reports.freeze(built.incident, "incident", "en", actor=on_it)
    (cited,) = removing.plan(built, actor=on_it).relied_on
    assert (cited.verb, cited.evidence) == ("report.freeze", "EV-002")
    with pytest.raises(Refused, match="EV-002"):
        removing.delete(built, actor=COMMANDER, confirm="main", reason=" ")
    removing.delete(built, actor=COMMANDER, confirm="main", reason="built again from better clocks")
    assert [item.name for item in built.incident.evidence.all()] == ["EV-001", "EV-002"]


def test_what_people_wrote_wants_a_reason_too(built: Timeline, on_it: Actor) -> None:
    verbs.mark(built, "attacker", "action", "ListUsers", actor=on_it, reason="theirs")
    with pytest.raises(Refused, match="1 marks"):
        removing.delete(built, actor=COMMANDER, confirm="main")


def test_a_report_from_before_does_not_rely_on_a_timeline_made_again(built: Timeline, on_it: Actor) -> None:
    reports.freeze(built.incident, "incident", "en", actor=on_it)
    removing.delete(built, actor=COMMANDER, confirm="main", reason="again")
    again = verbs.ask(built.incident, "main", list(built.incident.evidence.filter(kind="logs")), actor=on_it, now=True)
    verbs.build(again, actor=on_it)
    assert removing.plan(again, actor=on_it).relied_on == ()


def test_nothing_is_deleted_under_somebody_who_builds(built: Timeline) -> None:
    with Layout(built.folder).locked(), pytest.raises(Refused, match="being built"):
        removing.delete(built, actor=COMMANDER, confirm="main")
    Timeline.objects.update(lease_owner="w1", lease_until=timezone.now() + timedelta(minutes=1))
    with pytest.raises(Refused, match="A worker is building"):
        removing.delete(built, actor=COMMANDER, confirm="main")


def test_a_build_that_ends_after_the_deletion_brings_nothing_back(built: Timeline, on_it: Actor) -> None:
    stale = Timeline.objects.get()
    removing.delete(built, actor=COMMANDER, confirm="main")
    with pytest.raises(Refused, match="deleted while"):
        verbs.build(stale, actor=on_it)
    assert not Timeline.objects.exists()
    assert not stale.folder.exists()


def test_what_a_kill_left_is_freed_by_the_next_deletion(built: Timeline, on_it: Actor) -> None:
    item = built.incident.evidence.get()
    removing.delete(built, actor=COMMANDER, confirm="main")
    Layout(built.folder).make()
    other = verbs.build(verbs.ask(built.incident, "other", [item], actor=on_it, now=True), actor=on_it)
    removing.delete(other, actor=COMMANDER, confirm="other")
    assert not built.folder.exists()
