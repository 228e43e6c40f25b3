"""Two people at the same group at once, from connections of their own: one wins, the other is told, and nothing is lost between them.

On PostgreSQL only (`tests/on_postgres.py`): SQLite has one writer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial

import pytest
from django.db import connection, connections
from django.db.utils import OperationalError
from django.utils import timezone

from desk.test_worse import update
from desk.triage import arrive, group_of
from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts import folding, judging, suppressing
from hikeshi.desk.alerts.models import Alert, Group
from hikeshi.desk.ledger.models import Entry
from hikeshi.errors import Conflict, HikeshiError

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(
        connection.vendor != "postgresql", reason="SQLite has one writer; tests/on_postgres.py runs this"
    ),
]
ROUNDS = 4


def at_once(acts: Sequence[Callable[[], object]]) -> list[Exception | None]:
    """What came of each. All begin together."""
    start = threading.Barrier(len(acts))
    found: list[Exception | None] = [None for _act in acts]

    def one(place: int, act: Callable[[], object]) -> None:
        try:
            start.wait(timeout=20)
            act()
        except (HikeshiError, OperationalError) as problem:
            found[place] = problem
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=pair) for pair in enumerate(acts)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return found


def judge(group: Group, who: Actor, verdict: str, why: str, reason: str) -> Callable[[], object]:
    return lambda: judging.judge(
        [group], actor=who, verdict=verdict, why=why, reason=reason, versions={group.pk: group.version}
    )


def test_of_two_who_judge_at_once_one_is_told_what_the_other_said(
    hikeshi: Actor, off_it: Actor, commander: Actor
) -> None:
    for number in range(ROUNDS):
        group = group_of(hikeshi, cause=f"i-{number}")
        came = at_once(
            [
                judge(group, off_it, "false", "rule_wrong", "A backup of ours."),
                judge(group, commander, "benign", "known_change", "The change of tonight."),
            ]
        )
        [lost] = [one for one in came if one is not None]
        assert isinstance(lost, Conflict)
        group.refresh_from_db()
        assert group.verdict_reason in lost.current
        assert Entry.objects.filter(verb="group.judge", object=str(group)).count() == 1


def test_a_merge_and_a_verdict_at_once_leave_no_alert_without_a_verdict_or_a_place(
    hikeshi: Actor, off_it: Actor, commander: Actor
) -> None:
    for number in range(ROUNDS):
        one, other = group_of(hikeshi, cause=f"i-a{number}"), group_of(hikeshi, cause=f"i-b{number}")
        came = at_once(
            [
                lambda: folding.merge([one, other], actor=commander, reason="One cause."),  # noqa: B023 - ended within the round
                judge(other, off_it, "false", "rule_wrong", "A backup of ours."),
            ]
        )
        assert sum(problem is not None for problem in came) == 1
        one.refresh_from_db()
        other.refresh_from_db()
        merged = {one.state, other.state} == {"waiting", "merged"}
        apart = (one.state, other.state) == ("waiting", "judged")
        assert merged or apart
        verdicts = set(Alert.objects.filter(group=other).values_list("verdict", flat=True))
        assert verdicts == ({"false"} if apart else {""})


def test_an_update_that_arrives_while_it_is_judged_is_counted_and_what_is_worse_is_seen(
    hikeshi: Actor, off_it: Actor
) -> None:
    group = group_of(hikeshi, severity=5)
    came = at_once(
        [judge(group, off_it, "false", "rule_wrong", "A backup of ours."), lambda: update(hikeshi, severity=9)]
    )
    assert came[1] is None  # what arrives is kept, whoever judges
    group.refresh_from_db()
    assert (group.times_seen, group.score, group.state) == (2, 9, "waiting")
    if came[0] is None:  # judged first, then worse: with what had been said
        assert group.reopened["said"] == "A backup of ours."
    else:
        assert isinstance(came[0], Conflict)


def test_a_suppression_made_while_alerts_arrive_hides_whole_groups_or_none(hikeshi: Actor, off_it: Actor) -> None:
    kind = group_of(hikeshi, cause="i-first", severity=5).kind
    day = timezone.now() + timedelta(days=1)
    acts: list[Callable[[], object]] = [
        partial(arrive, hikeshi, cause=f"i-{number}", severity=5) for number in range(3)
    ]
    hide = partial(suppressing.suppress, {"kind": kind}, actor=off_it, reason="Known.", expires_at=day)
    came = at_once([hide, *acts])
    assert came == [None] * 4
    for group in Group.objects.all():
        assert (group.state == "suppressed") == (group.suppression_id is not None)
        assert group.size == group.alerts.count()
    assert Entry.objects.filter(verb="group.suppress").count() == Group.objects.filter(state="suppressed").count()
