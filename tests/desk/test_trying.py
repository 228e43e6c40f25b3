"""What a standing order would have done in the last 90 days, as it stands and as an edit would leave it; nothing is changed by asking."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts import verbs as alerts
from hikeshi.desk.alerts.models import Alert
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.runs import ordering, trying
from hikeshi.desk.runs.models import StandingOrder
from hikeshi.errors import Refused
from standing import stand
from tests_findings import finding

pytestmark = pytest.mark.django_db
SAID: dict[str, Any] = {"finding_types": ["Backdoor:EC2/"], "playbook": "compromised-ec2", "severity": 2}


@pytest.fixture
def alert(hikeshi: Actor) -> Alert:
    return alerts.receive(finding(), actor=hikeshi, source="test", simulated=True).alerts.get()


@pytest.fixture
def order(commander: Actor) -> StandingOrder:
    return stand("C2", actor=commander, **SAID)


def again(alert: Alert, number: int, **said: Any) -> Alert:
    """Another alert of a group of its own, so many minutes earlier."""
    group = alert.group
    group.pk, group.fingerprint = None, f"g{number}"
    group.save()
    alert.pk, alert.key, alert.group = None, f"k{number}", group
    alert.received_at -= timedelta(minutes=10)
    for name, value in said.items():
        setattr(alert, name, value)
    alert.save()
    return alert


def counted(order: StandingOrder, actor: Actor, **said: Any) -> tuple[int, int]:
    trial = trying.try_on(order, actor=actor, said=said)
    return trial.before, trial.answered


def test_an_edit_is_shown_beside_what_stands_and_changes_nothing(
    alert: Alert, order: StandingOrder, commander: Actor
) -> None:
    entries = Entry.objects.count()
    assert counted(order, commander, min_score=9.9) == (1, 0)
    assert counted(order, commander, finding_types=["Recon:"]) == (1, 0)
    here = timezone.localtime(alert.received_at, timezone.get_default_timezone())
    hours = {"hours_from": time((here.hour + 2) % 24), "hours_until": time((here.hour + 3) % 24)}
    assert counted(order, commander, **hours) == (1, 0)
    assert (StandingOrder.objects.get().version, Entry.objects.count()) == (1, entries)


def test_hours_are_the_installations_wherever_the_reader_is(
    alert: Alert, order: StandingOrder, commander: Actor
) -> None:
    here = timezone.localtime(alert.received_at, timezone.get_default_timezone())
    hours = {"hours_from": time(here.hour), "hours_until": time((here.hour + 1) % 24)}
    for zone in ("Asia/Tokyo", "America/New_York"):
        with timezone.override(zone):
            assert counted(order, commander, **hours) == (1, 1)


def test_caps_count_as_they_would_have(alert: Alert, order: StandingOrder, commander: Actor) -> None:
    for number in range(3):
        again(alert, number)
    assert counted(order, commander, max_per_hour=2) == (4, 2)
    assert counted(order, commander, max_per_account=1) == (4, 1)
    newest = trying.try_on(order, actor=commander, said={"max_per_hour": 2}).rows[0]
    assert "its cap of 2" in newest.why.en


def test_a_repeat_is_answered_once(alert: Alert, order: StandingOrder, commander: Actor) -> None:
    Alert.objects.create(
        **{name: getattr(alert, name) for name in ("group", "source", "title", "kind", "score", "resource_role")},
        key="other", received_at=alert.received_at,
    )  # fmt: skip
    assert counted(order, commander) == (1, 1)


def test_only_the_days_asked_for_and_only_its_types(alert: Alert, order: StandingOrder, commander: Actor) -> None:
    again(alert, 1, kind="Recon:EC2/Portscan")
    again(alert, 2, kind="Backdoor:EC2/Spambot", received_at=timezone.now() - timedelta(days=91))
    trial = trying.try_on(order, actor=commander)
    assert (len(trial.rows), trial.others, trial.older) == (1, 1, 0)
    assert len(trying.try_on(order, actor=commander, days=100).rows) == 2
    assert trying.try_on(order, actor=commander, days=100, most=1).older == 1


def test_what_an_edit_would_be_refused_for_is_said_before(order: StandingOrder, commander: Actor) -> None:
    for said in ({"hours_from": time(9)}, {"expires_at": None}, {"playbook": "no"}, {"name_of": "x"}):
        with pytest.raises(Refused):
            trying.try_on(order, actor=commander, said=said)


def test_who_may_see_alerts_may_ask(order: StandingOrder, off_it: Actor, outsider: Actor) -> None:
    assert trying.try_on(order, actor=off_it).rows == []
    with pytest.raises(Refused, match="may not"):
        trying.try_on(order, actor=outsider)


def test_an_edit_needs_its_people_again(order: StandingOrder, commander: Actor, off_it: Actor) -> None:
    ordering.edit(order, actor=commander, version=1, hours_from=time(22), hours_until=time(6), max_resources_per_hour=9)
    row = StandingOrder.objects.get()
    assert (row.version, row.yeses, row.max_resources_per_hour) == (2, 1, 9)
    with pytest.raises(Refused, match="may not"):
        ordering.edit(row, actor=off_it, version=2, min_score=9.0)
