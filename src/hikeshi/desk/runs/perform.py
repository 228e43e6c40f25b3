"""Carrying one step as far as it goes now: the cloud work between two short transactions.

Called by whoever holds the step's lease. Everything it learns is written by `verbs`; a crash anywhere leaves a state from which
another worker goes on: the plan is saved before anything is done, each changing call is written before it is sent, and actions
read the world before they write to it.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from hikeshi.actions import ACTIONS, action as build_action
from hikeshi.actions.action import Action, Outcome, Plan, Receipt
from hikeshi.actions.aws.recorder import Settled
from hikeshi.actions.aws.world import AwsSettings, AwsWorld
from hikeshi.aws import kubernetes
from hikeshi.aws.clients import warm
from hikeshi.clocks.rule import rules
from hikeshi.desk.actor import Actor
from hikeshi.desk.clouds import halting
from hikeshi.desk.clouds.halting import Halted
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.playbooks.reading import books
from hikeshi.desk.queue import LeaseLost, hold
from hikeshi.desk.runs import kinds, leases, pausing, sharing, verbs, watching
from hikeshi.desk.runs.leases import Busy
from hikeshi.desk.runs.models import Step, Watch
from hikeshi.desk.runs.orders import in_force
from hikeshi.desk.runs.plans import plan_again, plan_of, save_plan
from hikeshi.desk.runs.worlds import world_of
from hikeshi.errors import Failed, HikeshiError, Refused
from hikeshi.pace import STEP, part
from hikeshi.signals.reading import readers
from hikeshi.text import Text

log = logging.getLogger(__name__)
MOST_ATTEMPTS = 5
HALT_LOOK: Final = 5.0
"""Seconds until a step that was stopped looks whether it may go on."""
BUSY_LOOK: Final = 0.3
"""Seconds until a step looks whether the other one has finished."""


# Permissions are named after IAM's services, clients after the SDK's.
SDK_NAMES = {"elasticloadbalancing": "elbv2"}


def warm_up() -> None:
    """Read playbooks, clock rules and mappings and build the clients that the actions will need: the first containment does not wait."""
    books()
    rules()
    readers(own=settings.ENVIRONMENT.home / "mappings")
    for order in in_force():
        if book := books().get(order.playbook):
            _ = book.canonical
    environment = settings.ENVIRONMENT
    services = {name.split(":")[0] for kind in ACTIONS.values() for name in kind.permissions} - {kubernetes.SERVICE}
    warm(
        sorted(SDK_NAMES.get(name, name) for name in services),
        environment.aws_region, environment.aws_endpoint_url or None, AwsSettings().read_timeout_seconds,
    )  # fmt: skip


class DeskRecorder:
    """Writes each changing call before it is sent and after it is answered, and keeps the lease alive."""

    def __init__(self, step: Step, worker: str) -> None:
        self.step, self.worker, self.held, self.kept = step, worker, 0, 0.0

    @part("lease and intents")
    def lease(self, plan: Plan) -> None:
        """Hold what the plan changes, for actions that take something away. Raises `Busy` where another step is at it."""
        if ACTIONS[self.step.action].effect in {"contain", "destroy"}:
            self.held = leases.take(self.step, plan.resources)

    @part("lease and intents")
    def intend(self, operation: str, params: Mapping[str, Any]) -> str:
        self.refuse_if_halted()
        with transaction.atomic():  # one commit: each waits for the disk
            self.keep()
            return str(verbs.intend(self.step, operation, params).pk)

    def refuse_if_halted(self) -> None:
        """Raises `Halted`, unless the step is between its first call and its last and must not be left there."""
        if not (ACTIONS[self.step.action].finishes and _under_way(self.step)):
            halting.refuse_if_halted(str(self.step.run.facts.get("alert.account", "")))

    @part("lease and intents")
    def settle(self, ref: str, outcome: Settled, request_id: str, seconds: float, error: str) -> None:
        verbs.settle(int(ref), outcome=outcome, request_id=request_id, seconds=seconds, error=error)

    def alive(self) -> None:
        """While it waits in line: says so now and then, and takes what others have left. Raises `LeaseLost` as `keep`."""
        sharing.look()
        if time.monotonic() - self.kept > settings.ENVIRONMENT.lease_seconds / 10:
            self.keep()

    @transaction.atomic(savepoint=False)
    def keep(self) -> None:
        """Extend what is held. Raises `LeaseLost` when another worker has taken the step over."""
        hold(self.step, worker=self.worker, now=timezone.now(), seconds=settings.ENVIRONMENT.lease_seconds)
        leases.keep(self.step, self.held)
        self.kept = time.monotonic()


class Looking(DeskRecorder):
    """Of who only looks at a step: nobody works on it, so there is no lease to keep while a look waits in line."""

    def keep(self) -> None:
        """Nothing is held."""


def perform(step: Step, *, worker: str, actor: Actor) -> None:
    """Do what the step's kind and state ask for, of an action planning, doing, checking or undoing, until it must wait or has ended.

    Leaves it alone where the run is paused.
    """
    try:
        with part(STEP, step.key):
            _carry(step, worker, actor)
    except LeaseLost:
        log.warning("step %s was taken over by another worker", step)
    except Halted as problem:
        _wait(step, HALT_LOOK, problem, "すべての変更が停止されている。解除後に続行する。", actor)
    except Busy as problem:
        _wait(step, BUSY_LOOK, problem, "別のステップが同じ対象を変更中。完了を待って実行する。", actor)
    except HikeshiError as problem:
        _ended_badly(step, problem, actor)


def _carry(step: Step, worker: str, actor: Actor) -> None:
    if pausing.stopped(step):
        pausing.leave_alone(step)
    elif step.kind == "action":
        _act(step, worker, actor)
    else:
        kinds.carry(step, actor=actor)


def _act(step: Step, worker: str, actor: Actor) -> None:
    """One stage of an action; and the next one at once where a plan needs no yes, or a standing order has said it."""
    recorder, planning = DeskRecorder(step, worker), step.state == "planning"
    _advance(step, build_action(step.action, step.inputs), world_of(step, recorder), recorder, actor)
    if planning and step.state == "approved" and not pausing.stopped(step):
        _advance(step, build_action(step.action, step.inputs), world_of(step, recorder), recorder, actor)


def prove(step: Step, *, actor: Actor) -> Receipt:
    """Ask the cloud whether the step's result still stands, changing nothing there. The answer goes into the record.

    Raises `Refused` where there is no plan to compare with.
    """
    if not step.plan:
        raise Refused(f"Step {step.key} has no plan to verify.", hint="`hikeshi contain plan` makes it.")
    require_on(actor, "write", step.run.incident)
    world = world_of(step, Looking(step, worker=actor.name))
    receipt = build_action(step.action, step.inputs).check(world, plan_of(step))
    verbs.proved(step, receipt, actor=actor)
    return receipt


def watch(row: Watch, *, actor: Actor) -> None:
    """Look whether a containment still holds, changing nothing in the cloud. Where it cannot be asked, it is asked again later."""
    step = Step.objects.select_related("run__incident", "run__order").get(pk=row.step_id)
    if not step.action:
        watching.still_by_hand(row, actor=actor)
        return
    world = world_of(step, Looking(step, worker=actor.name))
    watching.seen(row, build_action(step.action, step.inputs).check(world, plan_of(step)), actor=actor)


def _advance(step: Step, action: Action[Any], world: AwsWorld, recorder: DeskRecorder, actor: Actor) -> None:
    before, waited, started = step.cloud_seconds, step.waited_seconds, time.monotonic()
    if step.state == "planning":
        with part("plan"):
            plan = action.plan(world)
            plan = action.narrowed(world, plan, step.only) if step.only else plan
        recorder.keep()
        step.cloud_seconds = before + world.cloud_seconds
        step.planned_seconds = max(0.0, time.monotonic() - started - world.waited_seconds)
        save_plan(step, plan, actor=actor)
        return
    plan = plan_of(step)
    if step.state == "approved" and plan.expired(timezone.now()):
        plan_again(step, actor=actor, narrowed=True)
        return
    undoing = step.state == "undoing"
    if step.state != "pending":
        recorder.refuse_if_halted()
        recorder.lease(plan)
    if undoing:
        receipt = action.undo(world, plan)
    elif step.state == "pending":
        receipt = _checked(action, world, plan)
    else:
        verbs.begin(step, actor=actor)
        with part("call"):
            receipt = action.do(world, plan)
        if receipt.outcome in {"done", "already-done"}:
            with world.proving():
                receipt = _proven(receipt, _checked(action, world, plan))
    recorder.keep()
    step.cloud_seconds = before + world.cloud_seconds
    step.waited_seconds = waited + world.waited_seconds
    if receipt.outcome == "pending":
        said = msgspec.to_builtins(receipt.summary)
        verbs.ask_again(step, actor=actor, state="pending", seconds=_pause(step, receipt), en=said["en"], ja=said["ja"])
    else:
        verbs.end(step, receipt, actor=actor, undone=undoing)


@part("check")
def _checked(action: Action[Any], world: AwsWorld, plan: Plan) -> Receipt:
    return action.check(world, plan)


def _under_way(step: Step) -> bool:
    """It has sent a call since it began, whichever worker did."""
    return step.state == "running" and step.intents.filter(at__gte=step.began_at).exists()


def _pause(step: Step, receipt: Receipt) -> float:
    """Ask soon at first and less often the longer it takes: containment waits for the answer."""
    last = step.intents.order_by("-pk").values_list("at", flat=True).first() or step.began_at
    waited = (timezone.now() - last).total_seconds() if last else 0.0
    return min(receipt.again_in, max(0.05, waited / 2))


def _wait(step: Step, seconds: float, problem: Refused, ja: str, actor: Actor) -> None:
    """Stay where it is, for as long as it takes: somebody has stopped changes, or another step is at the same thing."""
    verbs.ask_again(step, actor=actor, state=step.state, seconds=seconds, en=problem.message, ja=ja, patient=True)


def _proven(did: Receipt, checked: Receipt) -> Receipt:
    """What was done, with the proof of the check; a check that disagrees has the last word."""
    if checked.outcome in {"done", "already-done"}:
        return msgspec.structs.replace(
            did, grade=checked.grade, observed=checked.observed, still_open=checked.still_open,
            held_at=checked.held_at or did.held_at,
        )  # fmt: skip
    return checked


def _ended_badly(step: Step, problem: HikeshiError, actor: Actor) -> None:
    if isinstance(problem, Failed) and not problem.permanent and step.attempts < MOST_ATTEMPTS:
        wait = float(2 ** min(step.attempts, 6))
        en = f"{problem} Trying again in {wait:g} s."
        ja = f"{problem} {wait:g} 秒後に再試行する。"
        verbs.ask_again(step, actor=actor, state=step.state, seconds=wait, en=en, ja=ja)
        return
    lost = isinstance(problem, Failed) and not problem.permanent and step.intents.filter(outcome="").exists()
    _end(step, "unknown" if lost else "refused" if isinstance(problem, Refused) else "failed", str(problem), actor)


def give_up(step: Step, *, actor: Actor) -> None:
    """A fault of our own keeps stopping this step: say so where people look, instead of trying for ever.

    Whatever was sent has been written down, so the outcome is unknown as soon as anything was.
    """
    said = "A fault in Hikeshi stopped this step again and again; the log of the worker has it. Look at the resource."
    _end(step, "unknown" if step.intents.exists() else "failed", said, actor)


def _end(step: Step, outcome: Outcome, said: str, actor: Actor) -> None:
    if step.kind != "action":
        kinds.fail(step, Text(said, said), actor=actor)
        return
    receipt = Receipt(action=step.action, outcome=outcome, summary=Text(said, said), observed={})
    verbs.end(step, receipt, actor=actor, undone=step.state == "undoing")
