"""The duties of an incident as plain data, the same for the API, the command line and the console."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from hikeshi.clocks.moments import MOMENTS
from hikeshi.desk.duties import drafts, law
from hikeshi.desk.duties.models import Filing, Moment
from hikeshi.desk.incidents.models import Incident
from hikeshi.doors.clock_rules import moment_of


def standing(one: law.Standing) -> dict[str, Any]:
    """One duty: what was decided, how its clock stands now, what was filed. Times of deadlines are in the zone of the law."""
    return {
        "rule": one.rule.name,
        "title": msgspec.to_builtins(one.rule.title),
        "answer": one.decision.answer,
        "reason": one.decision.reason,
        "decided_by": one.decision.decided_by,
        "decided_at": one.decision.decided_at,
        "state": one.due.state,
        "due_at": one.due.due_at,
        "due_soon_at": one.due.due_soon_at,
        "explanation": msgspec.to_builtins(one.due.explanation),
        "filings": [filing(row) for row in one.filings],
    }


def filing(row: Filing) -> dict[str, Any]:
    """`late_by_us` is microseconds after the deadline as it stood when this was recorded; 0 is in time."""
    names = ("rule", "at", "channel", "reference", "proof", "filed_by", "recorded_at", "late_by_us")
    return {name: getattr(row, name) for name in names}


def moment(row: Moment) -> dict[str, Any]:
    """One claim. `when` is an instant or a day; `counts_from` whether deadlines count from it: of several the earliest does."""
    counting = law.claims_of(row.chain.name).get(row.key, [])
    return _moment(row, counts=bool(counting) and counting[0].pk == row.pk)


def _moment(row: Moment, *, counts: bool) -> dict[str, Any]:
    return {
        "claim": row.pk,
        "key": row.key,
        "moment": msgspec.to_builtins(MOMENTS[row.key]) if row.key in MOMENTS else {"en": row.key, "ja": row.key},
        "when": row.when,
        "counts_from": counts,
        "note": row.note,
        "recorded_by": row.recorded_by,
        "recorded_at": row.recorded_at,
        "withdrawn_at": row.withdrawn_at,
        "withdrawn_why": row.withdrawn_why,
    }


def everything(incident: Incident) -> dict[str, Any]:
    """The duties, most urgent first; every claim of a moment, oldest first; and the moments of which different times are claimed,
    the one that counts first.
    """
    claims = Moment.objects.filter(chain__name=incident.name).order_by("pk")
    counting = {rows[0].pk for rows in law.claims_of(incident.name).values()}
    return {
        "duties": [standing(one) for one in law.standings(incident.name)],
        "moments": [_moment(row, counts=row.pk in counting) for row in claims],
        "contradicted": [
            f"{key}: {' / '.join(_day_or_time(row.when) for row in rows)}"
            for key, rows in law.contradicted(incident.name).items()
        ],
    }


def _day_or_time(when: datetime | date) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%dT%H:%MZ}" if isinstance(when, datetime) else when.isoformat()


def draft(incident: Incident, rule: str) -> dict[str, Any]:
    """The items of a report with what is known of each; the whole text in both languages; what should not stand in it."""
    return {
        "rule": rule,
        "items": [msgspec.to_builtins(one) for one in drafts.said(incident.name, rule)],
        "text": {language: drafts.draft(incident.name, rule, language) for language in ("en", "ja")},
        "hints": [
            {"item": one.item, "language": language, **msgspec.to_builtins(hint)}
            for one, language, hint in drafts.hints_of(incident.name, rule)
        ],
    }


def instant(text: str, zone: str) -> datetime:
    """A time with a zone as people type it; a day is its first moment in `zone`."""
    found = moment_of(text, zone)
    return found if isinstance(found, datetime) else _midnight(found, zone)


def _midnight(day: date, zone: str) -> datetime:
    return datetime.combine(day, datetime.min.time(), ZoneInfo(zone))
