"""One yes for the plans of all targets of a step is as many single ones: named one by one, and no wider."""

from __future__ import annotations

import json

import pytest
from msgspec.structs import replace

from desk.asked import asked_each, plan
from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.runs import at_once, plans
from hikeshi.desk.runs.gate import gate
from hikeshi.desk.runs.models import Step
from hikeshi.errors import Refused

pytestmark = pytest.mark.django_db


@pytest.fixture
def whole(incident: Incident, on_it: Actor) -> Step:
    """Eight isolations, asked for by `on_it`."""
    return asked_each(incident, on_it)


def named(whole: Step) -> dict[str, str]:
    return {row.key: row.plan_digest for row in at_once.asked(whole)}


def states(whole: Step) -> list[str]:
    return list(whole.parts.order_by("pk").values_list("state", flat=True))


def test_each_plan_has_a_yes_and_a_line_of_its_own(whole: Step, commander: Actor) -> None:
    shown = named(whole)
    assert at_once.approve_all(whole, shown, actor=commander, reason="seen all") == []
    assert states(whole) == ["approved"] * 8
    lines = Entry.objects.filter(verb="step.approve")
    assert {(line.object, json.loads(line.data)["plan_digest"]) for line in lines} == {
        (f"step {key}", one) for key, one in shown.items()
    }


def test_what_has_changed_or_expired_or_is_held_back_is_left_out(whole: Step, commander: Actor, hikeshi: Actor) -> None:
    shown, rows = named(whole), at_once.asked(whole)
    incident = whole.run.incident
    for row, minutes in ((rows[0], 30), (rows[1], -1)):
        row.state = "planning"
        row.save()
        made = replace(plan(incident, minutes=minutes), inputs=row.inputs, resources=(row.item,))
        plans.save_plan(row, made, actor=hikeshi)
    shown[rows[1].key] = rows[1].plan_digest
    incident.planned_evidence.filter(target=rows[2].item).update(state="pending")
    left = at_once.approve_all(whole, shown, actor=commander)
    assert [one.step.key for one in left] == [row.key for row in rows[:3]]
    assert states(whole) == ["asked", "planning", "asked", *["approved"] * 5]


def test_whoever_asked_for_it_is_left_out_where_two_are_needed(
    whole: Step, incident: Incident, commander: Actor, admin: Actor
) -> None:
    incidents.change_severity(incident, 1, actor=commander, reason="more hosts")
    Step.objects.filter(pk__in=[row.pk for row in at_once.asked(whole)[:3]]).update(requested_by=commander.name)
    assert len(at_once.approve_all(whole, named(whole), actor=commander)) == 3
    assert states(whole) == ["asked"] * 8
    assert at_once.approve_all(whole, named(whole), actor=admin) == []
    assert states(whole) == [*["asked"] * 3, *["approved"] * 5]


def test_only_targets_of_the_step_by_one_who_commands(whole: Step, on_it: Actor, commander: Actor) -> None:
    with pytest.raises(Refused, match="may not"):
        at_once.approve_all(whole, named(whole), actor=on_it)
    for strange in ({}, {"1.1": "0" * 64}, {whole.key: "0" * 64}):
        with pytest.raises(Refused, match="Not a target"):
            at_once.approve_all(whole, named(whole) | strange if strange else {}, actor=commander)
    assert states(whole) == ["asked"] * 8


def test_the_digest_of_all_is_another_as_soon_as_one_plan_is(whole: Step) -> None:
    rows = at_once.asked(whole)
    before = at_once.digest_of(rows)
    assert before == at_once.digest_of(rows[::-1]) != at_once.digest_of(rows[1:])
    rows[0].plan_digest = "0" * 64
    assert at_once.digest_of(rows) != before


def test_the_gate_of_the_whole_step_is_that_of_its_targets(whole: Step) -> None:
    incident, first = whole.run.incident, at_once.asked(whole)[0]
    assert not gate(whole).missing
    incident.planned_evidence.filter(target=first.item).update(state="pending")
    assert {line.target for line in gate(whole).missing} == {first.item}
