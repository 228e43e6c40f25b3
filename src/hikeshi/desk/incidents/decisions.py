"""Decisions of the response: asked, objected to, decided, and looked back on. Kept with options and reasons for the post-mortem."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.models import Decision, Incident
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.ledger import changes, verbs as ledger
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.ledger.phrases import told
from hikeshi.errors import Conflict, Refused

MOST_OPTIONS: Final = 20
MOST_OBJECTIONS: Final = 100


@transaction.atomic
def ask(
    incident: Incident,
    question: str,
    *,
    actor: Actor,
    options: Sequence[str] = (),
    decide_by: datetime | None = None,
) -> Decision:
    """Put a question to whoever commands, with the options there are and when it has to be decided."""
    require_on(actor, "write", incident)
    offered = [text.strip()[:500] for text in options if text.strip()]
    if not question.strip():
        raise Refused("The question is empty.", hint="Ask what has to be decided, in one sentence.")
    if len(offered) > MOST_OPTIONS:
        raise Refused(f"A decision has at most {MOST_OPTIONS} options.", hint="Ask a narrower question.")
    row = Decision(
        incident=incident, question=question.strip(), options=offered, decide_by=decide_by, asked_by=actor.name,
        asked_at=timezone.now(),
    )  # fmt: skip
    row.full_clean()
    row.save()
    ledger.append(
        incident.name, actor=actor, verb="decision.ask", obj=_name(row),
        data={
            "question": row.question, "options": offered, "decide_by": decide_by.isoformat() if decide_by else "",
        },
    )  # fmt: skip
    return row


@transaction.atomic
def decide(row: Decision, chosen: str, *, actor: Actor, reason: str, version: int | None = None) -> None:
    """Decide, in the words of one of the options or in others. Once: a decision is not rewritten, a new one is asked for.

    Raises `Conflict` when somebody decided or objected since `version`.
    """
    require_on(actor, "command", row.incident)
    if not chosen.strip() or not reason.strip():
        raise Refused("A decision needs what was chosen, and why.", hint="Say both in one sentence each.")
    row.refresh_from_db(from_queryset=Decision.objects.select_for_update())
    if row.decided_at is not None:
        raise Conflict(
            f"It was decided already: {row.chosen}", current=row.chosen, version=row.version,
            hint="Ask for a new decision if it has to be another one.",
        )  # fmt: skip
    _heard(row, version)
    _write(
        row, version, actor, "decision.decide", {"options": row.options, "objections": row.objections},
        chosen=chosen.strip(), reason=reason.strip(), decided_by=actor.name, decided_at=timezone.now(),
    )  # fmt: skip


def _heard(row: Decision, version: int | None) -> None:
    """Raises `Conflict` with the objections that came after the version that the writer saw."""
    entries = Entry.objects.filter(chain__name=row.incident.name, verb="decision.object", object=_name(row))
    later = [data for data in map(told, entries) if version is not None and data.get("version", 0) > version]
    if later:
        text = "; ".join(str(data.get("text", "")) for data in later)
        raise Conflict(
            f"There is a strong objection that you have not seen: {text}", current=text, version=row.version,
            hint="Read it, then decide.",
        )  # fmt: skip


def _name(row: Decision) -> str:
    return f"decision {row.pk}"


def _write(row: Decision, version: int | None, actor: Actor, verb: str, data: dict[str, Any], **values: Any) -> None:
    """Change the row and say so on the chain, with the question that it is about."""
    chain = row.incident.name
    said = {name: value for name, value in values.items() if isinstance(value, str)}
    told_too = {"question": row.question, **said, **data}
    changed = changes.change(row, version, chain=chain, obj=_name(row), data=told_too, **values)
    ledger.append(chain, actor=actor, verb=verb, obj=_name(row), data=changed)


@transaction.atomic
def object_to(row: Decision, text: str, *, actor: Actor) -> None:
    """A strong objection, by name, of anybody on the incident. The decision stands until whoever commands changes it."""
    require_on(actor, "read", row.incident)
    if not text.strip():
        raise Refused("The objection is empty.", hint="Say what would go wrong.")
    row.refresh_from_db(from_queryset=Decision.objects.select_for_update())
    if len(row.objections) >= MOST_OBJECTIONS:
        raise Refused("There are too many objections to list.", hint="Talk to whoever commands.")
    said = text.strip()[:1000]
    objections = [*row.objections, {"by": actor.name, "text": said}]
    _write(row, None, actor, "decision.object", {"text": said}, objections=objections)


@transaction.atomic
def look_back(row: Decision, verdict: str, *, actor: Actor, version: int | None = None) -> None:
    """For the post-mortem: how the decision looks with what is known now. The decision itself is not touched."""
    require_on(actor, "write", row.incident)
    if row.decided_at is None:
        raise Refused("Nothing was decided yet.", hint="Decide first; looking back comes later.")
    if not verdict.strip():
        raise Refused("The verdict is empty.", hint="Say what you would do with what is known now.")
    _write(row, version, actor, "decision.look_back", {"text": verdict.strip()}, later_verdict=verdict.strip())


def undecided(incident: Incident) -> list[Decision]:
    """What waits for a decision, the most urgent first; without a deadline last."""
    return list(incident.decisions.filter(decided_at__isnull=True).order_by(F("decide_by").asc(nulls_last=True), "pk"))
