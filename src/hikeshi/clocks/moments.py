"""The moments that rules count from and end with. Each is a recorded fact with a person and a time, never a guess."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from typing import Final

from hikeshi.text import Text

MOMENTS: Final[dict[str, Text]] = {
    "acknowledged_at": Text("acknowledgement by a responder", "対応担当者の着手"),
    "appi_known_on": Text("the day any department knew of a reportable situation", "いずれかの部署が報告対象事態を知った日"),
    "assessed_notifiable_on": Text("the assessment that it is notifiable", "通知対象との評価の確定"),
    "aware_at": Text("awareness, with reasonable certainty", "合理的な確信を持った認識"),
    "breach_determined_on": Text("the determination that a breach occurred", "侵害発生の判断"),
    "broken_at": Text("the breaking of the glass", "緊急実行"),
    "classified_major_at": Text("classification as a major incident", "重大インシデントへの分類"),
    "closed_at": Text("closure", "終結"),
    "contained_at": Text("containment being verified", "封じ込めの確認"),
    "corrective_measure_available_on": Text("a corrective or mitigating measure being available", "是正・緩和措置の提供"),
    "declared_at": Text("declaration", "宣言"),
    "detected_at": Text("detection", "検知"),
    "determined_incident_at": Text("the determination that an incident occurred", "インシデント発生の判断"),
    "determined_material_on": Text("the determination that it is material", "重要性の判断"),
    "discovered_on": Text("discovery, or when diligence would have discovered it", "発見(相当な注意で発見できた日を含む)"),
    "filed_at": Text("the filing of this report", "この報告の提出"),
    "glass_reviewed_at": Text("the after-review", "事後審査"),
    "handling_ended_on": Text("the end of handling", "対応の終了"),
    "held_from": Text("the containment, or its last review", "封じ込め、または前回の見直し"),
    "hold_reviewed_at": Text("the review of the containment", "封じ込めの見直し"),
    "home_disclosure_on": Text("the disclosure in the home market", "本国市場での開示"),
    "individuals_notified_on": Text("the notice to the persons", "本人への通知"),
    "information_available_on": Text("the missing information becoming available", "不足していた情報の判明"),
    "initial_submitted_at": Text("the filing of the initial report", "初期報告の提出"),
    "intermediate_submitted_at": Text("the filing of the intermediate report", "中間報告の提出"),
    "next_update_at": Text("the next update", "次の状況報告"),
    "notification_submitted_at": Text("the filing of the notification", "通知の提出"),
    "occurred_at": Text("occurrence", "発生"),
    "payment_made_at": Text("the payment", "支払い"),
    "recognised_on": Text("recognition of the event", "事案の認知"),
    "requested_at": Text("the request", "要求"),
    "review_held_at": Text("the review meeting", "ふりかえりの実施"),
    "run_started_at": Text("the start of the playbook", "プレイブックの開始"),
    "step_ended_at": Text("the end of the step", "ステップの終了"),
    "suspected_on": Text("reasonable grounds to suspect", "疑うに足る合理的な根拠"),
    "updated_at": Text("the last update", "前回の状況報告"),
    "year_end_after_discovery": Text("the first of January after discovery", "発見後の最初の1月1日"),
}  # fmt: skip

Moment = datetime | date
"""An instant with its zone, or only a day: which of the two was recorded is part of the fact."""


def earlier(one: Moment, other: Moment) -> Moment:
    """Of two claims about one moment, the one that comes first; of an instant and the same day, the day: its first moment counts."""

    def key(moment: Moment) -> tuple[datetime, bool]:
        if isinstance(moment, datetime):
            return moment, True
        return datetime.combine(moment, time.min, UTC), False

    return min(one, other, key=key)


def derived(moments: Mapping[str, Moment]) -> dict[str, Moment]:
    """The moments with those that follow from others. Never guessed: a day in the calendar after a recorded one."""
    found = dict(moments)
    if "discovered_on" in found and "year_end_after_discovery" not in found:
        found["year_end_after_discovery"] = date(found["discovered_on"].year + 1, 1, 1)
    return found
