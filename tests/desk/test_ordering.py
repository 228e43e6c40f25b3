"""Standing orders: two people where production may be met, an end, conditions, caps, a switch, a breaker, and trying them on the past."""

from __future__ import annotations

from datetime import time, timedelta
from typing import Any

import pytest
from django.utils import timezone

from desk.asked import ACCOUNT, plan
from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts import verbs as alerts
from hikeshi.desk.alerts.models import Alert
from hikeshi.desk.assets.models import Asset
from hikeshi.desk.clouds.models import Account
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.runs import answering, ordering, orders, plans, trying
from hikeshi.desk.runs.models import Intent, Run, StandingOrder, Step
from hikeshi.errors import Conflict, Refused
from standing import stand
from tests_findings import finding

pytestmark = pytest.mark.django_db
SAID: dict[str, Any] = {"finding_types": ["Backdoor:EC2/"], "playbook": "compromised-ec2", "severity": 2}


@pytest.fixture
def alert(hikeshi: Actor) -> Alert:
    return alerts.receive(finding(), actor=hikeshi, source="test", simulated=True).alerts.get()


def matched(alert: Alert) -> StandingOrder | None:
    return orders.match(alert, timezone.now())[0]


def test_one_person_is_not_enough_for_what_may_be_production(alert: Alert, commander: Actor, admin: Actor) -> None:
    order = ordering.write("C2", actor=commander, expires_at=ordering.ends_in(7), **SAID)
    assert matched(alert) is None
    with pytest.raises(Conflict, match="already"):
        ordering.approve(order, actor=commander, version=1)
    with pytest.raises(Conflict, match="version 1"):
        ordering.approve(order, actor=admin, version=2)
    ordering.approve(order, actor=admin, version=1)
    assert matched(alert) == order
    ordering.edit(order, actor=admin, version=1, min_score=8.0)  # another version: the yeses are gone
    assert matched(alert) is None
    assert list(Entry.objects.filter(verb__startswith="order.").values_list("verb", flat=True)) == [
        "order.approve", "order.approve", "order.edit",
    ]  # fmt: skip


def test_one_is_enough_outside_production(alert: Alert, commander: Actor) -> None:
    Account.objects.create(number=ACCOUNT, environment="test", added_by="aoki", added_at=timezone.now())
    order = ordering.write("C2", actor=commander, expires_at=ordering.ends_in(7), environments=["test"], **SAID)
    assert matched(alert) == order


def test_only_who_commands_writes_switches_or_stands_behind_one(
    commander: Actor, on_it: Actor, off_it: Actor, outsider: Actor
) -> None:
    order = ordering.write("C2", actor=commander, expires_at=ordering.ends_in(7), **SAID)
    for actor in (on_it, off_it, outsider):
        with pytest.raises(Refused, match="may not"):
            ordering.write("x", actor=actor, **SAID)
        with pytest.raises(Refused, match="may not"):
            ordering.approve(order, actor=actor, version=1)
        with pytest.raises(Refused, match="may not"):
            ordering.switch(order, actor=actor, on=False, reason="x")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({}, "needs an end"),
        ({"expires_at": timezone.now() + timedelta(days=400)}, "needs an end"),
        ({"expires_at": timezone.now() + timedelta(days=4), "playbook": "no"}, "no playbook"),
        ({"expires_at": timezone.now() + timedelta(days=4), "finding_types": [""]}, "types of findings"),
        ({"expires_at": timezone.now() + timedelta(days=4), "name_of": "x"}, "says nothing"),
        ({"expires_at": timezone.now() + timedelta(days=4), "hours_from": time(22)}, "a beginning and an end"),
    ],
)
def test_what_is_wrong_with_an_order_is_said(commander: Actor, said: dict[str, Any], why: str) -> None:
    with pytest.raises(Refused, match=why):
        ordering.write("C2", actor=commander, **{**SAID, **said})


@pytest.mark.parametrize(
    ("said", "covers"),
    [
        ({}, True),
        ({"accounts": [ACCOUNT]}, True),
        ({"accounts": ["999999999999"]}, False),
        ({"regions": ["us-east-1"]}, False),
        ({"kinds": ["instance"]}, True),
        ({"kinds": ["bucket"]}, False),
        ({"roles": ["web"]}, True),
        ({"roles": ["siem"]}, False),
        ({"criticalities": [3, 4]}, True),
        ({"criticalities": [1]}, False),
        ({"environments": ["staging"]}, True),
        ({"environments": ["test"]}, False),
        ({"min_score": 9.9}, False),
    ],
)
def test_every_condition_counts(alert: Alert, commander: Actor, said: dict[str, Any], covers: bool) -> None:
    Asset.objects.create(
        identifier="i-0abc", kind="instance", tags={"role": "web"}, environment="staging", updated_at=timezone.now()
    )
    order = stand("C2", actor=commander, **{**SAID, **said})
    assert (matched(alert) is not None) == covers
    tried = trying.try_on(order, actor=commander)
    assert [(one.alert, one.answered) for one in tried.rows] == [(alert, covers)]
    assert all(one.why.en and one.why.ja for one in tried.rows)


def test_hours_go_over_midnight() -> None:
    assert orders._within(time(23), time(18), time(8))
    assert orders._within(time(3), time(18), time(8))
    assert not orders._within(time(12), time(18), time(8))
    assert orders._within(time(12), None, None)


class TestWhatAPersonDecidesAllTheSame:
    @pytest.fixture
    def run(self, alert: Alert, commander: Actor, hikeshi: Actor) -> Run:
        stand("C2", actor=commander, max_resources=3, max_resources_per_hour=4, **SAID)
        found = answering.answer(alert, actor=hikeshi)
        assert found is not None
        found.incident.planned_evidence.update(state="waived", reason="not what this is about")
        return found

    def planned(self, run: Run, hikeshi: Actor, parts: tuple[str, ...] = ("eni-1", "eni-2")) -> str:
        step = run.steps.get(key="2.3")
        plans.save_plan(step, plan(run.incident, parts), actor=hikeshi)
        return step.state

    def test_within_its_limits_nobody_is_asked(self, run: Run, hikeshi: Actor) -> None:
        assert self.planned(run, hikeshi) == "approved"

    def test_a_plan_that_is_too_large(self, run: Run, hikeshi: Actor) -> None:
        assert self.planned(run, hikeshi, ("eni-1", "eni-2", "eni-3")) == "asked"
        assert "the order allows 3" in Entry.objects.filter(verb="step.plan").order_by("-pk")[0].data

    def test_too_many_resources_within_an_hour(self, run: Run, hikeshi: Actor) -> None:
        other = run.steps.get(action="aws.ec2.mark")
        other.plan = plan(run.incident, ("eni-8", "eni-9")).canonical.decode()
        other.began_at = timezone.now()
        other.save()
        assert self.planned(run, hikeshi) == "asked"

    @pytest.mark.parametrize(
        ("mode", "state"), [("ask", "asked"), ("confirmed", "approved"), ("suspected", "approved")]
    )
    def test_the_mode_of_the_account(self, run: Run, hikeshi: Actor, mode: str, state: str) -> None:
        Account.objects.create(number=ACCOUNT, mode=mode, added_by="aoki", added_at=timezone.now())
        assert self.planned(run, hikeshi) == state

    def test_a_severity_that_needs_more_than_stand_behind_it(self, run: Run, hikeshi: Actor, commander: Actor) -> None:
        StandingOrder.objects.update(approvals=[{"by": "kondo", "at": ""}])
        run.incident.severity = 1
        run.incident.save()
        step = Step.objects.get(key="2.3")
        plans.save_plan(step, plan(run.incident), actor=hikeshi)
        assert step.state == "asked"

    def test_an_order_whose_calls_fail_stops_itself_until_somebody_switches_it_on(
        self, run: Run, alert: Alert, hikeshi: Actor, commander: Actor
    ) -> None:
        step = run.steps.get(action="aws.ec2.mark")
        for outcome in ("done", "failed", "failed", "unknown", "failed"):
            Intent.objects.create(step=step, operation="ec2:CreateTags", params={}, at=timezone.now(), outcome=outcome)
        assert self.planned(run, hikeshi) == "asked"
        assert orders.in_force() == []
        assert Entry.objects.filter(verb="order.trip").count() == 1
        ordering.switch(StandingOrder.objects.get(), actor=commander, on=True, reason="permission added")
        assert len(orders.in_force()) == 1
