"""What people do to a step themselves: finish it, say that it did not work, leave it out."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from django.db import transaction
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.queue import give_back
from hikeshi.desk.runs import due, handing_in, holding, telling, watching
from hikeshi.desk.runs.gate import gate
from hikeshi.desk.runs.models import Step
from hikeshi.desk.runs.pinned import spec_of
from hikeshi.desk.runs.releasing import release
from hikeshi.desk.runs.rows import fresh, reason_of, write
from hikeshi.errors import Refused

LONGEST_NOTE: Final = 20_000
SKIPPABLE: Final = ("waiting", "lacking", "open", "planning", "asked", "failed", "refused", "unknown")
WAITS: Final = frozenset({"wait", "notify"})
"""Kinds that may be left out while a worker has them: nothing in the world is half done then."""


def note_of(text: str) -> str:
    """A note without the space around it; it may be empty. Raises `Refused` where it is longer than is kept."""
    note = text.strip()
    if len(note) > LONGEST_NOTE:
        raise Refused(
            f"The note is longer than {LONGEST_NOTE} characters.", hint="Hand the text in as evidence, and name it."
        )
    return note


@transaction.atomic
def finish_by_hand(
    step: Step, *, actor: Actor, note: str = "", facts: Mapping[str, object] | None = None,
    evidence: Collection[str] = (), unobtainable: Mapping[str, str] | None = None,
) -> None:  # fmt: skip
    """A person has done a manual or evidence step.

    `facts` by name without "fact.", of the playbook's declared ones: what the step `asks` has to be told by now. `evidence` are names
    of items of the incident ("EV-003"); for an evidence step each kind it `collects` has to be among theirs, or be in `unobtainable`
    with the reason. What people contain for a time (`keep_for`) has its review from now on. Raises `Refused` for what is missing or does
    not fit, and `Conflict` where the step is not open.
    """
    require_on(actor, "write", step.run.incident)
    row = fresh(step, "open")
    if row.kind == "decision":
        raise Refused(f"Step {row.key} is a decision.", hint="Choose one of its options.")
    said = note_of(note)
    gate(row).refuse_if_closed(row)
    telling.tell_with(row, facts or {}, actor=actor)
    items = handing_in.hand_in(row, evidence, unobtainable or {}, actor=actor)
    row.receipts = [*row.receipts, *(name for name in items if name not in row.receipts)]
    data: dict[str, Any] = {"note": said} | ({"evidence": items} if items else {})
    end_by_hand(row, "done", said, said, actor=actor, verb="step.done", data=data)
    spec = spec_of(row)
    if spec is not None and spec.effect == "contain" and spec.keep_for is not None:
        watching.begin_by_hand(row)
        holding.begin(row, actor=actor)


@transaction.atomic
def fail_by_hand(step: Step, *, actor: Actor, reason: str) -> None:
    """It was tried and did not work: the step fails, and its `on_failure` says what follows. Decisions cannot fail."""
    require_on(actor, "write", step.run.incident)
    why = reason_of(reason, "A failure")
    row = fresh(step, "open")
    if row.kind == "decision":
        raise Refused(f"Step {row.key} is a decision.", hint="Choose one of its options, or skip it with a reason.")
    handing_in.give_up(row, why, actor=actor)
    end_by_hand(row, "failed", why, why, actor=actor, verb="step.fail", data={"reason": why})


@transaction.atomic
def skip(step: Step, *, actor: Actor, reason: str) -> None:
    """Leave a step out. The reason stays in the record. Of a decision that is left out, no option is chosen."""
    require_on(actor, "command" if step.action else "write", step.run.incident)
    why = reason_of(reason, "Skipping")
    row = fresh(step, *SKIPPABLE, *(("running",) if step.kind in WAITS else ()))
    handing_in.leave_out(row, why, actor=actor)
    end_by_hand(row, "skipped", why, why, actor=actor, verb="step.skip", data={"reason": why})


def end_by_hand(row: Step, state: str, en: str, ja: str, *, actor: Actor, verb: str, data: Mapping[str, Any]) -> None:
    """Close a locked step, and open what waited for it. Called inside the verb that ended it."""
    row.state, row.ended_at = state, timezone.now()
    row.outcome = {"en": en, "ja": ja} if en else {}
    give_back(row, due_at=None)
    row.save()
    write(row, actor, verb, data)
    due.stop_clock(row, actor=actor, at=row.ended_at, skipped=state == "skipped")
    release(row.run, actor=actor)
