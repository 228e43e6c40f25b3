"""The page "Would it work now?"."""

from __future__ import annotations

import pytest
from django.utils import timezone

from doors.console.house import HIKESHI, person, signed_in
from hikeshi.actions.aws.preflight import QUESTIONS
from hikeshi.actions.aws.preflight.question import Answer, no, yes
from hikeshi.desk.clouds import readiness
from hikeshi.desk.clouds.models import Account
from hikeshi.text import Text


@pytest.fixture
def account(db: None) -> Account:
    made = Account.objects.create(number="111122223333", name="Shop", added_by="aoki", added_at=timezone.now())
    todo = Text("Deploy evidence.yaml.", "evidence.yaml を展開してください。")
    bucket = no("No evidence bucket is set.", "証拠用バケットがありません。", todo=todo)
    answers = [
        Answer(question=name, answer=one.answer, found=one.found, todo=one.todo)
        for name in QUESTIONS
        for one in [bucket if name == "evidence_bucket" else yes("Fine.", "問題ありません。")]
    ]
    readiness.keep(made, answers, actor=HIKESHI)
    return made


def test_the_matrix_says_in_words_what_would_fail_and_what_to_do(account: Account) -> None:
    client = signed_in(person("sato", "responder"))
    text = client.get("/readiness/").content.decode()
    assert "would fail" in text
    assert "compromised-ec2" in text
    assert "Deploy evidence.yaml." in text
    only = client.get("/readiness/?state=no").content.decode()
    assert "aws.ssm.capture_memory" in only
    assert "aws.ec2.isolate" not in only
    one = client.get("/readiness/?action=aws.ec2.isolate").content.decode()
    assert "Deploy evidence.yaml." not in one
    japanese = signed_in(person("ito", "responder"), "ja").get("/readiness/").content.decode()
    assert "evidence.yaml を展開してください。" in japanese


def test_who_may_not_judge_alerts_sees_nothing_and_asks_nothing(account: Account) -> None:
    client = signed_in(person("tanaka", "observer"))
    assert client.get("/readiness/").status_code in (403, 404)
    assert client.post(f"/readiness/{account.number}/ask/").status_code in (403, 404)


def test_an_account_that_is_not_there_cannot_be_asked(account: Account) -> None:
    client = signed_in(person("sato", "responder"))
    assert client.post("/readiness/999999999999/ask/").status_code == 403
