"""What workers do to steps without the cloud: waiting, sending a message, running a playbook within. One short transaction each."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.queue import give_back
from hikeshi.desk.runs import starting
from hikeshi.desk.runs.models import Run, Step
from hikeshi.desk.runs.pinned import part_of, playbook_of, spec_of
from hikeshi.desk.runs.releasing import SENT, close, release
from hikeshi.desk.runs.rows import mine
from hikeshi.errors import Failed, Refused
from hikeshi.playbooks.conditions import condition
from hikeshi.playbooks.facts import told_by_alert, world
from hikeshi.playbooks.messages import rendered
from hikeshi.playbooks.playbook import Playbook, StepSpec
from hikeshi.text import Text

log = logging.getLogger(__name__)
LOOK_EVERY: Final = timedelta(seconds=10)
"""How often a wait looks whether what it waits for holds, where nobody has told a fact meanwhile."""
TARGET: Final = "fact.target"
"""The fact by which a playbook that is run once for each target knows its own, where it declares one of this name."""
TIME_OVER: Final = Text("The time is over.", "待ち時間が経過しました。")
HOLDS: Final = Text("What it waited for holds.", "待っていた条件を満たしました。")


def carry(step: Step, *, actor: Actor) -> None:
    """Do what the kind of the step asks for. Raises `LeaseLost` where somebody else has it meanwhile."""
    with transaction.atomic(), ledger.together(step.run.incident.name):
        mine(step)
        spec = spec_of(step)
        if spec is None:
            raise Failed(f"Step {step.key} is not in its playbook.", permanent=True)
        CARRIED[step.kind](step, spec, actor)


def _wait(step: Step, spec: StepSpec, actor: Actor) -> None:
    if spec.wait is None:
        raise Failed(f"Step {step.key} does not say for how long it waits.", permanent=True)
    now = timezone.now()
    over = (step.began_at or now) + timedelta(seconds=spec.wait.seconds)
    if spec.wait.until and _holds(step, spec.wait.until):
        _done(step, HOLDS, actor)
    elif over <= now:
        _done(step, TIME_OVER, actor)
    else:
        _look_again(step, min(over, now + LOOK_EVERY) if spec.wait.until else over)


def _look_again(step: Step, at: datetime) -> None:
    give_back(step, due_at=at)
    step.attempts = 0
    step.save(update_fields=["due_at", "lease_owner", "lease_until", "attempts"])


def _holds(step: Step, text: str) -> bool:
    """Whether the condition holds now; one that cannot be evaluated yet does not."""
    rows = list(step.run.steps.filter(part_of=None).values_list("key", "state", "choice"))
    states, choices = {key: state for key, state, _ in rows}, {key: choice for key, _, choice in rows if choice}
    try:
        return condition(text).holds(world(_book(step), facts_now(step.run), states, choices, step.item))
    except Refused:
        return False


def facts_now(run: Run) -> dict[str, Any]:
    """The facts of the run, with the severity as it is now."""
    return {**run.facts, "incident.severity": run.incident.severity}


def _book(step: Step) -> Playbook:
    book = playbook_of(step.run)
    if book is None:
        raise Failed(f"Step {step.key} belongs to no playbook.", permanent=True)
    return book


def _notify(step: Step, spec: StepSpec, actor: Actor) -> None:
    """The record says what is sent to whom; what is in the record is sent by `desk.notices`."""
    _done(step, SENT, actor, before=[("step.notify", _message(step.run, spec))])


def _message(run: Run, spec: StepSpec) -> dict[str, Any]:
    if spec.message is None:
        raise Failed(f"Step {spec.key} has no message.", permanent=True)
    subject, body = (rendered(text, facts_now(run)) for text in (spec.message.subject, spec.message.body))
    return {
        "to": list(spec.message.to), "subject": {"en": subject.en, "ja": subject.ja}, "body": {"en": body.en, "ja": body.ja},
        "en": subject.en, "ja": subject.ja,
    }  # fmt: skip


def _within(step: Step, spec: StepSpec, actor: Actor) -> None:
    """Start the playbook within; the step goes on as long as it does."""
    run, name = step.run, spec.playbook or ""
    book = part_of(run, name)
    facts = {fact: value for fact, value in run.facts.items() if not fact.startswith("fact.")}
    facts |= {f"fact.{fact}": run.facts[f"fact.{fact}"] for fact in book.facts if f"fact.{fact}" in run.facts}
    if step.item and TARGET.removeprefix("fact.") in book.facts:
        facts[TARGET] = step.item
    facts |= told_by_alert(book, facts)
    give_back(step, due_at=None)
    step.save(update_fields=["due_at", "lease_owner", "lease_until", "attempts"])
    inner = starting.make(
        run.incident, book, run.parts[name], run.parts, facts, actor=actor, order=run.order, within=step
    )  # fmt: skip
    release(inner, actor=actor, send=_message)


def _done(step: Step, said: Text, actor: Actor, before: Iterable[tuple[str, Mapping[str, Any]]] = ()) -> None:
    """What it opens is opened, and messages among it go out, too."""
    close(step, "done", said, actor=actor, before=before)
    release(step.run, actor=actor, send=_message)


CARRIED: Final[dict[str, Callable[[Step, StepSpec, Actor], None]]] = {
    "notify": _notify,
    "playbook": _within,
    "wait": _wait,
}


@transaction.atomic
def fail(step: Step, said: Text, *, actor: Actor) -> None:
    """It cannot be carried: the step fails, with the reason, and what its `on_failure` says follows."""
    mine(step)
    close(step, "failed", said, actor=actor)
    release(step.run, actor=actor)
