"""How long it takes is said before anybody says yes, for all that would go together."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from msgspec.structs import replace

from desk.asked import asked
from hikeshi.actions.action import Call, Plan
from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.runs.eta import PRIOR, TAKEN_UP, USUALLY, eta
from hikeshi.desk.runs.models import Step
from hikeshi.desk.runs.plans import plan_of
from hikeshi.doors.asking import asked as shape
from hikeshi.text import Text

pytestmark = pytest.mark.django_db
WHY = Text("x", "あ")
SHARED = Call(operation="ec2:CreateSecurityGroup", params={"VpcId": "vpc-1"}, why=WHY)


def planned(step: Step, number: int) -> None:
    swap = Call(
        operation="ec2:ModifyNetworkInterfaceAttribute", params={"NetworkInterfaceId": f"eni-{number}"}, why=WHY
    )
    whole = Call("ec2:ModifyInstanceAttribute", {"InstanceId": f"i-{number}"}, WHY, seldom=True)
    plan: Plan = replace(plan_of(step), calls=(SHARED, swap, whole))
    step.plan, step.plan_digest = plan.canonical.decode(), plan.digest


def test_two_hundred_wait_for_what_aws_lets_through_and_what_they_share_is_made_once(
    incident: Incident, commander: Actor
) -> None:
    first = asked(incident, commander)
    planned(first, 0)
    first.save()
    assert tuple(eta(first)) == (1.0, 1)
    more = []
    for number in range(1, 200):
        row = Step(
            run=first.run,
            key=f"9.{number}",
            place=99,
            phase="containment",
            title={},
            text={},
            action=first.action,
            state="asked",
        )
        row.inputs, row.plan, row.plan_digest = first.inputs, first.plan, first.plan_digest
        planned(row, number)
        more.append(row)
    Step.objects.bulk_create(more)
    found = eta(first)
    assert found.plans == 200
    assert 22 < found.seconds < 24  # (200 - 100) / 4.5, and the calls themselves
    said = shape(first)
    assert said
    assert (said["plans"], said["seconds"]) == (200, round(found.seconds, 1))


def test_what_planning_took_and_how_much_longer_doing_took_lately_say_how_much_work_it_is(
    incident: Incident, commander: Actor
) -> None:
    first, now = asked(incident, commander), timezone.now()
    first.planned_seconds, first.asked_at = 3.0, now
    assert eta(first).seconds == pytest.approx(TAKEN_UP + 3 * USUALLY)
    done = [
        (first.asked_at, 2.0, 8.0),
        (now - timedelta(seconds=1), 2.0, 7.0),
    ]  # beside each other: 3 s of planning, then 8
    whole = Step.objects.create(run=first.run, key="8", place=98, phase="containment", title={}, text={}, kind="action")
    for number, (at, planned_in, took) in enumerate(done):
        row = Step(run=first.run, key=f"8/{number}", place=98, phase="containment", title={}, text={}, part_of=whole)
        row.action, row.state, row.asked_at, row.planned_seconds = first.action, "done", at, planned_in
        row.began_at, row.ended_at = now, now + timedelta(seconds=took)
        row.save()
        row.approvals.create(plan_digest="0" * 64, by="kondo", at=now)
    learned = (8 + PRIOR * USUALLY) / (3 + PRIOR)
    assert eta(first).seconds == pytest.approx(TAKEN_UP + 3 * learned)
    Step.objects.filter(part_of=whole).update(waited_seconds=5.0)
    assert eta(first).seconds == pytest.approx(TAKEN_UP + 3 * USUALLY)
