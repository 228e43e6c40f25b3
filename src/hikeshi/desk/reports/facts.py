"""What a report says, read from the record: no text is invented here, only chosen and put in order."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils.translation import gettext as _

from hikeshi.desk.duties.models import Clock
from hikeshi.desk.evidence import gaps
from hikeshi.desk.evidence.models import Item
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.ledger.phrases import sentence
from hikeshi.desk.runs.models import Step
from hikeshi.desk.timelines.models import Mark, Timeline
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.store import Query

LANES = 40
"""How many events of the attacker a report shows at most; it says how many more there are."""


def gather(incident: Incident, language: str) -> dict[str, Any]:
    """Everything the templates need, in `language`. Call it with that language active."""
    steps = list(Step.objects.filter(run__incident=incident).select_related("run"))
    timelines = list(incident.timelines.filter(state="ready"))
    attacker, total = _attacker_events(timelines)
    return {
        "incident": incident,
        "language": language,
        "zone": settings.TIME_ZONE,
        "commander": _holder(incident, "incident_commander"),
        "roles": incident.roles.filter(until__isnull=True),
        "alerts": incident.alerts.all(),
        "steps": [step for step in steps if step.action],
        "open_steps": [step for step in steps if not step.ended],
        "will_not_stop": _will_not_stop(steps, language),
        "evidence": Item.objects.filter(incident=incident),
        "gaps": [(gap.item, getattr(gap.text, language)) for gap in gaps.gaps(incident)],
        "timelines": timelines,
        "marks": Mark.objects.filter(timeline__in=timelines),
        "story": story(incident, attacker, language),
        "attacker_total": total,
        "attacker_shown": len(attacker),
        "clocks": _clocks(incident),
        "head": Entry.objects.filter(chain__name=incident.name).order_by("-seq").first(),
    }


def _holder(incident: Incident, duty: str) -> str:
    return str(incident.roles.filter(duty=duty, until__isnull=True).last() or "")


def _clocks(incident: Incident) -> list[Any]:
    return list(Clock.objects.filter(chain__name=incident.name))


def _will_not_stop(steps: list[Step], language: str) -> list[str]:
    said = [text[language] for step in steps if step.plan for text in json.loads(step.plan).get("will_not_stop", [])]
    return list(dict.fromkeys(said))


def _attacker_events(timelines: list[Timeline]) -> tuple[list[dict[str, Any]], int]:
    """The attacker's control-plane events first: a beacon repeats itself, a call says what was done."""
    rows: dict[bytes, dict[str, Any]] = {}
    total = 0
    for timeline in timelines:
        store = DuckStore(timeline.folder)
        for mark in timeline.marks.filter(kind="attacker"):
            total += mark.events
            query = Query(where={mark.field: mark.value, "source_kind": "cloudtrail"}, limit=400)
            rows |= {row["event_uid"]: row for row in store.events(query)}
    chosen = sorted(_first_of_each(list(rows.values())), key=lambda row: row["ts"])
    return chosen[:LANES], total


def _first_of_each(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One event of each action and outcome: a report tells the story, the timeline has every line."""
    first: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: row["ts"]):
        first.setdefault((row["action"], row["outcome"], row["actor_name"]), row)
    return list(first.values())


def story(incident: Incident, attacker: list[dict[str, Any]], language: str) -> list[dict[str, Any]]:
    """One list in time order: what the attacker did (from the logs) and what we did (from the ledger)."""
    lines = [
        {
            "at": moment(row["ts"]),
            "lane": "attacker",
            "text": row["message"],
            "source": f"{row['source_kind']} {(row.get('evidence_sha256') or '')[:12]}".strip(),
        }
        for row in attacker
    ]  # fmt: skip
    for entry in Entry.objects.filter(chain__name=incident.name).order_by("seq"):
        text = sentence(entry, language)
        if text:
            at = datetime.fromisoformat(entry.time)
            lines.append({"at": at, "lane": "responder", "text": text, "source": _("ledger #%d") % entry.seq})
    return sorted(lines, key=lambda line: line["at"])


def moment(microseconds: int) -> datetime:
    return datetime.fromtimestamp(microseconds / 1_000_000, ZoneInfo("UTC"))
