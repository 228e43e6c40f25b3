"""Tasks: given to somebody by name, taken, done with an outcome, never lost."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from hikeshi.desk.accounts.models import Person
from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents import tasks, verbs as incidents
from hikeshi.desk.incidents.models import Incident, Task
from hikeshi.errors import Conflict, Refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(incident: Incident, commander: Actor, responder_person: Person) -> Task:
    return tasks.give(incident, "Read the proxy log", actor=commander, owner=responder_person)


def test_the_owner_says_yes_and_finishes_with_an_outcome(row: Task, on_it: Actor) -> None:
    tasks.take(row, actor=on_it)
    assert row.state == "taken"
    with pytest.raises(Refused, match="What came of it"):
        tasks.done(row, actor=on_it, outcome=" ")
    tasks.done(row, actor=on_it, outcome="Two hosts more")
    assert tasks.undone(row.incident) == []


def test_nobodys_task_becomes_theirs_who_take_it(incident: Incident, on_it: Actor, commander: Actor) -> None:
    row = tasks.give(incident, "Call the bank", actor=commander)
    tasks.take(row, actor=on_it)
    assert str(row.owner) == "sato"


def test_somebody_elses_task_is_not_taken_but_reassigned(row: Task, commander: Actor, on_it: Actor) -> None:
    with pytest.raises(Refused, match="sato's"):
        tasks.take(row, actor=commander)
    tasks.take(row, actor=on_it)
    tasks.reassign(row, Person.objects.get(username="kondo"), actor=on_it)
    assert (row.state, str(row.owner)) == ("open", "kondo")


def test_a_task_goes_only_to_somebody_who_can_see_it(incident: Incident, commander: Actor, off_it: Actor) -> None:
    with pytest.raises(Refused, match="has no part"):
        tasks.give(incident, "x", actor=commander, owner=Person.objects.get(username="suzuki"))


def test_dropping_needs_a_reason_and_ends_it(row: Task, on_it: Actor) -> None:
    with pytest.raises(Refused, match="needs a reason"):
        tasks.drop(row, actor=on_it, reason="")
    tasks.drop(row, actor=on_it, reason="the log is gone")
    with pytest.raises(Conflict):
        tasks.done(row, actor=on_it, outcome="x")


def test_two_who_write_at_once_are_told(row: Task, on_it: Actor, commander: Actor) -> None:
    seen = row.version
    tasks.take(Task.objects.get(), actor=on_it)
    with pytest.raises(Conflict):
        tasks.drop(row, actor=commander, reason="r", version=seen)


def test_my_work_is_what_i_own_where_i_may_read(row: Task, hikeshi: Actor, on_it: Actor, commander: Actor) -> None:
    later = tasks.give(row.incident, "b", actor=commander, owner=row.owner, due=timezone.now() + timedelta(hours=1))
    assert list(tasks.mine(on_it)) == [later, row]
    assert list(tasks.mine(commander)) == []
    assert list(tasks.mine(hikeshi)) == []
    row.incident.roles.filter(person=row.owner).update(until=timezone.now())
    assert list(tasks.mine(on_it)) == []


def test_what_is_late_is_known(row: Task, on_it: Actor) -> None:
    now = timezone.now()
    assert not tasks.over(row, now)
    row.due = now - timedelta(minutes=1)
    assert tasks.over(row, now)
    tasks.done(row, actor=on_it, outcome="x")
    assert not tasks.over(row, now)


def test_only_those_on_the_incident_may_write(row: Task, off_it: Actor, outsider: Actor) -> None:
    for actor in (off_it, outsider):
        for act in (
            lambda who: tasks.give(row.incident, "x", actor=who),
            lambda who: tasks.take(row, actor=who),
            lambda who: tasks.done(row, actor=who, outcome="x"),
            lambda who: tasks.reassign(row, Person.objects.get(username="sato"), actor=who),
        ):
            with pytest.raises(Refused, match="may not"):
                act(actor)


def test_a_responder_does_not_give_away_the_task_of_another(
    incident: Incident, on_it: Actor, commander: Actor, responder_person: Person
) -> None:
    row = tasks.give(incident, "x", actor=commander, owner=Person.objects.get(username="kondo"))
    with pytest.raises(Refused, match="may not"):
        tasks.reassign(row, responder_person, actor=on_it)
    incidents.assign(incident, "technical_lead", actor=commander, person=responder_person)
    tasks.reassign(row, responder_person, actor=on_it)
