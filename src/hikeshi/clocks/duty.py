"""What the law or a contract asks beside the clock: who owes what to whom, how sure we are of it, and since when we know.

None of this is legal advice. Hikeshi computes and records; people decide whether a duty applies, and people send.
"""

from __future__ import annotations

from datetime import date
from typing import Final, Literal

import msgspec

from hikeshi.clocks.facts import When
from hikeshi.text import Text, Words

Kind = Literal["statutory", "guideline", "no_number", "contract", "voluntary"]
"""Where the number comes from: the law itself, a regulator's guidance, nowhere, a contract. "voluntary": nobody has to."""

Status = Literal["in_force", "not_in_force", "proposed", "voluntary"]
Confidence = Literal["high", "medium", "low"]
Stage = Literal[
    "first",
    "initial",
    "intermediate",
    "final",
    "individuals",
    "public",
    "processor",
    "register",
    "assessment",
    "relief",
]

_COMMON_FORM: Final = (
    Text("Kind of event", "事案の種別"),
    Text("Times of occurrence and discovery", "発生・発覚日時"),
    Text("Outline of the damage", "被害の概要"),
    Text("Scope", "影響範囲"),
)
_COMMON_END: Final = (
    Text("State of the response", "対応状況"),
    Text("Publication", "公表"),
    Text("Whether it may be shared, and with whom", "共有の可否・共有先"),
)

CONTENTS: Final[dict[str, tuple[Text, ...]]] = {
    "C-APPI": (
        Text("Summary", "概要"),
        Text("Items of personal data", "漏えい等した個人データの項目"),
        Text("Number of persons", "本人の数"),
        Text("Cause", "原因"),
        Text("Secondary harm, or the risk of it", "二次被害又はそのおそれの有無及び内容"),
        Text("How the persons are handled", "本人への対応の実施状況"),
        Text("Publication", "公表の実施状況"),
        Text("Measures against recurrence", "再発防止のための措置"),
        Text("Anything else of use", "その他参考となる事項"),
    ),
    "C-COMMON": (
        Text("What happened", "何が起きたか"),
        Text("When it was noticed", "発覚日時"),
        Text("Scope", "影響範囲"),
        Text("What we did", "実施した対応"),
        Text("What you can do", "お客様にお願いしたいこと"),
        Text("Prevention", "再発防止策"),
        Text("Contact", "問い合わせ先"),
        Text("Time of the next update", "次回の報告予定"),
    ),
    "C-CRA": (
        Text("Product and version", "製品とバージョン"),
        Text("Member states", "対象の加盟国"),
        Text("Nature of the exploit or incident", "悪用またはインシデントの性質"),
        Text("Measures taken", "実施した措置"),
        Text("Measures that users can take", "利用者が取れる措置"),
        Text("Sensitivity of the information", "情報の機微性"),
    ),
    "C-DORA-F": (
        Text("Root causes", "根本原因"),
        Text("Resolution", "解決の状況"),
        Text("Costs and losses", "費用と損失"),
        Text("Lessons", "教訓"),
    ),
    "C-DORA-I": (
        Text("Reference", "管理番号"),
        Text("Times of detection and classification", "検知と分類の日時"),
        Text("Criteria met", "該当した基準"),
        Text("Member states affected", "影響を受けた加盟国"),
        Text("How it was discovered", "発見の経緯"),
        Text("Origin, if known", "判明している発生元"),
        Text("Whether the continuity plan is in use", "事業継続計画の発動状況"),
    ),
    "C-DORA-M": (
        Text("Times of occurrence and recovery", "発生と復旧の日時"),
        Text("Type and techniques", "種別と手口"),
        Text("Processes and infrastructure affected", "影響を受けた業務と基盤"),
        Text("Impact on clients", "顧客への影響"),
        Text("Reports to others", "他機関への報告"),
        Text("Recovery", "復旧の状況"),
        Text("Indicators", "インディケータ"),
    ),
    "C-GDPR33": (
        Text("Nature, with categories and approximate numbers", "侵害の性質(類型と概数)"),
        Text("Contact point", "連絡先"),
        Text("Likely consequences", "起こり得る結果"),
        Text("Measures taken or proposed", "実施または予定の措置"),
        Text("Reasons, if later than 72 hours", "72時間を超えた場合の理由"),
    ),
    "C-GDPR34": (
        Text("Nature, in plain language", "侵害の性質(平易な言葉)"),
        Text("Contact point", "連絡先"),
        Text("Likely consequences", "起こり得る結果"),
        Text("Measures, and what the person can do", "措置と本人が取れる対応"),
    ),
    "C-HIPAA": (
        Text("What happened and when", "何がいつ起きたか"),
        Text("Kinds of health information", "医療情報の種類"),
        Text("Steps for the person", "本人が取れる対応"),
        Text("What we do", "当方の対応"),
        Text("Contact", "問い合わせ先"),
    ),
    "C-JP-DDOS": (
        *_COMMON_FORM,
        Text("Kind and size of the attack traffic", "攻撃通信の種類と規模"),
        Text("Demands or announcements of the attacker", "攻撃者の要求・予告"),
        *_COMMON_END,
    ),
    "C-JP-OTHER": (
        *_COMMON_FORM,
        Text("Way in", "侵入経路"),
        Text("Kind of attack, malware and indicators", "攻撃の類型・マルウェア・インディケータ"),
        *_COMMON_END,
    ),
    "C-JP-RANSOM": (
        *_COMMON_FORM,
        Text("Way in", "侵入経路"),
        Text("Ransom note, file extension and indicators", "ランサムノート・拡張子・インディケータ"),
        *_COMMON_END,
    ),
    "C-SEC": (
        Text("Material nature, scope and timing", "重要な性質・範囲・時期"),
        Text("Material or reasonably likely material impact", "重要な影響またはその合理的な見込み"),
    ),
    "C-TELECOM": (
        Text("Company and registration number", "法人名と登録・届出番号"),
        Text("Outline: when it happened, when it was found, the course", "事案の概要(発生日・発覚日・経緯)"),
        Text("Kinds of information", "情報の内容"),
        Text("Number of persons", "本人の数"),
        Text("Cause", "発生原因"),
        Text("Secondary harm", "二次被害"),
        Text("Publication", "公表"),
        Text("How the persons are handled", "当事者への対応"),
        Text("Measures against recurrence", "再発防止策"),
    ),
}
"""What a report has to say, by the set that a rule names. Each item of a draft is known, unknown or under investigation."""


class Duty(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whose duty, when it arises, to whom. `verified_on` is when somebody last read the instrument; `review_by` when to read it again.

    `when` are the facts under which it may apply; without them it is never proposed, only decided on by hand.
    """

    regime: Words
    jurisdiction: Words
    stage: Stage
    kind: Kind
    holder: Text
    trigger: Text
    when: When | None = None
    recipient: Text
    content: tuple[str, ...] = ()
    note: Text | None = None
    status: Status
    confidence: Confidence
    verified_on: date
    review_by: date

    def __post_init__(self) -> None:
        unknown = [name for name in self.content if name not in CONTENTS]
        if unknown:
            raise ValueError(f"`content` names {unknown[0]}, which is none of {', '.join(CONTENTS)}")

    @property
    def ships_on(self) -> bool:
        """Whether it may be offered before somebody's counsel has confirmed it: only what was read at the source and is in force."""
        return self.status == "in_force" and self.confidence == "high"

    def stale(self, today: date) -> bool:
        return today > self.review_by
