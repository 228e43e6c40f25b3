"""What people do in a run: decide, tell facts, hand evidence in, fail, skip, take over, add steps, allow targets."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from desk.asked import INSTANCE, plan
from desk.played import at, book, play, states, step, work
from hikeshi.actions.action import Receipt
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.actor import Actor
from hikeshi.desk.duties.models import Clock
from hikeshi.desk.evidence import verbs as evidence, volatility
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.runs import (
    adding,
    again,
    approvals,
    by_hand,
    deciding,
    pausing,
    plans,
    starting,
    taking,
    targets,
    telling,
    verbs,
    waiting,
)
from hikeshi.desk.runs.models import Run, Step
from hikeshi.errors import Conflict, Refused
from hikeshi.text import Text

pytestmark = pytest.mark.django_db
DONE = Receipt(action="aws.ec2.isolate", outcome="done", summary=Text("done", "完了"), observed={}, grade="none")


def said(verb: str) -> list[Any]:
    return [json.loads(one.data) for one in Entry.objects.filter(verb=verb).order_by("seq")]


VERBS: dict[str, Callable[[Step, Actor], object]] = {
    "decide": lambda row, who: deciding.decide(at(row.run, "1.2"), "yes", actor=who),
    "tell": lambda row, who: telling.tell(row.run, {"count": 3}, actor=who),
    "finish": lambda row, who: by_hand.finish_by_hand(row, actor=who),
    "fail": lambda row, who: by_hand.fail_by_hand(row, actor=who, reason="no"),
    "skip": lambda row, who: by_hand.skip(row, actor=who, reason="no"),
    "take": lambda row, who: taking.take(row, actor=who),
    "hand_over": lambda row, who: taking.hand_over(row, None, actor=who),
    "again": lambda row, who: again.run_again(at(row.run, "1.3"), actor=who, reason="look again"),
    "add_manual": lambda row, who: adding.add_manual(row.run.incident, "Look", actor=who, run=row.run),
}
COMMANDED: dict[str, Callable[[Step, Actor], object]] = {
    "pause": lambda row, who: pausing.pause(row.run, actor=who, reason="wait"),
    "allow": lambda row, who: targets.allow_targets(at(row.run, "1.4"), actor=who, reason="all of them"),
    "from_worker": lambda row, who: taking.take_from_worker(at(row.run, "1.5"), actor=who, reason="stuck"),
}


@pytest.fixture
def run(incident: Incident, on_it: Actor) -> Run:
    """One step of each sort: by hand, a decision, one that was skipped, one with too many targets, one that is stuck."""
    found = play(
        incident, step("1.1"), step("1.2", "decision"), step("1.3"),
        step("1.4", for_each="$fact.hosts", at_most=2), step("1.5", "wait"), actor=on_it, hosts=["a", "b", "c"],
    )  # fmt: skip
    by_hand.skip(at(found, "1.3"), actor=on_it, reason="not now")
    Step.objects.filter(run=found, key="1.5").update(attempts=5)
    return found


@pytest.mark.parametrize("verb", [*VERBS, *COMMANDED])
def test_who_may(
    run: Run, verb: str, commander: Actor, on_it: Actor, off_it: Actor, outsider: Actor
) -> None:  # fmt: skip
    do, may = {**VERBS, **COMMANDED}[verb], commander if verb in COMMANDED else on_it
    for who in {off_it, outsider, *((on_it,) if verb in COMMANDED else ())}:
        with pytest.raises(Refused, match="may not"):
            do(at(run, "1.1"), who)
    before = Entry.objects.count()
    do(at(run, "1.1"), may)
    assert Entry.objects.count() > before


def test_a_decision_opens_what_follows_and_leaves_the_rest_out(incident: Incident, on_it: Actor) -> None:
    run = play(
        incident, step("1.1", "decision"), step("2.1", after=["1.1"], when='choice["1.1"] == "yes"'),
        step("2.2", after=["1.1"], when='choice["1.1"] == "no"'), actor=on_it,
    )  # fmt: skip
    with pytest.raises(Refused, match="no option"):
        deciding.decide(at(run, "1.1"), "maybe", actor=on_it)
    with pytest.raises(Refused, match="is a decision"):
        by_hand.finish_by_hand(at(run, "1.1"), actor=on_it)
    deciding.decide(at(run, "1.1"), "yes", actor=on_it, note="it is encrypted")
    assert states(run) == {"1.1": "done", "2.1": "open", "2.2": "not_needed"}
    assert at(run, "1.1").choice == "yes"
    with pytest.raises(Conflict):
        deciding.decide(at(run, "1.1"), "no", actor=on_it)
    assert said("step.decide")[0]["note"] == "it is encrypted"


def test_a_decision_that_is_skipped_has_no_choice(incident: Incident, on_it: Actor) -> None:
    run = play(incident, step("1.1", "decision"), step("2.1", after=["1.1"], when='choice["1.1"] == ""'), actor=on_it)
    by_hand.skip(at(run, "1.1"), actor=on_it, reason="nobody can say")
    assert (at(run, "1.1").choice, at(run, "2.1").state) == ("", "open")


def test_facts_are_typed_kept_and_corrected(incident: Incident, on_it: Actor) -> None:
    run = play(incident, step("1.1", when="fact.count > 2"), step("1.2", for_each="$fact.hosts"), actor=on_it)
    assert states(run) == {"1.1": "not_needed", "1.2": "lacking"}
    for wrong in ({"count": "many"}, {"nobody": "x"}, {"incident.name": "INC-1"}, {}):
        with pytest.raises(Refused):
            telling.tell(run, wrong, actor=on_it)
    assert telling.tell(run, {"count": "3", "hosts": "web-1\nweb-2"}, actor=on_it) == {
        "fact.count": 3, "fact.hosts": ["web-1", "web-2"],
    }  # fmt: skip
    assert states(run) == {"1.1": "not_needed", "1.2": "running", "1.2/1": "open", "1.2/2": "open"}
    telling.tell(run, {"count": 4}, actor=on_it)
    assert said("fact.tell")[1]["was"] == {"fact.count": 3}
    known = {one.name: one.value for one in telling.facts_of_run(Run.objects.get(pk=run.pk))}
    assert known["fact.count"] == 4


def test_what_a_step_asks_has_to_be_told_with_it(incident: Incident, on_it: Actor) -> None:
    run = play(incident, step("1.1", asks=["key_id"]), actor=on_it)
    with pytest.raises(Refused, match="asks for key_id"):
        by_hand.finish_by_hand(at(run, "1.1"), actor=on_it)
    by_hand.finish_by_hand(at(run, "1.1"), actor=on_it, facts={"key_id": "AKIA"})
    assert Run.objects.get(pk=run.pk).facts["fact.key_id"] == "AKIA"
    assert Run.objects.get(pk=run.pk).state == "ended"


class TestEvidence:
    def test_each_kind_is_handed_in_or_said_not_to_be_had(self, incident: Incident, on_it: Actor) -> None:
        run = play(incident, step("1.1", "evidence", collects=["memory", "disk"]), actor=on_it)
        item = evidence.seal_bytes(incident, b"x", actor=on_it, title="RAM", kind="memory", source="avml")
        row = at(run, "1.1")
        with pytest.raises(Refused, match="collects disk"):
            by_hand.finish_by_hand(row, actor=on_it, evidence=[item.name])
        with pytest.raises(Refused, match="no evidence of"):
            by_hand.finish_by_hand(row, actor=on_it, evidence=["EV-999"])
        by_hand.finish_by_hand(row, actor=on_it, evidence=[item.name], unobtainable={"disk": "it was reinstalled"})
        assert at(run, "1.1").receipts == [item.name]
        lines = {one.kind: (one.state, one.reason) for one in volatility.lines(incident)}
        assert lines == {"memory": ("held", ""), "disk": ("failed", "it was reinstalled")}

    def test_a_step_that_goes_after_it_waits_even_where_it_runs_again(self, incident: Incident, on_it: Actor) -> None:
        run = play(incident, step("1.1", "evidence"), step("2.1", evidence=["1.1"], effect="contain"), actor=on_it)
        assert at(run, "2.1").state == "waiting"
        by_hand.fail_by_hand(at(run, "1.1"), actor=on_it, reason="it is off")
        assert at(run, "2.1").state == "open"
        again.run_again(at(run, "1.1"), actor=on_it, reason="it is on again")
        with pytest.raises(Refused, match=r"after the evidence of step 1\.1"):
            by_hand.finish_by_hand(at(run, "2.1"), actor=on_it)


def test_a_failure_goes_where_the_playbook_says(incident: Incident, on_it: Actor) -> None:
    run = play(
        incident, step("1.1", on_failure="1.2"), step("1.2"), step("1.3", on_failure="go_on"), step("1.4"),
        step("2.1", after=["1.1", "1.3"]), step("2.2", after=["1.4"]), actor=on_it,
    )  # fmt: skip
    for key in ("1.1", "1.3", "1.4"):
        by_hand.fail_by_hand(at(run, key), actor=on_it, reason="no access")
    assert states(run)["1.2"] == "open"
    by_hand.finish_by_hand(at(run, "1.2"), actor=on_it)
    assert (states(run)["2.1"], states(run)["2.2"]) == ("open", "waiting")


class TestAgain:
    def test_a_failed_step_opens_once_more_and_an_ended_run_goes_on(self, incident: Incident, on_it: Actor) -> None:
        run = play(incident, step("1.1", on_failure="1.2"), step("1.2"), actor=on_it)
        by_hand.finish_by_hand(at(run, "1.1"), actor=on_it)
        assert (states(run)["1.2"], Run.objects.get().state) == ("not_needed", "ended")
        again.run_again(at(run, "1.1"), actor=on_it, reason="look closer")
        assert (states(run), Run.objects.get().state) == ({"1.1": "open", "1.2": "waiting"}, "running")
        by_hand.fail_by_hand(at(run, "1.1"), actor=on_it, reason="now it fails")
        assert states(run)["1.2"] == "open"

    def test_what_takes_something_away_is_undone_first(self, incident: Incident, on_it: Actor) -> None:
        run = play(incident, step("1.1", effect="contain"), actor=on_it)
        by_hand.finish_by_hand(at(run, "1.1"), actor=on_it)
        with pytest.raises(Refused, match=r"1\.1 is done"):
            again.run_again(at(run, "1.1"), actor=on_it, reason="again")

    def test_a_part_takes_the_whole_with_it(self, incident: Incident, on_it: Actor) -> None:
        run = play(incident, step("1.1", for_each="$fact.hosts"), actor=on_it, hosts=["a", "b"])
        by_hand.finish_by_hand(at(run, "1.1/1"), actor=on_it)
        by_hand.fail_by_hand(at(run, "1.1/2"), actor=on_it, reason="off")
        assert (states(run)["1.1"], Run.objects.get().state) == ("partial", "ended")
        again.run_again(at(run, "1.1/2"), actor=on_it, reason="on again")
        assert (states(run)["1.1"], Run.objects.get().state) == ("running", "running")
        by_hand.finish_by_hand(at(run, "1.1/2"), actor=on_it)
        assert (states(run)["1.1"], Run.objects.get().state) == ("done", "ended")


class TestWho:
    def test_a_step_is_taken_handed_over_and_taken_over_with_a_reason(
        self, run: Run, on_it: Actor, commander: Actor, responder_person: Person
    ) -> None:
        taking.take(at(run, "1.1"), actor=on_it)
        assert at(run, "1.1").owner == "sato"
        with pytest.raises(Refused, match="needs a reason"):
            taking.take(at(run, "1.1"), actor=commander)
        taking.take(at(run, "1.1"), actor=commander, reason="sato sleeps")
        taking.hand_over(at(run, "1.1"), responder_person, actor=commander)
        assert at(run, "1.1").owner == "sato"
        with pytest.raises(Refused, match="no part"):
            taking.hand_over(at(run, "1.1"), Person.objects.create_user("mori", role="observer"), actor=commander)

    def test_what_is_stuck_with_a_worker_is_done_by_hand(self, run: Run, commander: Actor, on_it: Actor) -> None:
        assert next(one for one in waiting.whom(run) if one.step.key == "1.5").stuck is not None
        taking.take_from_worker(at(run, "1.5"), actor=commander, reason="the worker is broken")
        row = at(run, "1.5")
        assert (row.state, row.owner, row.due_at) == ("open", "kondo", None)
        by_hand.finish_by_hand(row, actor=on_it, note="waited")
        assert at(run, "1.5").state == "done"

    def test_what_a_worker_gets_on_with_is_left_to_it(self, run: Run, commander: Actor) -> None:
        Step.objects.filter(key="1.5").update(attempts=1)
        with pytest.raises(Refused, match="not stuck"):
            taking.take_from_worker(at(run, "1.5"), actor=commander, reason="impatient")


def test_many_targets_wait_until_somebody_who_commands_means_them(run: Run, commander: Actor) -> None:
    row = at(run, "1.4")
    assert (row.state, targets.too_many(row)) == ("lacking", 3)
    targets.allow_targets(row, actor=commander, reason="the whole farm")
    assert states(run)["1.4/3"] == "open"
    with pytest.raises(Conflict):
        targets.allow_targets(row, actor=commander, reason="again")


class TestAdding:
    def test_an_added_step_waits_opens_and_counts(self, incident: Incident, on_it: Actor) -> None:
        run = play(incident, step("1.1"), actor=on_it)
        late = timezone.now() + timedelta(hours=1)
        row = adding.add_manual(incident, "倉庫を確認", actor=on_it, run=run, after=["1.1"], due=late)
        assert (row.state, row.title) == ("waiting", {"en": "倉庫を確認", "ja": "倉庫を確認"})
        assert abs(Clock.objects.get(rule=f"step.due.{run.pk}:{row.key}").deadline - late) < timedelta(seconds=2)
        by_hand.finish_by_hand(at(run, "1.1"), actor=on_it)
        assert (at(run, row.key).state, Run.objects.get().state) == ("open", "running")
        by_hand.finish_by_hand(at(run, row.key), actor=on_it)
        assert Run.objects.get().state == "ended"
        adding.add_manual(incident, "One more", actor=on_it, run=Run.objects.get())
        assert Run.objects.get().state == "running"

    def test_without_a_playbook_it_stands_by_itself(self, incident: Incident, on_it: Actor) -> None:
        row = adding.add_manual(incident, "Call the landlord", actor=on_it)
        by_hand.finish_by_hand(row, actor=on_it)
        assert Step.objects.get().state == "done"

    def test_what_does_not_fit_is_refused(self, incident: Incident, on_it: Actor) -> None:
        run = play(incident, step("1.1"), actor=on_it)
        for wrong in (
            {"title": " "}, {"title": "x", "role": "king"}, {"title": "x", "phase": "never"},
            {"title": "x", "after": ["9.9"]}, {"title": "x", "due": timezone.now()},
        ):  # fmt: skip
            with pytest.raises(Refused):
                adding.add_manual(incident, actor=on_it, run=run, **wrong)


class TestStarting:
    def test_a_second_run_of_one_playbook_has_to_be_meant(self, incident: Incident, on_it: Actor) -> None:
        first = starting.start(incident, book(step("1.1")), actor=on_it, facts={})
        with pytest.raises(Refused, match="already"):
            starting.start(incident, book(step("1.1")), actor=on_it, facts={})
        assert starting.start(incident, book(step("1.1")), actor=on_it, facts={}, again=True) != first

    def test_what_is_edited_while_it_runs_changes_nothing(
        self, incident: Incident, on_it: Actor, hikeshi: Actor
    ) -> None:
        inner = book(step("1.1"), name="inner")
        run = play(
            incident, step("1.1", "playbook", playbook="inner"), step("2.1", after=["1.1"]), actor=on_it, parts=(inner,)
        )
        starting.start(
            incident, book(step("1.1", "playbook", playbook="inner"), version=2), actor=on_it, facts={}, again=True,
            shelf={"inner": book(step("1.1"), step("1.2"), name="inner", version=2)},
        )  # fmt: skip
        work(hikeshi)
        part = Run.objects.get(within__run=run)
        assert (part.version, part.digest, part.steps.count()) == (1, inner.digest, 1)

    def test_playbooks_in_a_circle_are_refused(self, incident: Incident, on_it: Actor) -> None:
        circle = book(step("1.1", "playbook", playbook="played"))
        with pytest.raises(Refused, match="within each other"):
            starting.start(incident, circle, actor=on_it, facts={}, shelf={"played": circle})


def test_who_waits_for_whom_is_one_reading(run: Run, on_it: Actor, commander: Actor) -> None:
    found = {one.step.key: one for one in waiting.whom(run)}
    assert {key: (one.waits_for, one.names) for key, one in found.items()} == {
        "1.1": ("role", ("responder",)), "1.2": ("role", ("responder",)), "1.4": ("targets", ("incident_commander",)),
        "1.5": ("time", ()),
    }  # fmt: skip
    pausing.pause(run, actor=commander, reason="wait")
    taking.take(at(run, "1.1"), actor=on_it)
    found = {one.step.key: one for one in waiting.whom(Run.objects.get())}
    assert (found["1.1"].waits_for, found["1.5"].waits_for) == ("person", "paused")


def test_an_incident_out_of_sight_shows_nothing_to_take(run: Run, commander: Actor, off_it: Actor) -> None:
    incidents.assign(run.incident, "scribe", actor=commander, person=Person.objects.get(username=off_it.name))
    taking.take(at(run, "1.1"), actor=off_it)
    assert at(run, "1.1").owner == "suzuki"


class TestContaining:
    @pytest.fixture
    def strict(self, incident: Incident, commander: Actor) -> Step:
        """An isolation for which its playbook asks for three yeses, and which stands an hour at most."""
        facts = {"alert.account": "111122223333", "alert.region": "ap-northeast-1", "alert.instance_id": INSTANCE}
        isolate = step(
            "1.1", "action", effect="contain", action="aws.ec2.isolate", inputs={"instance_id": INSTANCE}, approvals=3,
            keep_for=3600,
        )  # fmt: skip
        run = starting.start(incident, book(isolate), actor=commander, facts=facts)
        incident.planned_evidence.update(state="waived", reason="not what this is about")
        row = at(run, "1.1")
        plans.save_plan(row, plan(incident), actor=commander)
        return row

    def test_a_playbook_may_ask_for_more_yeses(self, strict: Step) -> None:
        found = approvals.standing(strict)
        assert found is not None
        assert (found.need.count, found.missing) == (3, 3)
        assert "playbook" in found.need.because[0].en

    def test_a_playbook_may_have_it_looked_at_sooner(self, strict: Step, hikeshi: Actor, commander: Actor) -> None:
        verbs.end(strict, DONE, actor=hikeshi)
        incidents.change_severity(Incident.objects.get(), 1, actor=commander, reason="worse")
        for clock in Clock.objects.filter(rule__startswith="hold."):
            assert clock.deadline - clock.started_at == timedelta(hours=1)
