"""What may be done to runs and steps, by people and by workers. Cloud work happens between these, in `perform.py`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import msgspec
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from hikeshi.actions import ACTIONS
from hikeshi.actions.action import Receipt
from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts import verbs as alerts
from hikeshi.desk.alerts.models import Alert
from hikeshi.desk.evidence import verbs as evidence, volatility
from hikeshi.desk.evidence.models import Item
from hikeshi.desk.incidents import affected, verbs as incidents
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.playbooks.reading import books
from hikeshi.desk.queue import LeaseLost, give_back
from hikeshi.desk.runs import due, holding, leases, watching
from hikeshi.desk.runs.gate import gate, gives, needs
from hikeshi.desk.runs.models import Intent, Run, StandingOrder, Step
from hikeshi.desk.runs.orders import match
from hikeshi.desk.runs.plans import plan_of
from hikeshi.desk.runs.releasing import release
from hikeshi.desk.runs.rows import fresh, reason_of, write
from hikeshi.errors import Failed, Refused
from hikeshi.playbooks import flow
from hikeshi.playbooks.facts import bind, told_by_alert
from hikeshi.playbooks.playbook import Playbook, StepSpec


@transaction.atomic
def start(
    incident: Incident,
    playbook: Playbook,
    *,
    actor: Actor,
    facts: Mapping[str, Any],
    order: StandingOrder | None = None,
) -> Run:
    """Turn the playbook into steps, pinned to its present text.

    A fact that is missing is asked for when its step opens; with a standing order, where nobody is there to tell it, raises `Refused`.
    """
    require_on(actor, "write", incident)
    now = timezone.now()
    facts = {**facts, **told_by_alert(playbook, facts)}
    run = Run(
        incident=incident, playbook=playbook.name, version=playbook.version, digest=playbook.digest,
        title=msgspec.to_builtins(playbook.title), text=playbook.canonical.decode(), facts=dict(facts), order=order,
        started_at=now,
    )  # fmt: skip
    run.full_clean()
    run.save()
    for place, spec in enumerate(playbook.steps, 1):
        step = Step(
            run=run, kind=spec.kind, key=spec.key, place=place, phase=spec.phase, title=msgspec.to_builtins(spec.title),
            text=msgspec.to_builtins(spec.text), role=spec.role, after=list(flow.waits_for(playbook, spec)), action=spec.action,
            inputs=_known_inputs(playbook, spec, facts, strictly=order is not None), requested_by="" if order else actor.name,
        )  # fmt: skip
        step.full_clean()
        step.save()
    ledger.append(
        incident.name, actor=actor, verb="run.start", obj=playbook.name,
        data={"version": playbook.version, "digest": playbook.digest, "order": order.name if order else ""},
    )  # fmt: skip
    volatility.expect(incident, [*_evidence_of(run), *volatility.of_alerts(incident)], actor=actor)
    release(run, actor=actor)
    return run


def _known_inputs(playbook: Playbook, spec: StepSpec, facts: Mapping[str, Any], *, strictly: bool) -> dict[str, Any]:
    """The inputs as far as they are known at the start; they are bound again when the step opens.

    `strictly`: nobody is there to tell what is missing, so the run is refused where an action that is always done lacks a fact.
    """
    if spec.for_each or not spec.action:
        return {}
    try:
        return bind(playbook, spec, facts)
    except Refused:
        if strictly and not spec.when:
            raise
        return {}


def _evidence_of(run: Run) -> Iterator[volatility.Wanted]:
    """What the run will collect, and what its containments need whether anything collects it or not.

    A step whose target nobody has told yet adds nothing: its line is made when there is something to collect.
    """
    for step in run.steps.all():
        given = gives(step)
        yield from (one for one in (*([given] if given else []), *needs(step)) if one[1])


@transaction.atomic
def finish_by_hand(step: Step, *, actor: Actor, note: str = "") -> None:
    """A person has done a manual step."""
    require_on(actor, "write", step.run.incident)
    row = fresh(step, "open")
    gate(row).refuse_if_closed(row)
    row.state, row.ended_at = "done", timezone.now()
    row.outcome = {"en": note, "ja": note} if note else {}
    row.save(update_fields=["state", "ended_at", "outcome"])
    write(row, actor, "step.done", {"note": note})
    due.stop_clock(row, actor=actor, at=row.ended_at)
    release(row.run, actor=actor)


@transaction.atomic
def skip(step: Step, *, actor: Actor, reason: str) -> None:
    """Leave a step out. The reason stays in the record."""
    require_on(actor, "command" if step.action else "write", step.run.incident)
    reason = reason_of(reason, "Skipping")
    row = fresh(step, "waiting", "lacking", "open", "planning", "asked", "failed", "refused", "unknown")
    row.state, row.ended_at, row.outcome = "skipped", timezone.now(), {"en": reason, "ja": reason}
    give_back(row, due_at=None)
    row.save()
    write(row, actor, "step.skip", {"reason": reason})
    due.stop_clock(row, actor=actor, at=row.ended_at, skipped=True)
    if (wanted := gives(row)) is not None and (line := volatility.line_for(row.run.incident, wanted)).state != "held":
        volatility.waive(line, actor=actor, reason=reason)
    release(row.run, actor=actor)


@transaction.atomic
def override_gate(step: Step, *, actor: Actor, reason: str) -> None:
    """Let the step go on although evidence is not safe: each line that holds it back is waived by name, with the reason.

    For active destruction, where waiting costs more than the evidence. Raises `Refused` where nothing holds it back.
    """
    require_on(actor, "command", step.run.incident)
    missing = gate(step).missing
    if not missing:
        raise Refused(f"No evidence holds step {step.key} back.", hint="Go on with the step itself.")
    write(
        step, actor, "step.override", {"reason": reason.strip(), "lines": [volatility.said(one).en for one in missing]}
    )
    for line in missing:
        volatility.waive(line, actor=actor, reason=reason)


@transaction.atomic
def begin(step: Step, *, actor: Actor) -> None:
    """The worker starts on the approved plan. Going on after another worker died writes no second line.

    The yeses are used up by it. Raises `LeaseLost` where one was taken back in the meantime.
    """
    if step.state == "running":
        return
    gate(step).refuse_if_closed(step)  # something may have been put into the plan since the approval
    now = timezone.now()
    mine = Step.objects.filter(pk=step.pk, state="approved", lease_owner=step.lease_owner)
    if mine.update(state="running", began_at=now) != 1:
        raise LeaseLost(f"Step {step.key} is not approved any more.")
    step.state, step.began_at = "running", now
    redeem(step, "do")
    write(step, actor, "step.begin", {"plan_digest": step.plan_digest})


def redeem(step: Step, purpose: str) -> None:
    """The yeses to this plan are used up: it is carried out, or undone, once."""
    step.approvals.filter(plan_digest=step.plan_digest, purpose=purpose, ended="").update(
        ended="redeemed", ended_at=timezone.now()
    )


@transaction.atomic
def intend(step: Step, operation: str, params: Mapping[str, Any]) -> Intent:
    """Write down a changing call before it is sent."""
    return Intent.objects.create(step=step, operation=operation, params=dict(params), at=timezone.now())


@transaction.atomic
def settle(intent: int, *, outcome: str, request_id: str, seconds: float, error: str) -> None:
    """Write down how the call was answered."""
    Intent.objects.filter(pk=intent).update(outcome=outcome, request_id=request_id, seconds=seconds, error=error)


@transaction.atomic
def ask_again(step: Step, *, actor: Actor, state: str, seconds: float, en: str, ja: str, patient: bool = False) -> None:
    """The step stays open and is due again in `seconds`: a result is awaited, or a passing fault is waited out.

    `patient`: it is no fault, and may happen as often as it likes.
    """
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


@transaction.atomic
def end(step: Step, receipt: Receipt, *, actor: Actor, undone: bool = False) -> None:
    """Seal the receipt as evidence, close the step, open what waited for it. One transaction: all of it or none."""
    item = _seal(step, receipt, actor, undone=undone)
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
    if ACTIONS[step.action].effect == "contain" and ended == "done":
        _contained(step, actor, undone=undone)
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
        watching.begin(step)
        holding.begin(step, actor=actor)
        incidents.contained(incident, actor=actor)
        affected.contained_by(incident, touched, source, actor=actor)


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


def _seal(step: Step, receipt: Receipt, actor: Actor, *, undone: bool) -> Item:
    action = ACTIONS[step.action]
    kind = action.evidence_kind if receipt.outcome in STATE_AFTER and not undone else "receipt"
    calls = list(step.intents.values("operation", "params", "outcome", "request_id", "seconds", "error"))
    document = {
        "step": step.key,
        "receipt": msgspec.to_builtins(receipt),
        "plan": json.loads(step.plan or "{}"),
        "calls": calls,
    }
    title = f"{action.title.en}{' (undo)' if undone else ''}: {', '.join(value for value in step.inputs.values() if isinstance(value, str))}"
    return evidence.seal_bytes(
        step.run.incident, msgspec.json.encode(document, order="deterministic"), actor=actor, title=title, kind=kind,
        source=step.action, held_at=receipt.held_at,
    )  # fmt: skip


@transaction.atomic
def proved(step: Step, receipt: Receipt, *, actor: Actor) -> None:
    """Record what the cloud answered when it was asked again."""
    write(
        step, actor, "step.check",
        {"outcome": receipt.outcome, "grade": receipt.grade, "en": receipt.summary.en, "ja": receipt.summary.ja},
    )  # fmt: skip


@transaction.atomic
def answer(alert: Alert, *, actor: Actor) -> Run | None:
    """Answer an alert without a person where a standing order says so; otherwise leave it for triage with the reason.

    Safe to repeat: an alert that already belongs to an incident is only joined to it.
    """
    order, why = match(alert, timezone.now())
    if order is None:
        alerts.answered(alert, actor=actor, en=why.en, ja=why.ja)
        return None
    playbook = books().get(order.playbook)
    if playbook is None:
        raise Failed(f"The standing order {order} names an unknown playbook {order.playbook}.")
    incident = incidents.declare(
        alert.title, order.severity, actor=actor, reason=why.en, alerts=[alert],
        detected_at=alert.received_at, occurred_at=alert.first_seen_at, simulated=alert.simulated,
    )  # fmt: skip
    run = start(incident, playbook, actor=actor, facts=facts_of(alert, incident), order=order)
    alerts.answered(
        alert, actor=actor,
        en=f"{incident} opened by the standing order {order}.",
        ja=f"常時承認「{order}」により {incident} を開始した。",
    )  # fmt: skip
    return run


def facts_of(alert: Alert, incident: Incident) -> dict[str, Any]:
    """What a playbook's steps may bind to. Facts the alert does not know are left out, so that binding says so."""
    known = {
        "alert.account": alert.account, "alert.region": alert.region or settings.ENVIRONMENT.aws_region,
        "alert.instance_id": alert.instance_id, "alert.finding_id": alert.key.rpartition(":")[2],
        "alert.finding_type": alert.kind, "alert.remote_address": alert.remote_address, "alert.principal": alert.principal,
        "incident.name": incident.name, "incident.severity": incident.severity,
    }  # fmt: skip
    return {name: value for name, value in known.items() if value}
