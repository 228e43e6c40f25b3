"""Many deadlines that fall due at the same moment: told in few statements, each once, and in the order of what happened."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.duties import verbs as duties
from hikeshi.desk.duties.models import Clock
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.verbs import verify
from hikeshi.desk.notices import reading
from hikeshi.desk.notices.models import Escalation, Notice
from notice_people import contact

pytestmark = pytest.mark.django_db


def fall_due(many: int, actor: Actor) -> list[Incident]:
    rows = [incidents.declare(f"Mining {number}", 2, actor=actor, reason="test") for number in range(many)]
    while reading.look(actor=actor):
        pass
    Escalation.objects.all().delete()
    now = timezone.now()
    Clock.objects.update(deadline=now + timedelta(minutes=5), soon_at=now, due_at=now)
    return rows


def statements(many: int, actor: Actor) -> int:
    fall_due(many, actor)
    with CaptureQueriesContext(connection) as asked:
        assert duties.ring_due(actor=actor)
        assert reading.look(actor=actor)
    assert Escalation.objects.filter(template="clock_soon").count() == Clock.objects.count()
    Clock.objects.update(due_at=None)
    return len(asked)


def test_twelve_deadlines_cost_less_than_one_statement_more_for_each(hikeshi: Actor) -> None:
    contact("kondo")
    few = statements(2, hikeshi)
    assert statements(12, hikeshi) < few + 12


def test_what_was_soon_and_is_over_in_one_look_is_told_as_over(hikeshi: Actor) -> None:
    contact("kondo")
    [row] = fall_due(1, hikeshi)
    duties.ring_due(actor=hikeshi)
    Clock.objects.update(deadline=timezone.now(), due_at=timezone.now())
    duties.ring_due(actor=hikeshi)
    reading.look(actor=hikeshi)
    found = dict(Escalation.objects.values_list("template", "stopped_why"))
    assert found == {"clock_soon": "replaced", "clock_over": ""}
    assert set(Notice.objects.filter(template="clock_soon").values_list("state", flat=True)) == {"dropped"}
    assert verify(row.name).ok
