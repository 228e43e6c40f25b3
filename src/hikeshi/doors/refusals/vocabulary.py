"""The words that are filled into errors: kinds, states, acts, as the reader's language has them.

A line of the tables names the vocabulary of a place as a format: `{:step}`. Most are the choices of a field, translated where every page has
them; those that only errors say stand here. What is in no vocabulary, such as a name, is shown as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from functools import cache
from typing import Any, Final

CHOICES: Final = frozenset(
    {
        "draft", "evidence", "group", "handover", "incident", "notice", "run", "step", "task", "timeline", "verdict",
    }
)  # fmt: skip
"""Those that are choices of a field: `_choices` knows which."""

SAID: Final[dict[str, dict[str, str]]] = {
    "act": {
        "A failure": "失敗の記録",
        "Access by force": "強制閲覧",
        "Breaking the glass": "緊急実行",
        "Ending access": "閲覧許可の終了",
        "Ending quiet mode": "秘匿モードの終了",
        "Evidence that cannot be had": "取得できない証拠",
        "Giving a draft up": "下書きの取り下げ",
        "Going on without evidence": "証拠なしでの続行",
        "Keeping something contained": "封じ込めの継続",
        "Letting somebody in": "閲覧の許可",
        "Lifting the restriction": "閲覧制限の解除",
        "More targets than usual": "通常より多い対象",
        "Pausing": "一時停止",
        "Restricting": "閲覧制限",
        "Retiring a playbook": "プレイブックの使用終了",
        "Running a step again": "ステップの再実行",
        "Saying no": "却下",
        "Sending a draft back": "下書きの差し戻し",
        "Skipping": "省略",
        "Taking a step from a worker": "ワーカーからの引き取り",
        "Taking a yes back": "承認の撤回",
        "Taking over what somebody else has": "ほかの人からの引き取り",
        "The after-review": "事後審査",
        "Undoing": "切り戻し",
    },
    "end": {"first": "先頭", "last": "末尾"},
    "right": {
        "command": "指揮", "manage": "管理", "read": "閲覧", "triage": "トリアージ", "write": "記入",
    },
    "thing": {
        "affected asset": "影響資産", "alert": "アラート", "chain": "台帳の系列", "claim": "申し立て", "contact": "連絡先",
        "decision": "判断", "evidence": "証拠品目", "group": "グループ", "hand-over": "引き継ぎ", "incident": "インシデント",
        "line of the evidence plan": "証拠収集計画の行", "mark": "印", "note": "メモ", "override": "代役", "page": "ページ",
        "person": "利用者", "playbook": "プレイブック", "playbook at work": "実行中のプレイブック", "question": "質問",
        "report": "報告書", "rotation": "当番表", "saved search": "保存した検索", "step": "ステップ", "suppression": "抑止",
        "task": "タスク", "timeline": "時系列", "way": "連絡手段",
    },
}  # fmt: skip
"""Alphabetical, by what the code says."""


class Filled(str):
    """What was filled in, which knows what it is called in a vocabulary."""

    __slots__ = ()

    def __format__(self, vocabulary: str) -> str:
        return _words(vocabulary).get(self.lower(), str(self)) if vocabulary else str(self)


def _words(vocabulary: str) -> dict[str, str]:
    """Japanese by the code and by the English label, both in small letters; nothing where no desk is set up, whose words these are."""
    if vocabulary in SAID:
        return _lower(vocabulary)
    apps = sys.modules.get("django.apps")  # half the commands need no desk, and no Django
    return _translated(vocabulary) if apps is not None and apps.apps.models_ready else {}


@cache
def _lower(vocabulary: str) -> dict[str, str]:
    return {english.lower(): said for english, said in SAID[vocabulary].items()}


@cache
def _translated(vocabulary: str) -> dict[str, str]:
    from django.utils.translation import override

    choices = _choices(vocabulary)
    with override("en"):
        english = [str(label).lower() for _, label in choices]
    with override("ja"):
        japanese = [str(label) for _, label in choices]
    codes = [value.lower() for value, _ in choices]
    return dict(zip(english, japanese, strict=True)) | dict(zip(codes, japanese, strict=True))


def _choices(vocabulary: str) -> Sequence[tuple[str, Any]]:
    from hikeshi.desk.alerts import models as alerts
    from hikeshi.desk.evidence import models as evidence
    from hikeshi.desk.incidents import models as incidents
    from hikeshi.desk.notices import models as notices
    from hikeshi.desk.playbooks import models as playbooks
    from hikeshi.desk.runs import models as runs
    from hikeshi.desk.timelines import models as timelines

    tables: dict[str, Sequence[tuple[str, Any]]] = {
        "draft": playbooks.STATES, "evidence": evidence.VOLATILITY, "group": alerts.STATES,
        "handover": incidents.HANDOVER_STATES, "incident": incidents.STATUSES, "notice": notices.NOTICE_STATES,
        "run": runs.Run.STATES, "step": runs.STATES, "task": incidents.TASK_STATES, "timeline": timelines.STATES,
        "verdict": alerts.VERDICTS,
    }  # fmt: skip
    return tables[vocabulary]
