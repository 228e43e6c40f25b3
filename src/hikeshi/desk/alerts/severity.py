"""A severity for a person to confirm, with its reasons and their points. No database: rules over what the caller has looked up.

The factors are the six examples of NIST SP 800-61 Rev. 3 for evaluating risk (asset criticality, functional impact, data impact, stage
of observed activity, actor characterisation, recoverability), and the scope. `docs/severity.md` shows examples of every level.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, Protocol

from hikeshi.desk.alerts.classes import FindingClass, class_of
from hikeshi.signals.signal import Signal
from hikeshi.text import Text

RULE_SET: Final = 1
"""Grows with every change of points or rules: a suggestion is only comparable with those of the same set."""

LEVELS: Final = ((9, 1), (7, 2), (4, 3))
"""From so many points on it is this severity; below all of them SEV-4. The scale is that of GuardDuty's score."""

ACTIVE: Final = timedelta(hours=1)
SEVERAL: Final = 3
"""So many other groups about the same things are more than chance."""


class Valued(Protocol):
    """What the rules ask of an asset of the register."""

    @property
    def criticality(self) -> int: ...
    @property
    def environment(self) -> str: ...
    @property
    def data(self) -> list[str]: ...


class Facts(NamedTuple):
    """All that is known when a group opens. `related` counts other open groups that name the same things."""

    signal: Signal
    kind: FindingClass
    assets: Sequence[Valued]
    related: int
    now: datetime

    @property
    def gravest(self) -> int:
        """The criticality of the most critical asset (1 is vital), 0 where none is known."""
        return min((asset.criticality for asset in self.assets), default=0)

    @property
    def environments(self) -> set[str]:
        return {asset.environment for asset in self.assets if asset.environment}

    @property
    def data(self) -> set[str]:
        return {word for asset in self.assets for word in asset.data}

    @property
    def target(self) -> bool:
        return self.signal.resource_role == "TARGET"

    @property
    def age(self) -> timedelta | None:
        """Since the activity was last seen, where the alert says when."""
        seen = self.signal.last_seen_at
        return None if seen is None else self.now - (seen if seen.tzinfo else seen.replace(tzinfo=UTC))


class Rule(NamedTuple):
    """`points` are added where `when` holds; the texts say why, with the `{words}` of `_words`."""

    factor: str
    points: float
    when: Callable[[Facts], bool]
    en: str
    ja: str


SEVERITY_RULES: Final[dict[str, Rule]] = {
    "active-now": Rule("stage", 0.3, lambda f: not f.target and f.age is not None and f.age <= ACTIVE, "The activity was seen within the last hour", "1 時間以内にも活動を確認"),
    "actor": Rule("actor", 0.2, lambda f: f.signal.resource_role == "ACTOR", "The resource is the actor: it is doing the attacking", "対象自身が攻撃側として動作している"),
    "class-far": Rule("stage", 0.5, lambda f: f.kind.stage == 3 and not f.target, "{class_en}: a late stage of an attack", "{class_ja}: 攻撃の終盤の段階"),
    "class-near": Rule("stage", 0.2, lambda f: f.kind.stage == 2 and not f.target, "{class_en}: the attacker is inside", "{class_ja}: 侵入後の段階"),
    "class-outside": Rule("stage", -0.5, lambda f: f.kind.stage == 0, "{class_en}: still before an intrusion", "{class_ja}: 侵入前の段階"),
    "data-personal": Rule("data", 1, lambda f: bool(f.data & {"personal", "health", "payment"}), "It holds {data_en} data", "{data_ja}を保持"),
    "data-secret": Rule("data", 0.5, lambda f: bool(f.data & {"credentials", "secret"}) and not f.data & {"personal", "health", "payment"}, "It holds {data_en}", "{data_ja}を保持"),
    "environment-lesser": Rule("function", -1, lambda f: bool(f.environments) and f.environments <= {"development", "test"}, "Only {environment_en} is affected", "影響は{environment_ja}環境のみ"),
    "environment-production": Rule("function", 0.2, lambda f: "production" in f.environments, "It is in production", "本番環境の資産"),
    "irrecoverable": Rule("recoverability", 0.3, lambda f: f.kind.irrecoverable and not f.target, "What is lost this way does not come back", "失われたものは元に戻らない"),
    "old": Rule("stage", -0.5, lambda f: f.age is not None and f.age > timedelta(days=7), "Not seen for more than a week", "1 週間以上活動なし"),
    "related": Rule("scope", 0.3, lambda f: 0 < f.related < SEVERAL, "{related} other open groups name the same things", "同じ対象に関する未処理のグループが他に {related} 件"),
    "related-several": Rule("scope", 1, lambda f: f.related >= SEVERAL, "{related} other open groups name the same things", "同じ対象に関する未処理のグループが他に {related} 件"),
    "vital-high": Rule("asset", 1, lambda f: f.gravest == 2, "The asset is of high criticality", "資産の重要度が高い"),
    "vital-low": Rule("asset", -1, lambda f: f.gravest == 4, "The asset is of low criticality", "資産の重要度が低い"),
    "vital-most": Rule("asset", 2, lambda f: f.gravest == 1, "The asset is vital", "最重要の資産"),
}  # fmt: skip
"""Every reason there can be, beside the sender's own score and the bounds of `suggest_severity`. Rule set 1."""

_DATA_JA: Final = {
    "credentials": "認証情報",
    "health": "医療情報",
    "payment": "決済情報",
    "personal": "個人情報",
    "secret": "秘密情報",
}
_ENVIRONMENT_JA: Final = {"development": "開発", "production": "本番", "staging": "ステージング", "test": "テスト"}


BOUND: Final = Text("What the sender rates 9 or more is not lowered.", "通知元の評価が 9 以上のものは引き下げません。")


def suggest_severity(
    signal: Signal, assets: Sequence[Valued] = (), related: int = 0, now: datetime | None = None
) -> tuple[int, list[Text]]:
    """A severity (1 is the gravest) for a person to confirm, and why: the score first, then each rule with its points.

    An attempt, where our resource is only the target, stays SEV-4 however it is rated, unless it is at a vital or a production asset of
    high criticality, or one of several about the same things: then SEV-3. What the sender rates critical is never lowered by a rule.
    """
    facts = Facts(signal, class_of(signal.kind), assets, related, now or datetime.now(UTC))
    held = [rule for rule in SEVERITY_RULES.values() if rule.when(facts)]
    if facts.target:
        return _attempt(facts, held)
    points = signal.score + sum(rule.points for rule in held)
    if signal.score >= LEVELS[0][0]:
        points = max(points, float(LEVELS[0][0]))
    severity = next((level for floor, level in LEVELS if points >= floor), 4)
    reasons = [_rated(signal), *(_reason(rule, facts) for rule in held)]
    if points > signal.score + sum(rule.points for rule in held):
        reasons.append(BOUND)
    if held:
        reasons.append(Text(f"{points:g} points: SEV-{severity}.", f"合計 {points:g} 点: SEV-{severity}。"))
    return severity, reasons


def _attempt(facts: Facts, held: Sequence[Rule]) -> tuple[int, list[Text]]:
    reasons = [Text("The resource is the target, not the actor: an attempt.", "対象は標的であり攻撃元ではない: 試行。")]
    grave = facts.gravest == 1 or (facts.gravest == 2 and "production" in facts.environments)
    if not grave and facts.related < SEVERAL:
        return 4, reasons
    raising = [rule for rule in held if rule.points > 0]
    return 3, [*reasons, *(_reason(rule, facts) for rule in raising)]


def _rated(signal: Signal) -> Text:
    bands = ((9.0, "critical", "重大"), (7.0, "high", "高"), (4.0, "medium", "中"), (0.0, "low", "低"))
    en, ja = next((en, ja) for floor, en, ja in bands if signal.score >= floor)
    who = {"guardduty": "GuardDuty", "securityhub": "Security Hub"}.get(signal.key.partition(":")[0])
    rated = f"{signal.score:g}"
    if who is None:
        return Text(f"The sender rates it {rated} ({en}).", f"通知元の評価は {rated}({ja})。")
    return Text(f"{who} rates it {rated} ({en}).", f"{who} の評価は {rated}({ja})。")


def _reason(rule: Rule, facts: Facts) -> Text:
    words = _words(facts)
    return Text(f"{rule.en.format_map(words)} ({rule.points:+g}).", f"{rule.ja.format_map(words)}({rule.points:+g})。")


def _words(facts: Facts) -> dict[str, object]:
    data, places = sorted(facts.data & _DATA_JA.keys()), sorted(facts.environments)
    return {
        "class_en": facts.kind.title.en, "class_ja": facts.kind.title.ja, "related": facts.related,
        "data_en": ", ".join(data), "data_ja": "・".join(_DATA_JA[word] for word in data),
        "environment_en": " and ".join(places), "environment_ja": "・".join(_ENVIRONMENT_JA.get(one, one) for one in places),
    }  # fmt: skip
