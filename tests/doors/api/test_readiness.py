"""Readiness over the API."""

from __future__ import annotations

from django.utils import timezone

from doors.api.caller import SYSTEM, Caller
from hikeshi.actions.aws.preflight.question import Answer, no
from hikeshi.desk.clouds import readiness
from hikeshi.desk.clouds.models import Account
from hikeshi.simulation.scene import Scene
from hikeshi.text import Text


def test_answers_actions_and_failing_steps_are_read(off_it: Caller) -> None:
    account = Account.objects.create(number="111122223333", added_by="aoki", added_at=timezone.now())
    assert off_it.get("/readiness")[0]["asked_at"] is None
    told = no("No bucket.", "バケットがありません。", todo=Text("Make one.", "作成してください。"))
    answer = Answer(question="evidence_bucket", answer=told.answer, found=told.found, todo=told.todo)
    readiness.keep(account, [answer], actor=SYSTEM)
    assert off_it.get("/readiness")[0]["no"] == 1
    assert off_it.get("/readiness/answers?answer=no")[0]["todo"]["en"] == "Make one."
    assert off_it.get("/readiness/answers?action=aws.ec2.isolate") == []
    states = {one["action"]: one["state"] for one in off_it.get("/readiness/actions?account=111122223333")}
    assert (states["aws.ssm.capture_memory"], states["aws.ec2.isolate"]) == ("no", "unknown")
    failing = {one["action"] for one in off_it.get("/readiness/steps") if one["state"] == "no"}
    assert "aws.ssm.capture_memory" in failing


def test_an_account_is_asked(off_it: Caller, scene: Scene) -> None:
    Account.objects.create(number="111122223333", added_by="aoki", added_at=timezone.now())
    assert off_it.post("/readiness/111122223333/ask", None)["yes"] > 3
    off_it.post("/readiness/1/ask", None, 404)
