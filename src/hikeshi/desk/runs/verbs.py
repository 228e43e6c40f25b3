"""What workers do to steps with an action. Cloud work happens between these, in `perform.py`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import msgspec
from django.db import transaction
from django.utils import timezone

from hikeshi.actions import ACTIONS
from hikeshi.actions.action import Receipt
from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence import verbs as evidence, volatility
from hikeshi.desk.evidence.models import Item
from hikeshi.desk.incidents import affected, verbs as incidents
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.queue import give_back
from hikeshi.desk.runs import due, holding, leases, watching
from hikeshi.desk.runs.gate import gate, gives
from hikeshi.desk.runs.models import Intent, Step
from hikeshi.desk.runs.plans import plan_of
from hikeshi.desk.runs.releasing import release
from hikeshi.desk.runs.rows import mine, write
from hikeshi.pace import part


@part("begin")
@transaction.atomic
def begin(step: Step, *, actor: Actor) -> None:
    """The worker starts on the approved plan. Going on after another worker died writes no second line.

    The yeses are used up by it. Raises `LeaseLost` where one was taken back in the meantime.
    """
    if step.state == "running":
        return
    mine(step)
    gate(step, whole=False).refuse_if_closed(step)  # something may have been put into the plan since the approval
    step.state, step.began_at = "running", timezone.now()
    step.save(update_fields=["state", "began_at"])
    redeem(step, "do")
    write(step, actor, "step.begin", {"plan_digest": step.plan_digest})


def redeem(step: Step, purpose: str) -> None:
    """The yeses to this plan are used up: it is carried out, or undone, once."""
    step.approvals.filter(plan_digest=step.plan_digest, purpose=purpose, ended="").update(
        ended="redeemed", ended_at=timezone.now()
    )


@transaction.atomic(savepoint=False)
def intend(step: Step, operation: str, params: Mapping[str, Any]) -> Intent:
    """Write down a changing call before it is sent."""
    return Intent.objects.create(step=step, operation=operation, params=dict(params), at=timezone.now())


@transaction.atomic
def settle(intent: int, *, outcome: str, request_id: str, seconds: float, error: str) -> None:
    """Write down how the call was answered."""
    Intent.objects.filter(pk=intent).update(outcome=outcome, request_id=request_id, seconds=seconds, error=error)


@part("asked again")
@transaction.atomic
def ask_again(step: Step, *, actor: Actor, state: str, seconds: float, en: str, ja: str, patient: bool = False) -> None:
    """The step stays open and is due again in `seconds`: a result is awaited, or a passing fault is waited out.

    `patient`: it is no fault, and may happen as often as it likes.
    """
    mine(step)
    first = step.state != state or step.outcome != {"en": en, "ja": ja}
    step.state, step.outcome = state, {"en": en, "ja": ja}
    attempts = step.attempts
    if state == "pending":
        leases.release(step)  # from now on it only looks
    give_back(step, due_at=timezone.now() + timedelta(seconds=seconds))
    step.attempts = 0 if state == "pending" or patient else attempts
    step.save()
    if first:
        write(step, actor, "step.wait", {"state": state, "en": en, "ja": ja})


STATE_AFTER = {"done": "done", "already-done": "done"}


@part("receipt sealed, next opened")
def end(step: Step, receipt: Receipt, *, actor: Actor, undone: bool = False) -> None:
    """Seal the receipt as evidence, close the step, open what waited for it.

    The bytes are in the locker before the transaction begins, so that nobody waits for a disk or for S3 behind it; all the rest is one.
    """
    document = _seal(step, receipt, undone=undone)
    with transaction.atomic(), ledger.together(step.run.incident.name):
        _end(step, receipt, document, actor, undone=undone)


def _end(step: Step, receipt: Receipt, document: evidence.InLocker, actor: Actor, *, undone: bool) -> None:
    mine(step)
    item = _keep(step, receipt, document, actor, undone=undone)
    ended = STATE_AFTER.get(receipt.outcome, receipt.outcome)
    step.state = ("undone" if ended == "done" else "done") if undone else ended
    if undone:
        redeem(step, "undo")
    step.ended_at, step.grade = timezone.now(), receipt.grade
    step.outcome = msgspec.to_builtins(receipt.summary)
    step.receipts = [*step.receipts, item.name]
    leases.release(step)
    give_back(step, due_at=None)
    step.save()
    write(
        step, actor, "step.undo_end" if undone else "step.end",
        {"outcome": receipt.outcome, "grade": receipt.grade, "receipt": item.name, "sha256": item.sha256, "en": receipt.summary.en, "ja": receipt.summary.ja},
    )  # fmt: skip
    if ACTIONS[step.action].effect == "contain":
        if ended == "done":
            _contained(step, actor, undone=undone)
        elif ended == "partial" and not undone:
            _stands(
                step, actor
            )  # what there is of it can be set back like a whole one; the incident is not contained by it
    if not undone:
        _settle_evidence(step, receipt, item, actor)
        due.stop_clock(step, actor=actor, at=step.ended_at)
    release(step.run, actor=actor)


def _contained(step: Step, actor: Actor, *, undone: bool) -> None:
    """What a verified containment, or its undoing, means for the incident and the assets on its list."""
    incident, source = step.run.incident, f"step {step.key}"
    touched = {value for value in step.inputs.values() if isinstance(value, str)} | set(plan_of(step).resources)
    if undone:
        watching.end(step)
        holding.end(step, actor=actor)
        affected.released_by(incident, touched, source, actor=actor)
    else:
        _stands(step, actor)
        incidents.contained(incident, actor=actor)
        affected.contained_by(incident, touched, source, actor=actor)


def _stands(step: Step, actor: Actor) -> None:
    """From now on it is looked at, and somebody says by a time that it stays."""
    watching.begin(step)
    holding.begin(step, actor=actor)


def _settle_evidence(step: Step, receipt: Receipt, item: Item, actor: Actor) -> None:
    """The receipt of a collecting step settles its line of the plan. Only a part of the evidence is a failure with a reason."""
    wanted = gives(step)
    if wanted is None:
        return
    line = volatility.line_for(step.run.incident, wanted)
    if step.state == "done":
        volatility.bind(line, item, actor=actor)
    elif line.state != "held":  # a second attempt that fails takes nothing away
        volatility.fail(line, actor=actor, reason=f"{receipt.outcome}: {receipt.summary.en}", item=item)


def _seal(step: Step, receipt: Receipt, *, undone: bool) -> evidence.InLocker:
    calls = list(step.intents.values("operation", "params", "outcome", "request_id", "seconds", "error"))
    document = {
        "step": step.key,
        "receipt": msgspec.to_builtins(receipt),
        "plan": json.loads(step.plan or "{}"),
        "calls": calls,
    }
    return evidence.put(msgspec.json.encode(document, order="deterministic"), kind=_kind(step, receipt, undone=undone))


def _kind(step: Step, receipt: Receipt, *, undone: bool) -> str:
    return ACTIONS[step.action].evidence_kind if receipt.outcome in STATE_AFTER and not undone else "receipt"


def _keep(step: Step, receipt: Receipt, document: evidence.InLocker, actor: Actor, *, undone: bool) -> Item:
    about = ", ".join(value for value in step.inputs.values() if isinstance(value, str))
    title = f"{ACTIONS[step.action].title.en}{' (undo)' if undone else ''}: {about}"
    return evidence.register(
        step.run.incident, document.sealed, actor=actor, title=title, kind=_kind(step, receipt, undone=undone),
        source=step.action, held_at=receipt.held_at, container=document.container,
    )  # fmt: skip


@transaction.atomic
def proved(step: Step, receipt: Receipt, *, actor: Actor) -> None:
    """Record what the cloud answered when it was asked again."""
    write(
        step, actor, "step.check",
        {"outcome": receipt.outcome, "grade": receipt.grade, "en": receipt.summary.en, "ja": receipt.summary.ja},
    )  # fmt: skip
