"""Whatever order steps end in: each ends exactly once, and the desk comes to what the engine says."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given, settings, strategies as st

from desk.played import at, play, step, work
from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Chain, Entry
from hikeshi.desk.runs import by_hand, deciding
from hikeshi.desk.runs.models import Run, Step
from hikeshi.desk.runs.pinned import playbook_of
from hikeshi.playbooks import flow
from hikeshi.playbooks.states import ENDED

pytestmark = pytest.mark.django_db
ENDS = {"step.decide", "step.done", "step.end", "step.fail", "step.not_needed", "step.skip"}


@st.composite
def some_steps(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Two to six steps that go after earlier ones; some for each of two hosts, some on a choice, some there for a failure only."""
    found: list[dict[str, Any]] = []
    count = draw(st.integers(2, 6))
    for number in range(1, count + 1):
        earlier = [one["key"] for one in found]
        fields: dict[str, Any] = {"after": draw(st.lists(st.sampled_from(earlier), unique=True)) if earlier else []}
        kind = draw(st.sampled_from(["manual", "manual", "decision", "wait", "notify"]))
        decided = [one["key"] for one in found if one["kind"] == "decision" and one["key"] in fields["after"]]
        coin = draw(st.lists(st.booleans(), min_size=2, max_size=2))
        if decided and coin[0]:
            fields["when"] = f'choice["{decided[0]}"] == "yes"'
        if kind == "manual" and coin[1]:
            fields["for_each"] = "$fact.hosts"
        if kind == "manual":
            later = f"1.{draw(st.integers(number + 1, count))}" if number < count else "hold"
            fields["on_failure"] = draw(st.sampled_from([None, "go_on", "hold", later]))
        found.append(step(f"1.{number}", kind, **{name: value for name, value in fields.items() if value}))
    return found


def end(row: Step, way: str, actor: Actor) -> None:
    if way == "skip":
        by_hand.skip(row, actor=actor, reason="x")
    elif row.kind == "decision":
        deciding.decide(row, "yes" if way == "fail" else "no", actor=actor)
    elif way == "fail":
        by_hand.fail_by_hand(row, actor=actor, reason="x")
    else:
        by_hand.finish_by_hand(row, actor=actor)


def let_pass(run: Run, actor: Actor) -> None:
    """All the time there is to wait for."""
    long_ago = timezone.now() - timedelta(hours=1)
    waits = Step.objects.filter(run=run, kind="wait", state="running")
    while waits.update(began_at=long_ago, due_at=long_ago) + work(actor):
        pass


def agrees(run: Run) -> None:
    """Nothing could move that has not."""
    rows = Step.objects.filter(run=run, part_of=None)
    states, choices = {row.key: row.state for row in rows}, {row.key: row.choice for row in rows if row.choice}
    book = playbook_of(run)
    assert book is not None
    assert flow.moves(book, states, choices, run.facts) == []
    over = all(state in ENDED for state in states.values())
    assert Run.objects.get(pk=run.pk).state == ("ended" if over else "running")


@given(steps=some_steps(), data=st.data())
@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_step_ends_once(
    steps: list[dict[str, Any]], data: st.DataObject, incident: Incident, on_it: Actor, hikeshi: Actor
) -> None:
    head = Chain.objects.get(name=incident.name).head_seq
    run = play(incident, *steps, actor=on_it, hosts=["a", "b"])
    agrees(run)
    let_pass(run, hikeshi)
    while todo := list(Step.objects.filter(run=run, state="open").order_by("pk")):
        if data.draw(st.booleans()):
            let_pass(run, hikeshi)
            todo = list(Step.objects.filter(run=run, state="open").order_by("pk"))
        end(at(run, data.draw(st.sampled_from(todo)).key), data.draw(st.sampled_from(["done", "fail", "skip"])), on_it)
        agrees(run)
        if not Step.objects.filter(run=run, state="open").exists():
            let_pass(run, hikeshi)
    agrees(run)
    lines = Entry.objects.filter(chain__name=incident.name, seq__gt=head, verb__in=ENDS)
    times = Counter(lines.values_list("object", flat=True))
    ended = Step.objects.filter(run=run, state__in=ENDED)
    assert times == dict.fromkeys((f"step {row.key}" for row in ended), 1)
