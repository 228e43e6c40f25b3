"""Warnings about who is on an incident, and whom to propose, as plain data for every door."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.utils import timezone

from hikeshi.desk.incidents import handover, staffing
from hikeshi.desk.incidents.models import Handover, Incident
from hikeshi.desk.incidents.staffing import Proposed, Warned
from hikeshi.desk.runs.hands import hands_on


def warned(incident: Incident, now: datetime) -> list[Warned]:
    """What is wrong with the staffing of an incident now."""
    return staffing.warnings(incident, now, hands_on=hands_on(incident))


def warning_shape(row: Warned) -> dict[str, Any]:
    return {"warning": row.key, "text": {"en": row.text.en, "ja": row.text.ja}}


def proposed_shape(row: Proposed) -> dict[str, Any]:
    person = row.contact.person.username if row.contact and row.contact.person else None
    return {
        "duty": row.duty, "contact": str(row.contact) if row.contact else None, "person": person,
        "text": {"en": row.why.en, "ja": row.why.ja},
    }  # fmt: skip


def handover_shape(row: Handover) -> dict[str, Any]:
    """`late`: nobody has answered in time. `brief` is what the record said when it was proposed."""
    return {
        "handover": row.pk, "incident": row.incident.name, "duty": row.duty, "giver": str(row.giver or ""),
        "to": row.receiver.username, "state": row.state, "late": handover.late(row, timezone.now()), "words": row.words,
        "say_back": row.say_back, "reason": row.reason, "proposed_by": row.proposed_by, "proposed_at": row.proposed_at,
        "ended_at": row.ended_at, "brief": row.brief,
    }  # fmt: skip
