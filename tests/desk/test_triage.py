"""Groups: judged at once, put off, hidden and merged, with every alert in exactly one of them all the time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import Count, F, Sum
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from hypothesis import HealthCheck, given, settings, strategies as st

from desk.triage import arrive, group_of
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts import asking, folding, groups, judging, snoozing, suppressing, verbs as alerts
from hikeshi.desk.alerts.models import VERDICTS, Alert, Group, Suppression
from hikeshi.desk.alerts.whys import WHYS, fitting
from hikeshi.desk.incidents import sight, taking
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.runs import orders
from hikeshi.doors.worker import Worker
from hikeshi.errors import Conflict, HikeshiError, Refused
from standing import stand

pytestmark = pytest.mark.django_db
SOON = timedelta(hours=1)


def judge(group: Group, actor: Actor, verdict: str = "false", why: str = "rule_wrong", **more: Any) -> Group:
    return judging.judge([group], actor=actor, verdict=verdict, why=why, reason="the scanner's address", **more)[0]


def entries(verb: str) -> int:
    return Entry.objects.filter(verb=verb).count()


def test_a_verdict_is_on_the_group_and_on_all_its_alerts(hikeshi: Actor, off_it: Actor) -> None:
    group = group_of(hikeshi)
    arrive(hikeshi, 2)
    judged = judge(group, off_it)
    assert (judged.state, judged.verdict, judged.why, judged.judged_by) == ("judged", "false", "rule_wrong", "suzuki")
    assert set(Alert.objects.values_list("verdict", "verdict_reason", "due_at")) == {
        ("false", "the scanner's address", None)
    }
    assert Entry.objects.get(verb="group.judge").object == str(group)


def test_the_next_alert_of_the_cause_opens_a_new_group(hikeshi: Actor, off_it: Actor) -> None:
    judged = judge(group_of(hikeshi), off_it)
    fresh = group_of(hikeshi, 2)
    assert fresh != judged
    assert (fresh.state, fresh.size) == ("waiting", 1)


def test_judging_many_alerts_takes_no_more_statements_than_judging_one(hikeshi: Actor, off_it: Actor) -> None:
    one, many = group_of(hikeshi), group_of(hikeshi, cause="i-0def")
    Alert.objects.bulk_create(
        Alert(key=f"k{n}", group=many, source="s", title="t", kind="k", received_at=timezone.now()) for n in range(2000)
    )
    counted = []
    for group in (one, many):
        with CaptureQueriesContext(
            connection,
        ) as asked:
            judge(group, off_it)
        counted.append(len(asked))
    assert counted[0] == counted[1] <= 16
    assert not Alert.objects.filter(verdict="").exists()


def test_many_groups_are_judged_with_one_reason(hikeshi: Actor, off_it: Actor) -> None:
    rows = [group_of(hikeshi, cause=f"i-0{n}") for n in range(5)]
    judging.judge(rows, actor=off_it, verdict="benign", why="known_change", reason="patch night")
    assert set(Group.objects.values_list("state", "why")) == {("judged", "known_change")}
    assert entries("group.judge") == 5


def test_who_was_second_learns_who_judged_and_what_they_said(hikeshi: Actor, off_it: Actor, commander: Actor) -> None:
    group = group_of(hikeshi)
    judge(group, off_it, versions={group.pk: group.version})
    with pytest.raises(Conflict, match="not as you saw") as caught:
        judge(group, commander, "true", "confirmed_compromise", versions={group.pk: group.version})
    assert caught.value.current == f"suzuki judged {group} false: the scanner's address"


def test_more_of_the_same_is_no_conflict_and_something_worse_is(hikeshi: Actor, off_it: Actor) -> None:
    group = group_of(hikeshi, severity=5)
    arrive(hikeshi, 2, severity=5)
    snoozing.snooze([group], actor=off_it, until=timezone.now() + SOON, reason="r", versions={group.pk: group.version})
    snoozing.wake(group, actor=off_it, early=True)
    arrive(hikeshi, 3, severity=9)
    with pytest.raises(Conflict, match="not as you saw"):
        judge(group, off_it, versions={group.pk: group.version})


@pytest.mark.parametrize(
    ("verdict", "why", "reason"),
    [("maybe", "rule_wrong", "r"), ("false", "known_change", "r"), ("false", "", "r"), ("false", "rule_wrong", " ")],
)
def test_a_verdict_needs_a_reason_of_its_own_kind(
    hikeshi: Actor, off_it: Actor, verdict: str, why: str, reason: str
) -> None:
    group = group_of(hikeshi)
    with pytest.raises(Refused):
        judging.judge([group], actor=off_it, verdict=verdict, why=why, reason=reason)
    assert Group.objects.get().state == "waiting"


def test_every_verdict_has_reasons_in_both_languages() -> None:
    assert list(WHYS) == sorted(WHYS)
    assert {verdict for why in WHYS.values() for verdict in why.verdicts} == set(dict(VERDICTS))
    assert all(len(fitting(verdict)) > 1 for verdict, _ in VERDICTS)


def test_an_outsider_may_do_nothing(hikeshi: Actor, outsider: Actor, responder_person: Person) -> None:
    group, other, soon = group_of(hikeshi), group_of(hikeshi, cause="i-0def"), timezone.now() + SOON
    tried = (
        lambda: judge(group, outsider),
        lambda: snoozing.snooze([group], actor=outsider, until=soon, reason="r"),
        lambda: folding.merge([group, other], actor=outsider, reason="r"),
        lambda: asking.assign(group, responder_person, actor=outsider),
        lambda: asking.ask(group, actor=outsider, to="x", question="?"),
        lambda: suppressing.suppress({"kind": "k"}, actor=outsider, reason="r", expires_at=soon),
        lambda: taking.declare_from([group], actor=outsider, severity=2, reason="r"),
    )
    for attempt in tried:
        with pytest.raises(Refused, match="may not"):
            attempt()


def test_a_verdict_is_taken_back_with_both_sentences_kept(hikeshi: Actor, off_it: Actor) -> None:
    group = judge(group_of(hikeshi), off_it)
    judging.reopen(group, actor=off_it, reason="it was not ours", version=group.version)
    group.refresh_from_db()
    assert (group.state, group.verdict, Alert.objects.get().verdict) == ("waiting", "", "")
    assert "the scanner's address" in Entry.objects.get(verb="group.reopen").data
    judge(group, off_it, "true", "policy_violation")


def test_an_alert_judged_by_itself_closes_its_group_when_it_is_the_last(hikeshi: Actor, off_it: Actor) -> None:
    first, second = arrive(hikeshi), arrive(hikeshi, 2)
    alerts.triage(first, actor=off_it, verdict="benign", reason="one")
    assert Group.objects.get().state == "waiting"
    alerts.triage(second, actor=off_it, verdict="false", reason="two")
    assert (Group.objects.get().state, Group.objects.get().verdict) == ("judged", "false")
    judging.reopen(Group.objects.get(), actor=off_it, reason="again")
    assert list(Alert.objects.order_by("pk").values_list("verdict", flat=True)) == ["benign", ""]


@pytest.mark.parametrize(("severity", "hours"), [(8, 4), (5, 7 * 24)])
def test_a_snooze_has_an_end(hikeshi: Actor, off_it: Actor, severity: float, hours: int) -> None:
    group, longest = group_of(hikeshi, severity=severity), timedelta(hours=hours)
    with pytest.raises(Refused, match=f"{hours} hours"):
        snoozing.snooze([group], actor=off_it, until=timezone.now() + longest + SOON, reason="r")
    until = timezone.now() + longest - timedelta(minutes=1)
    with pytest.raises(Refused, match="ends in the future"):
        snoozing.snooze([group], actor=off_it, until=timezone.now() - SOON, reason="r")
    [snoozed] = snoozing.snooze([group], actor=off_it, until=until, reason="change window")
    assert (snoozed.state, snoozed.due_at, snoozed.snoozed_by) == ("snoozed", until, "suzuki")


def test_a_worker_brings_a_snoozed_group_back(hikeshi: Actor, off_it: Actor) -> None:
    group = group_of(hikeshi)
    snoozing.snooze([group], actor=off_it, until=timezone.now() + SOON, reason="r")
    Worker().drain()
    group.refresh_from_db()
    assert group.state == "snoozed"
    past = timezone.now() - SOON
    Group.objects.update(due_at=past, snoozed_until=past)
    Worker().drain()
    group.refresh_from_db()
    assert (group.state, group.due_at, entries("group.wake")) == ("waiting", None, 1)


def test_a_worse_alert_ends_a_snooze_at_once_and_the_same_again_does_not(hikeshi: Actor, off_it: Actor) -> None:
    group = group_of(hikeshi, severity=5)
    snoozing.snooze([group], actor=off_it, until=timezone.now() + SOON, reason="r")
    arrive(hikeshi, 2, severity=5)
    group.refresh_from_db()
    assert (group.state, group.size) == ("snoozed", 2)
    arrive(hikeshi, 3, severity=9)
    before = group.answer_by
    group.refresh_from_db()
    assert (group.state, group.suggested_severity, group.size) == ("waiting", 1, 3)
    assert group.answer_by < before


def test_merged_groups_are_judged_as_one_and_each_alert_stays_in_its_own(hikeshi: Actor, off_it: Actor) -> None:
    late, first = group_of(hikeshi, severity=5), group_of(hikeshi, cause="i-0def", severity=9)
    top = folding.merge([late, first], actor=off_it, reason="one machine")
    assert top == first
    assert group_of(hikeshi, 2, severity=5) == late
    judge(top, off_it)
    assert set(Alert.objects.values_list("verdict", flat=True)) == {"false"}
    assert Group.objects.get(pk=late.pk).joinable is False
    with pytest.raises(Refused, match="decided on"):
        folding.unmerge(late, actor=off_it, reason="r")


def test_unmerging_restores_exactly_what_was(hikeshi: Actor, off_it: Actor) -> None:
    rows = [group_of(hikeshi, cause=f"i-0{n}") for n in range(3)]
    snoozing.snooze([rows[2]], actor=off_it, until=timezone.now() + SOON, reason="r")
    fields = ("pk", "state", "size", "joinable", "due_at", "snoozed_until", "answer_by", "score", "merged_into")
    before = list(Group.objects.order_by("pk").values(*fields))
    folding.merge(rows, actor=off_it, reason="r")
    assert [group.state for group in Group.objects.order_by("pk")] == ["waiting", "merged", "merged"]
    for group in rows[1:]:
        folding.unmerge(group, actor=off_it, reason="two machines after all")
    assert list(Group.objects.order_by("pk").values(*fields)) == before
    with pytest.raises(Refused, match="not merged into another"):
        folding.unmerge(rows[0], actor=off_it, reason="r")


def test_something_worse_in_a_merged_group_shows_on_the_one_that_waits(hikeshi: Actor, off_it: Actor) -> None:
    first, other = group_of(hikeshi, severity=5), group_of(hikeshi, cause="i-0def", severity=5)
    folding.merge([first, other], actor=off_it, reason="r")
    arrive(hikeshi, 2, cause="i-0def", severity=9)
    assert Group.objects.get(pk=first.pk).suggested_severity == 1


def test_related_groups_share_what_is_not_everywhere(hikeshi: Actor) -> None:
    mine, near = group_of(hikeshi), group_of(hikeshi, cause="i-0def")
    group_of(hikeshi, cause="i-0ghi", address="198.51.100.7")
    [found] = folding.related(mine, Group.objects.all())
    assert found.group == near
    assert [(one.kind, one.value) for one in found.shared] == [("address", "203.0.113.66")]


def _suppress(actor: Actor, match: dict[str, str] | None = None, **more: Any) -> Suppression:
    values: dict[str, Any] = {"reason": "our scanner", "expires_at": timezone.now() + SOON} | more
    return suppressing.suppress(
        match or {"kind": "Backdoor:EC2/C&CActivity.B", "address": "203.0.113.66"}, actor=actor, **values
    )


def test_what_is_suppressed_is_kept_counted_and_said(hikeshi: Actor, off_it: Actor) -> None:
    row = _suppress(off_it)
    group = group_of(hikeshi)
    arrive(hikeshi, 2)
    group.refresh_from_db()
    assert (group.state, group.size, group.suppression) == ("suppressed", 2, row)
    found = suppressing.counted(Suppression.objects.all()).get()
    assert (found.hits, found.hidden_groups, found.last_hit_at) == (2, 1, group.last_at)  # type: ignore[attr-defined]  # annotated
    assert entries("group.suppress") == 1


@pytest.mark.parametrize("change", [{"address": "198.51.100.7"}, {"severity": 9.5}])
def test_what_does_not_match_is_never_hidden_with_what_does(
    hikeshi: Actor, off_it: Actor, change: dict[str, Any]
) -> None:
    _suppress(off_it)
    hidden = group_of(hikeshi)
    other = group_of(hikeshi, 2, **change)
    assert other != hidden
    assert other.state == "waiting"


def test_the_end_of_a_suppression_is_the_end(hikeshi: Actor, off_it: Actor) -> None:
    for number, ending in enumerate(("by hand", "by itself")):
        row = _suppress(off_it)
        hidden = group_of(hikeshi, cause=f"i-0{number}")
        assert hidden.state == "suppressed"
        if ending == "by hand":
            suppressing.unsuppress(row, actor=off_it, reason="mended")
        else:
            Suppression.objects.filter(pk=row.pk).update(expires_at=timezone.now())
        assert group_of(hikeshi, 2, cause=f"i-0{number}").state == "waiting"
    with pytest.raises(Conflict, match="already"):
        suppressing.unsuppress(Suppression.objects.earliest("pk"), actor=off_it, reason="r")


def test_hiding_sev_1_asks_for_a_second_yes(hikeshi: Actor, off_it: Actor) -> None:
    judge(group_of(hikeshi, severity=9.5), off_it)
    with pytest.raises(Refused, match="SEV-1"):
        _suppress(off_it)
    _suppress(off_it, hides_sev1=True)
    assert group_of(hikeshi, 2, severity=9.5).state == "suppressed"


@pytest.mark.parametrize(
    ("match", "more"),
    [
        ({"source": "sqs"}, {}), ({"account": "111122223333", "source": "sqs"}, {}), ({"colour": "red"}, {}), ({}, {}), ({"kind": "k"}, {"reason": " "}),
        ({"kind": "k"}, {"expires_at": timezone.now() + timedelta(days=91)}), ({"kind": "k"}, {"expires_at": timezone.now()}),
    ],
)  # fmt: skip
def test_a_suppression_is_narrow_and_ends(off_it: Actor, match: dict[str, str], more: dict[str, Any]) -> None:
    with pytest.raises(Refused):
        _suppress(off_it, match or {"kind": " "}, **more)
    assert not Suppression.objects.exists()


def test_a_standing_order_is_not_silenced_without_a_word(hikeshi: Actor, off_it: Actor) -> None:
    stand("C2", actor=hikeshi, finding_types=["Backdoor:EC2/"], playbook="compromised-ec2", severity=2)
    row = _suppress(off_it)
    order, why = orders.match(arrive(hikeshi), timezone.now())
    assert order is None
    assert f"standing order C2 covers it, but GRP-{Group.objects.get().pk} is suppressed by {row}" in why.en


def test_a_suppressed_group_can_be_brought_back_or_judged(hikeshi: Actor, off_it: Actor) -> None:
    _suppress(off_it)
    group = group_of(hikeshi)
    suppressing.unhide(group, actor=off_it, reason="look again")
    assert group.state == "waiting"
    judge(group_of(hikeshi, cause="i-0def"), off_it)


def test_a_proposal_names_what_the_group_alone_is_about(hikeshi: Actor) -> None:
    group = group_of(hikeshi)
    assert suppressing.proposal(group) == {
        "source": "sqs", "kind": "Backdoor:EC2/C&CActivity.B", "account": "111122223333", "instance": "i-0abc"
    }  # fmt: skip


def test_declaring_from_groups_takes_every_alert(hikeshi: Actor, off_it: Actor) -> None:
    first, second = group_of(hikeshi), group_of(hikeshi, cause="i-0def")
    arrive(hikeshi, 2)
    incident = taking.declare_from([first, second], actor=off_it, severity=1, reason="files are changing")
    assert incident.alerts.count() == 3
    assert (incident.title, incident.detected_at) == (first.title, first.first_at)
    assert set(Group.objects.values_list("state", "verdict", "joinable")) == {("taken", "true", False)}


def test_declaring_from_one_alert_takes_its_whole_group(hikeshi: Actor, commander: Actor) -> None:
    from hikeshi.desk.incidents import verbs as incidents

    alert = arrive(hikeshi)
    arrive(hikeshi, 2)
    assert incidents.declare("t", 2, actor=commander, reason="r", alerts=[alert]).alerts.count() == 2


def test_linking_needs_a_role_on_the_incident_and_can_be_taken_back(
    hikeshi: Actor, on_it: Actor, off_it: Actor, incident: Incident
) -> None:
    group = group_of(hikeshi)
    with pytest.raises(Refused, match="may not"):
        taking.link([group], incident, actor=off_it, reason="r")
    taking.link([group], incident, actor=on_it, reason="same address")
    assert incident.alerts.count() == 1
    back = taking.unlink(group, incident, actor=on_it, reason="another machine")
    assert (back.state, back.verdict, incident.alerts.count()) == ("waiting", "", 0)
    incident.status = "closed"
    with pytest.raises(Refused, match="closed"):
        taking.link([group], incident, actor=on_it, reason="r")


def test_what_a_restricted_incident_has_taken_up_is_hidden_with_it(
    hikeshi: Actor, on_it: Actor, commander: Actor, incident: Incident
) -> None:
    group, near = group_of(hikeshi), group_of(hikeshi, cause="i-0def")
    taking.link([group], incident, actor=on_it, reason="r")
    Incident.objects.update(restricted=True)
    assert list(sight.groups(on_it)) == [group, near]
    assert list(sight.groups(commander)) == [near]
    assert folding.related(near, sight.groups(commander)) == []
    taking.link([near], Incident.objects.get(), actor=on_it, reason="r")
    assert '"incident":""' in Entry.objects.filter(verb="group.take").latest("seq").data


def test_a_group_is_given_to_somebody_who_may_judge(
    hikeshi: Actor, off_it: Actor, responder_person: Person, outsider: Actor
) -> None:
    group = asking.assign(group_of(hikeshi), responder_person, actor=off_it)
    assert group.assigned_to == responder_person
    with pytest.raises(Refused, match="may not judge"):
        asking.assign(group, Person.objects.get(username="tanaka"), actor=off_it)
    assert asking.assign(group, None, actor=off_it).assigned_to is None


def test_a_question_is_ended_by_its_answer(hikeshi: Actor, off_it: Actor) -> None:
    group = group_of(hikeshi)
    row = asking.ask(group, actor=off_it, to="web team", question="Was this you?")
    asking.answer(row, actor=off_it, text="No.")
    with pytest.raises(Conflict, match="meanwhile"):
        asking.answer(row, actor=off_it, text="Yes.")
    assert Group.objects.get().state == "waiting"
    assert (entries("group.ask"), entries("group.answer")) == (1, 1)


STEP = st.tuples(
    st.sampled_from(["join", "join", "judge", "merge", "unmerge", "snooze", "wake", "reopen", "take", "triage"]),
    st.integers(0, 3), st.integers(0, 3), st.sampled_from([5.0, 8.0, 9.5]),
)  # fmt: skip


def _step(actor: Actor, number: int, step: tuple[str, int, int, float]) -> None:
    what, first, second, severity = step
    if what == "join":
        arrive(actor, number, cause=f"i-0{first}", severity=severity)
        return
    rows = list(Group.objects.order_by("pk"))
    if not rows:
        return
    group, other = rows[first % len(rows)], rows[second % len(rows)]
    verbs: dict[str, Any] = {
        "judge": lambda: judge(group, actor),
        "merge": lambda: folding.merge([group, other], actor=actor, reason="r"),
        "reopen": lambda: judging.reopen(group, actor=actor, reason="r"),
        "snooze": lambda: snoozing.snooze([group], actor=actor, until=timezone.now() + SOON, reason="r"),
        "take": lambda: taking.declare_from([group], actor=actor, severity=2, reason="r"),
        "triage": lambda: alerts.triage(Alert.objects.filter(group=group)[0], actor=actor, verdict="benign", reason=f"r{number}"),
        "unmerge": lambda: folding.unmerge(group, actor=actor, reason="r"),
        "wake": lambda: snoozing.wake(group, actor=actor, early=True),
    }  # fmt: skip
    verbs[what]()


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=3, max_size=14))
def test_in_any_order_every_alert_is_in_exactly_one_group_and_counts_add_up(
    hikeshi: Actor, steps: list[tuple[str, int, int, float]]
) -> None:
    with transaction.atomic():
        for number, step in enumerate(steps):
            try:
                with transaction.atomic():
                    _step(hikeshi, number, step)
            except HikeshiError:
                pass  # a refusal changes nothing
            wrong = Group.objects.annotate(n=Count("alerts")).exclude(size=F("n"))
            assert not wrong.exists()
            assert (Group.objects.aggregate(n=Sum("size"))["n"] or 0) == Alert.objects.count()
            tops = [group.pk for group in Group.objects.filter(merged_into=None)]
            shown = [pk for top in tops for pk in groups.alerts_of([top]).values_list("pk", flat=True)]
            assert sorted(shown) == sorted(Alert.objects.values_list("pk", flat=True))
            assert not Group.objects.filter(state__in=("judged", "taken"), joinable=True).exists()
            assert not Alert.objects.filter(verdict="", group__in=groups.tree(Group.objects.filter(state="judged").values_list("pk", flat=True))).exists()  # fmt: skip
        transaction.set_rollback(True)
