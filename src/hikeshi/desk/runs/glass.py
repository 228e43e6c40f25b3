"""Breaking the glass: carried out now, without the yeses it needs, by whoever is there; looked at afterwards by somebody else, within a day.

The gate of evidence and the halt hold all the same. The record says it, people are told at once, and a clock runs until the review.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.duties import verbs as duties
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.runs.approvals import let_through, say_yes
from hikeshi.desk.runs.gate import gate
from hikeshi.desk.runs.models import BrokenGlass, Step
from hikeshi.desk.runs.plans import plan_of
from hikeshi.desk.runs.rows import fresh, reason_of, write
from hikeshi.errors import Conflict, Refused
from hikeshi.text import Text

REVIEW_WITHIN: Final = timedelta(hours=24)
RULE: Final = "glass.review"


@transaction.atomic
def break_glass(step: Step, plan_digest: str, *, actor: Actor, reason: str) -> BrokenGlass:
    """Have exactly this plan carried out now. Who may write on the incident may do it; it is never silent."""
    require_on(actor, "write", step.run.incident)
    why = reason_of(reason, "Breaking the glass")
    row = fresh(step, "asked")
    if plan_digest != row.plan_digest:
        raise Conflict("The plan has changed since it was shown.", current=row.plan_digest, hint="Read the new one.")
    if plan_of(row).expired(timezone.now()):
        raise Refused(
            "The plan has expired.", hint="`hikeshi contain plan --again` makes a new one; then break the glass."
        )
    found = gate(row)
    found.refuse_if_closed(row)
    now = timezone.now()
    row.approvals.filter(by=actor.name, purpose="do", ended="").update(ended="revoked", ended_at=now)
    say_yes(row, "do", actor=actor, reason=why, glass=True)
    broken = BrokenGlass(
        step=row, plan_digest=plan_digest, by=actor.name, reason=why, at=now, due_at=now + REVIEW_WITHIN
    )
    broken.full_clean()
    broken.save()
    let_through(row)
    write(
        row, actor, "step.break_glass",
        {"plan_digest": plan_digest, "reason": why, "deadline": broken.due_at.isoformat(), **found.data},
    )  # fmt: skip
    duties.start(
        row.run.incident.name, RULE, actor=actor, started_at=now, suffix=_suffix(row),
        title=Text(f"After-review: step {row.key} by {actor.name}", f"事後審査: {actor.name} によるステップ {row.key}"),
    )  # fmt: skip
    return broken


def _suffix(step: Step) -> str:
    return f".{step.run_id}:{step.key}"


def open_reviews(incident: Incident) -> list[BrokenGlass]:
    """What was done by breaking the glass and nobody else has looked at yet."""
    return list(BrokenGlass.objects.filter(step__run__incident=incident, closed_at=None).select_related("step__run"))


@transaction.atomic
def close_review(step: Step, *, actor: Actor, right: bool, note: str) -> BrokenGlass:
    """Say whether it was right to break the glass. Raises `Refused` for the one who broke it."""
    require_on(actor, "command", step.run.incident)
    said = reason_of(note, "The after-review")
    broken = BrokenGlass.objects.select_for_update().filter(step=step, closed_at=None).first()
    if broken is None:
        raise Refused(f"Step {step.key} has no after-review that is open.", hint="Look at the step again.")
    if broken.by == actor.name:
        raise Refused(f"{actor.name} broke the glass; somebody else reviews it.", hint="Ask another one who commands.")
    now = timezone.now()
    broken.closed_by, broken.closed_at, broken.right, broken.note = actor.name, now, right, said
    broken.save(update_fields=["closed_by", "closed_at", "right", "note"])
    write(step, actor, "step.glass_review", {"broken_by": broken.by, "right": right, "note": said})
    for clock in duties.running(step.run.incident.name, RULE + _suffix(step)):
        if clock.rule == RULE + _suffix(step):
            duties.stop(clock, actor=actor, at=now)
    return broken
