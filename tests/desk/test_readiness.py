"""Would it work now: answers are kept, replaced, compared with those before, and say which step of which playbook would fail."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from hikeshi.actions.aws.preflight import QUESTIONS
from hikeshi.actions.aws.preflight.question import Answer, no, unknown, yes
from hikeshi.desk.actor import Actor
from hikeshi.desk.clouds import readiness
from hikeshi.desk.clouds.models import Account, Asking, Readiness
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.notices.tells import TELLS
from hikeshi.errors import Refused
from hikeshi.playbooks.shelf import library
from hikeshi.simulation.scene import Scene
from hikeshi.text import Text

pytestmark = pytest.mark.django_db
TODO = Text("Mend it.", "直してください。")


@pytest.fixture
def account() -> Account:
    return Account.objects.create(number="111122223333", name="Shop", added_by="aoki", added_at=timezone.now())


def answer(question: str, state: str, resource: str = "", action: str = "") -> Answer:
    made = {
        "yes": yes("Fine.", "問題ありません。", resource=resource, action=action),
        "no": no("Not there.", "ありません。", resource=resource, action=action, todo=TODO),
        "unknown": unknown("Not said.", "不明です。", resource=resource, action=action),
    }[state]
    return Answer(
        answer=made.answer, found=made.found, todo=made.todo, question=question, resource=resource, action=action
    )


def test_who_may_judge_alerts_may_ask_and_nobody_else(account: Account, off_it: Actor, outsider: Actor) -> None:
    readiness.keep(account, [answer("guardduty", "yes")], actor=off_it)
    for verb in (lambda: readiness.keep(account, [], actor=outsider), lambda: readiness.ask(account, actor=outsider)):
        with pytest.raises(Refused, match="may not"):
            verb()
    assert readiness.answers_of(account)[0].question == "guardduty"


def test_answers_replace_those_before_and_what_turned_to_no_is_told(account: Account, hikeshi: Actor) -> None:
    readiness.keep(account, [answer("agents", "yes", "i-1"), answer("agents", "no", "i-2")], actor=hikeshi)
    first = json.loads(Entry.objects.get(verb="readiness.ask").data)
    assert not TELLS["readiness.ask"].when(first)
    readiness.keep(account, [answer("agents", "no", "i-1"), answer("trails", "no")], actor=hikeshi)
    entry = json.loads(Entry.objects.filter(verb="readiness.ask").latest("seq").data)
    assert (entry["turned"], entry["turned_count"], entry["no"]) == ("agents i-1", 1, 2)
    assert TELLS["readiness.ask"].when(entry)
    assert Readiness.objects.count() == 2


def test_an_answer_comes_back_as_it_was(account: Account, hikeshi: Actor) -> None:
    given = [answer("agents", "no", "i-1"), answer("permissions", "unknown", action="aws.ec2.isolate")]
    readiness.keep(account, given, actor=hikeshi)
    assert sorted(readiness.answers_of(account), key=str) == sorted(given, key=str)


def test_the_steps_that_would_fail_are_named(account: Account, hikeshi: Actor) -> None:
    readiness.keep(
        account, [answer(name, "no" if name == "evidence_bucket" else "yes") for name in QUESTIONS], actor=hikeshi
    )
    failing = {
        (one.playbook.name, one.step.action, one.outlook.state)
        for one in readiness.failing_steps(readiness.outlooks(account), library().values())
    }
    assert ("compromised-ec2", "aws.ssm.capture_memory", "no") in failing
    assert "aws.ec2.isolate" not in {action for _, action, _ in failing}


def test_some_instances_without_an_agent_are_a_part(account: Account, hikeshi: Actor) -> None:
    answers = [answer("agents", "yes", "i-1"), answer("agents", "no", "i-2")]
    readiness.keep(account, answers, actor=hikeshi)
    found = readiness.outlooks(account)
    assert found["aws.ssm.capture_memory"].state == "part"
    assert found["aws.ec2.isolate"].state == "unknown"


def test_a_retired_account_is_not_asked(account: Account, hikeshi: Actor) -> None:
    account.retired_at = timezone.now()
    with pytest.raises(Refused, match="retired"):
        readiness.ask(account, actor=hikeshi)


def test_the_daily_round_asks_the_simulated_account(scene: Scene, account: Account, hikeshi: Actor) -> None:
    looks: list[int] = []
    readiness.ask_all(Asking.objects.get(), actor=hikeshi, meanwhile=lambda: looks.append(1))
    row = Asking.objects.get()
    assert row.asked_at is not None
    assert row.due_at is not None
    assert row.due_at - row.asked_at == timedelta(days=1)
    assert looks == [1]
    answers = readiness.answers_of(account)
    assert {one.question for one in answers} >= {"agents", "clock", "delivery", "guardduty", "isolation_group"}
    assert {one.resource for one in answers if one.question == "agents"} >= {scene.instance_id}
