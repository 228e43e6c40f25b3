"""What a notice should not say is pointed at, and ordinary sentences are left alone."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from hikeshi.clocks.disclosure import PATTERNS, TEXT_LIMIT, hints

HITS = {
    "address": ["Access came from 198.51.100.23 at night.", "攻撃元は 2001:db8:0:1:2:3:4:5 です。"],
    "empty-phrase": ["We take your security very seriously.", "本件を厳粛に受け止めております。"],
    "hash": ["The file was " + "a1" * 32 + "."],
    "no-evidence": ["There is no evidence of misuse.", "現時点で悪用は確認されておりません。"],
    "secret": ["The key AKIAIOSFODNN7EXAMPLE was used.", "パスワード: kasumi2026"],
    "version": ["The attacker used Apache 2.4.49.", "OpenSSH 9.2 の設定不備"],
    "vulnerability": ["CVE-2024-12345 was exploited.", "JVN#12345678 を悪用"],
}
FINE = (
    "On 6 November an outsider read the order archive. 1,240 customers are concerned. We have closed the access.",
    "11月6日、外部の者が注文の保管庫を閲覧しました。対象は 1,240 名です。アクセスは遮断しました。次回は11月9日にお知らせします。",
    "Version 2 of this notice replaces version 1. Call 03-1234-5678, 9:00 to 17:00.",
)


def test_the_table_is_alphabetical_and_each_line_is_tried() -> None:
    names = [one.name for one in PATTERNS]
    assert names == sorted(names) == list(HITS)


@pytest.mark.parametrize(("rule", "text"), [(rule, text) for rule, texts in HITS.items() for text in texts])
def test_what_helps_an_attacker_or_says_nothing_is_pointed_at(rule: str, text: str) -> None:
    found = [hint for hint in hints(text) if hint.rule == rule]
    assert found
    assert text[found[0].start : found[0].end].startswith(found[0].found[:20])


@pytest.mark.parametrize("text", FINE)
def test_ordinary_sentences_are_left_alone(text: str) -> None:
    assert hints(text) == []


@given(st.text(max_size=300))
def test_places_lie_in_the_text_and_in_order(text: str) -> None:
    found = hints(text)
    assert all(0 <= hint.start < hint.end <= len(text) for hint in found)
    assert found == sorted(found, key=lambda hint: (hint.start, hint.rule))


def test_a_very_long_text_is_looked_at_as_far_as_the_limit() -> None:
    assert hints("a" * TEXT_LIMIT + " CVE-2024-12345") == []
