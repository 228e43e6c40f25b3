"""How rules count, said in both languages."""

import pytest

from hikeshi.clocks.rule import Rule, rules
from hikeshi.clocks.saying import in_words
from hikeshi.text import Text


@pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: rule.name)
def test_every_rule_says_how_it_counts(rule: Rule) -> None:
    said = in_words(rule.counting)
    assert said.en.isascii()
    assert said.en != said.ja
    assert "{" not in said.en


@pytest.mark.parametrize(
    ("name", "en", "ja"),
    [
        ("response.sev1", "15 minutes", "15分"),
        ("jp-appi-preliminary", "5 days, the first day is day 1, Asia/Tokyo", "初日を算入して5日、Asia/Tokyo"),
        (
            "jp-appi-final",
            "30 days, the first day is day 1, a closed last day moves to the next open one (JP_ADMIN), Asia/Tokyo",
            "初日を算入して30日、末日が閉庁日なら次の開庁日（JP_ADMIN）、Asia/Tokyo",
        ),
        ("eu-gdpr-33-authority", "72 hours, UTC", "72時間、UTC"),
    ],
)
def test_a_rule_says_days_zone_and_what_closed_days_do(name: str, en: str, ja: str) -> None:
    assert in_words(rules()[name].counting) == Text(en, ja)
