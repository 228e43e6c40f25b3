"""Would it work now? What preflight found in each account, and asking again."""

from __future__ import annotations

from typing import Literal

from ninja import Router

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.clouds import readiness as verbs
from hikeshi.desk.clouds.models import Account
from hikeshi.doors import readiness
from hikeshi.doors.api.bearer import Call
from hikeshi.doors.readiness import AccountShape, ActionShape, AnswerShape, FailingShape

router = Router()


@router.get("/readiness", response=list[AccountShape])
def list_readiness(request: Call) -> list[AccountShape]:
    """Each account: when it was last asked, how many answers of each kind, how many actions would work."""
    return [readiness.summary(row)[0] for row in readiness.accounts_for(request.auth)]


@router.get("/readiness/answers", response=list[AnswerShape])
def list_answers(
    request: Call, account: str = "", action: str = "", answer: Literal["", "yes", "no", "unknown"] = ""
) -> list[AnswerShape]:
    """Every answer as last kept. With `action`, only what that action needs."""
    return readiness.answers_for(request.auth, account=account, action=action, answer=answer)


@router.get("/readiness/actions", response=list[ActionShape])
def list_ready_actions(request: Call, account: str = "") -> list[ActionShape]:
    """Each action in each account: would it work, and what stands in its way."""
    return [one for row in _accounts(request, account) for one in readiness.summary(row)[1]]


@router.get("/readiness/steps", response=list[FailingShape])
def list_failing_steps(request: Call, account: str = "") -> list[FailingShape]:
    """The steps of playbooks that would fail, by account."""
    return [one for row in _accounts(request, account) for one in readiness.summary(row)[2]]


@router.post("/readiness/{account}/ask", response=AccountShape)
def ask_account(request: Call, account: str) -> AccountShape:
    """Ask everything about an account now. It only reads; it takes as long as AWS takes to answer."""
    require(request.auth, "triage")
    row = readiness.account_named(request.auth, account)
    verbs.ask(row, actor=request.auth)
    return readiness.summary(row)[0]


def _accounts(request: Call, number: str) -> list[Account]:
    rows = readiness.accounts_for(request.auth)
    return list(rows.filter(number=number) if number else rows)
