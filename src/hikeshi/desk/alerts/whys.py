"""The reasons a verdict may have, to be counted: which rules are wrong, which changes nobody announced. One line each, alphabetical."""

from __future__ import annotations

from typing import Final, NamedTuple

from hikeshi.errors import Refused
from hikeshi.text import Text


class Why(NamedTuple):
    """`verdicts` are those it can be the reason of, keys of `models.VERDICTS`."""

    verdicts: tuple[str, ...]
    said: Text


WHYS: Final[dict[str, Why]] = {
    "attempt_blocked": Why(("true",), Text("An attempt that was stopped", "阻止された攻撃の試み")),
    "authorised_test": Why(("benign", "test"), Text("A test that somebody authorised", "承認済みの試験")),
    "bad_intelligence": Why(("false",), Text("The intelligence behind it is wrong or stale", "脅威情報の誤り・陳腐化")),
    "confirmed_compromise": Why(("true",), Text("A compromise, confirmed", "侵害を確認")),
    "drill": Why(("exercise",), Text("Part of an exercise", "訓練の一部")),
    "expected_work": Why(("benign",), Text("Work that runs as planned, such as a backup", "予定どおりの処理(バックアップなど)")),
    "known_change": Why(("benign",), Text("A change that was announced", "周知済みの変更作業")),
    "new_test": Why(("test",), Text("The source or rule was being tried out", "検知元・ルールの動作確認")),
    "other": Why(("benign", "duplicate", "exercise", "false", "test", "true"), Text("Something else: the sentence says what", "その他(文章で説明)")),
    "parser_error": Why(("false",), Text("Read wrongly: the data does not say this", "解析の誤り: データの内容と異なる")),
    "policy_violation": Why(("true",), Text("Somebody of ours broke a rule", "内部の規則違反")),
    "rule_wrong": Why(("false",), Text("The rule matches what it should not", "検知ルールの誤り・過検知")),
    "same_cause": Why(("duplicate",), Text("Another group has this cause already", "同じ原因のグループが既にある")),
    "same_source": Why(("duplicate",), Text("Sent twice by the source", "検知元による重複送信")),
    "scanner_of_ours": Why(("benign",), Text("A scanner or monitor of our own", "自社のスキャナー・監視")),
    "suspicious_activity": Why(("true",), Text("Suspicious; not yet confirmed", "疑わしい活動(未確認)")),
}  # fmt: skip


def fitting(verdict: str) -> list[str]:
    """The keys that can be the reason of this verdict."""
    return [key for key, why in WHYS.items() if verdict in why.verdicts]


def check(verdict: str, why: str) -> None:
    """Raises `Refused` unless `why` is a reason of this verdict."""
    if why not in fitting(verdict):
        raise Refused(
            f"{why!r} is not a reason for the verdict {verdict!r}.", hint=f"Use one of: {', '.join(fitting(verdict))}."
        )
