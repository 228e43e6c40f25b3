"""The state document: where an incident stands, on one page. People write objective, impact and next; the rest is read from the record."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings
from django.utils import timezone, translation

from hikeshi.desk.duties.drafts import WORDS
from hikeshi.desk.duties.models import Clock
from hikeshi.desk.incidents import affected, decisions, sections, tasks
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.ledger.phrases import sentence
from hikeshi.desk.runs.models import Step
from hikeshi.errors import Refused
from hikeshi.text import Text

LAST: Final = 5
DEEDS: Final = (
    "affected.move", "decision.decide", "duty.file", "evidence.seal", "incident.contained", "incident.contained_by_hand",
    "step.approve", "step.done", "step.end", "step.undo_end", "task.done", "update.send",
)  # fmt: skip
"""Entries that are actions, and not only words about them."""

HEADS: Final[dict[str, Text]] = {
    "objective": Text("Objective now", "現在の目標"),
    "summary": Text("Summary", "概要"),
    "impact": Text("Impact", "影響"),
    "next": Text("Next", "次の対応"),
    "severity": Text("Severity and why", "重大度と理由"),
    "decisions": Text("Open decisions", "未決定事項"),
    "actions": Text("Last five actions", "直近の対応 5 件"),
    "assets": Text("Affected assets", "影響資産"),
    "clocks": Text("Clocks", "期限"),
    "tasks": Text("Tasks", "タスク"),
}
NOTHING: Final = Text("Nobody has written it yet.", "未記入。")
NONE: Final = Text("none", "なし")
NOBODY: Final = Text("nobody", "担当者なし")
OVERDUE: Final = Text("overdue", "期限超過")


def document(incident: Incident) -> dict[str, Any]:
    """Everything the document says, as plain data; times are UTC. Rows are the models', for pages to show."""
    return {
        "incident": incident,
        "as_of": timezone.now(),
        "sections": sections.texts(incident),
        "impact": impact_of(incident),
        "severity_since": _severity_since(incident),
        "decisions": decisions.undecided(incident),
        "approvals": list(Step.objects.filter(run__incident=incident, state="asked").order_by("asked_at")),
        "actions": last_actions(incident),
        "assets": list(incident.assets.select_related("asset")),
        "counts": affected.counts(incident),
        "tasks": tasks.undone(incident),
        "clocks": list(Clock.objects.filter(chain__name=incident.name, stopped_at__isnull=True)),
    }


def impact_of(incident: Incident) -> list[sections.ImpactLine]:
    row = incident.sections.filter(key="impact").first()
    try:
        return sections.impact_lines(row.text) if row else []
    except Refused:  # written by something older than the rule: better shown as unknown than not at all
        return [sections.ImpactLine("unknown", line) for line in (row.text if row else "").splitlines() if line.strip()]


def _severity_since(incident: Incident) -> datetime:
    row = Entry.objects.filter(chain__name=incident.name, verb="incident.severity").order_by("-seq").first()
    return datetime.fromisoformat(row.time) if row else incident.declared_at


def last_actions(incident: Incident) -> list[Entry]:
    """What was done last, oldest first."""
    return list(Entry.objects.filter(chain__name=incident.name, verb__in=DEEDS).order_by("-seq")[:LAST])[::-1]


def markdown(incident: Incident, language: str) -> str:
    """The document as Markdown in `language` (en or ja), times in the house's zone."""
    with translation.override(language):
        return _markdown(document(incident), language)


def _markdown(found: dict[str, Any], language: str) -> str:
    def say(text: Text) -> str:
        return text.ja if language == "ja" else text.en

    incident, texts = found["incident"], found["sections"]
    since = _when(found["severity_since"])
    parts = {
        "objective": texts["objective"].text or say(NOTHING),
        "summary": incident.summary or say(NOTHING),
        "impact": _list([f"**{say(WORDS[one.certainty])}** {one.text}" for one in found["impact"]]) or say(NOTHING),
        "next": texts["next"].text or say(NOTHING),
        "severity": f"SEV-{incident.severity} {incident.get_severity_display()} ({since}): {incident.severity_reason}",
        "decisions": _list(_open(found)) or say(NONE),
        "actions": _list([f"{_when(row.time)} {sentence(row, language)}" for row in found["actions"]]) or say(NONE),
        "assets": _list([_asset(row) for row in found["assets"]]) or say(NONE),
        "tasks": _list([_task(row, say) for row in found["tasks"]]) or say(NONE),
        "clocks": _list([f"{row.title[language]}: {_when(row.deadline)}" for row in found["clocks"]]) or say(NONE),
    }
    head = f"# {incident.name} {incident.title}\n\n{_when(found['as_of'])} · {incident.get_status_display()}"
    return "\n\n".join([head, *(f"## {say(HEADS[key])}\n\n{text}" for key, text in parts.items())]) + "\n"


def _open(found: dict[str, Any]) -> list[str]:
    asked = [f"{row.question}{_by(row.decide_by)}" for row in found["decisions"]]
    language = translation.get_language() or "en"
    return [*(f"{step.key} {step.title[language[:2]]}" for step in found["approvals"]), *asked]


def _by(at: datetime | None) -> str:
    return f" (→ {_when(at)})" if at else ""


def _asset(row: Any) -> str:
    said = f"{row.identifier}: {row.get_compromise_display()}, {row.get_clearance_display()}"
    return f"{said} ({row.changed_by}, {_when(row.changed_at)}{': ' + row.note if row.note else ''})"


def _task(row: Any, say: Any) -> str:
    late = f" **{say(OVERDUE)}**" if tasks.over(row, timezone.now()) else ""
    return f"{row.title}: {row.owner or say(NOBODY)}, {row.get_state_display()}{_by(row.due)}{late}"


def _list(lines: list[str]) -> str:
    return "\n".join(f"- {' '.join(line.split())}" for line in lines)


def _when(at: datetime | str) -> str:
    moment = datetime.fromisoformat(at) if isinstance(at, str) else at
    return f"{moment.astimezone(ZoneInfo(settings.TIME_ZONE)):%Y-%m-%d %H:%M %Z}"
