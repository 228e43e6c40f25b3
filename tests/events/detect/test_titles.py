"""Our own rules have a title in both languages."""

from __future__ import annotations

from sigma.correlations import SigmaCorrelationRule

from hikeshi.events.detect.loading import OWN, load
from hikeshi.events.detect.titles import TITLES, title


def test_every_rule_of_ours_that_is_shown_has_a_japanese_title_and_no_title_is_left_over() -> None:
    rules = load([OWN])
    counted = {
        str(one.reference) for rule in rules if isinstance(rule.sigma, SigmaCorrelationRule) for one in rule.sigma.rules or ()
    }  # fmt: skip
    shown = {rule.title for rule in rules if rule.sigma is not None and rule.sigma.name not in counted}
    assert shown == set(TITLES)
    assert all(any(ord(sign) > 0x3000 for sign in text.ja) for text in TITLES.values())


def test_a_rule_of_others_keeps_its_title() -> None:
    assert title("AWS Root Credentials").ja == "AWS Root Credentials"
