"""What keeps an incident from being closed. Each gate names what is open and where to go on; whoever commands may override it, by a reason.

To add a gate: a function from the incident to what is open, and a line in GATES.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final

import msgspec
from django.db import transaction
from django.utils import timezone

from hikeshi.actions import ACTIONS
from hikeshi.desk.actor import Actor
from hikeshi.desk.duties import law
from hikeshi.desk.evidence import gaps
from hikeshi.desk.incidents import affected, decisions, impacts, tasks, verbs as incidents
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.ledger.phrases import told
from hikeshi.desk.reviews.models import Review
from hikeshi.desk.runs import glass
from hikeshi.desk.runs.models import Step, Watch
from hikeshi.errors import Refused
from hikeshi.text import Text

PROVEN: Final = frozenset({"done", "already-done"})
SETTLED: Final = ("done", "partial", "skipped", "undone")


class Gate(msgspec.Struct, frozen=True):
    """One gate: its key, what it asks, the page where to go on (a name of the console's addresses), and what is open."""

    key: str
    title: Text
    page: str
    open: tuple[Text, ...] = ()

    @property
    def override(self) -> str:
        """The name of the field that holds the reason to close all the same."""
        return f"override-{self.key}"


def _assets(incident: Incident) -> Iterator[Text]:
    for row in affected.uncleared(incident):
        yield Text(f"{row.identifier}: {row.clearance}", f"{row.identifier}: 使用再開の判断なし")


def _containment(incident: Incident) -> Iterator[Text]:
    if incident.contained_at is None:
        yield Text("Nobody has proven or stated that it is contained.", "封じ込めが確認も表明もされていない。")
    checks: dict[str, str] = {}
    for row in Entry.objects.filter(chain__name=incident.name, verb="step.check").order_by("seq"):
        checks[row.object] = str(told(row).get("outcome", ""))
    for step in Step.objects.filter(run__incident=incident, state="done").exclude(action=""):
        if ACTIONS[step.action].effect == "contain":
            last = checks.get(f"step {step.key}", "done" if step.grade else "never")
            if last not in PROVEN:
                yield Text(f"Step {step.key}: last check {last}", f"ステップ {step.key}: 直近の検証 {last}")


def _decisions(incident: Incident) -> Iterator[Text]:
    for row in decisions.undecided(incident):
        yield Text(row.question, row.question)


def _duties(incident: Incident) -> Iterator[Text]:
    for one in law.standings(incident.name):
        if one.decision.answer == "undecided":
            yield Text(f"{one.rule.title.en}: undecided", f"{one.rule.title.ja}: 未判断")
        elif one.decision.answer == "applies" and not one.filings:
            yield Text(f"{one.rule.title.en}: not filed", f"{one.rule.title.ja}: 未提出")


def _evidence(incident: Incident) -> Iterator[Text]:
    waived = set(incident.planned_evidence.filter(state="waived").values_list("target", flat=True))
    for gap in gaps.gaps(incident):
        if not (gap.kind == "not-collected" and gap.item in waived):
            yield Text(f"{gap.item}: {gap.text.en}", f"{gap.item}: {gap.text.ja}")


def _glass(incident: Incident) -> Iterator[Text]:
    for row in glass.open_reviews(incident):
        yield Text(
            f"Step {row.step.key}: {row.by} broke the glass", f"ステップ {row.step.key}: {row.by} による緊急実行"
        )


def _holds(incident: Incident) -> Iterator[Text]:
    """Nobody will be reminded of it any more, so whoever closes says that it is known."""
    for row in Watch.objects.filter(step__run__incident=incident).select_related("step"):
        title = row.step.title
        yield Text(f"{row.step.key} {title['en']}", f"{row.step.key} {title['ja']}")


def _impact(incident: Incident) -> Iterator[Text]:
    words = {
        "functional_impact": Text("functional impact", "機能への影響"),
        "information_impact": Text("information impact", "情報への影響"),
        "recoverability": Text("recoverability", "復旧の見込み"),
    }
    yield from (words[field] for field in impacts.missing(incident))


def _review(incident: Incident) -> Iterator[Text]:
    if incident.severity <= 2 and not Review.objects.filter(incident=incident).exists():
        yield Text("No post-mortem was begun.", "ふりかえりが始まっていない。")


def _steps(incident: Incident) -> Iterator[Text]:
    for step in Step.objects.filter(run__incident=incident).exclude(state__in=SETTLED).order_by("run", "place"):
        yield Text(f"{step.key} {step.title['en']}: {step.state}", f"{step.key} {step.title['ja']}: 未了")


def _summary(incident: Incident) -> Iterator[Text]:
    if not incident.summary.strip():
        yield Text("Nobody has written one.", "まだ書かれていない。")


def _tasks(incident: Incident) -> Iterator[Text]:
    for row in tasks.undone(incident):
        yield Text(f"{row.title} ({row.owner or 'nobody'})", f"{row.title}({row.owner or '担当者なし'})")


Check = Callable[[Incident], Iterator[Text]]
GATES: Final[dict[str, tuple[Text, str, Check]]] = {
    "assets": (Text("Assets are cleared", "資産の使用再開を判断"), "room", _assets),
    "containment": (Text("Containment is verified", "封じ込めを検証"), "steps", _containment),
    "decisions": (Text("Decisions are made", "決定事項を決定"), "room", _decisions),
    "duties": (Text("Duties of the law are met", "法令上の義務を履行"), "duties", _duties),
    "evidence": (Text("The record of the evidence has no gap", "証拠の記録に欠けがない"), "evidence", _evidence),
    "glass": (Text("Broken glass is reviewed", "緊急実行を事後審査"), "steps", _glass),
    "holds": (Text("Nothing is still contained", "封じ込めたままの対象がない"), "steps", _holds),
    "impact": (Text("The impact is judged", "影響を評価"), "room", _impact),
    "review": (Text("A review is begun", "ふりかえりを開始"), "reports", _review),
    "steps": (Text("Steps of the playbook have ended", "プレイブックのステップが終了"), "steps", _steps),
    "summary": (Text("There is a summary", "概要を記入"), "room", _summary),
    "tasks": (Text("Tasks are done or dropped", "タスクが完了または取り下げ"), "room", _tasks),
}
"""All gates: what each asks for, where to go on, and how it is looked up."""


def gates(incident: Incident) -> list[Gate]:
    """Every gate with what is open behind it; nothing open: passed."""
    return [Gate(key, title, page, tuple(check(incident))) for key, (title, page, check) in GATES.items()]


@transaction.atomic
def close(incident: Incident, *, actor: Actor, reason: str, overrides: Mapping[str, str] | None = None) -> None:
    """End the incident. Raises `Refused` naming each open gate that `overrides` (key -> reason) does not name with a reason.

    Each override is an entry of its own, with what was open at that moment.
    """
    require_on(actor, "command", incident)
    incident.refresh_from_db()
    if incident.status != "closed":
        given = {key: why.strip() for key, why in (overrides or {}).items() if why.strip()}
        _pass(incident, given, actor)
    incidents.close(incident, actor=actor, reason=reason)


def _pass(incident: Incident, given: Mapping[str, str], actor: Actor) -> None:
    unknown = sorted(set(given) - set(GATES))
    if unknown:
        raise Refused(f"{unknown[0][:40]!r} is not a gate.", hint=f"Use one of: {', '.join(GATES)}.")
    shut = [gate for gate in gates(incident) if gate.open]
    left = [gate for gate in shut if gate.key not in given]
    if left:
        said = "; ".join(f"{gate.key} ({len(gate.open)}): {gate.open[0].en}" for gate in left)
        raise Refused(
            f"{incident} cannot be closed yet. {said}",
            hint="Settle what is open, or override each by name with a reason (--override GATE=REASON).",
        )
    for gate in shut:
        ledger.append(
            incident.name, actor=actor, verb="incident.override", obj=f"gate {gate.key}",
            data={
                "en": gate.title.en, "ja": gate.title.ja, "reason": given[gate.key],
                "open": [text.en for text in gate.open[:50]], "count": len(gate.open), "at": timezone.now().isoformat(),
            },
        )  # fmt: skip
