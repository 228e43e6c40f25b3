"""What every clock rule has to be."""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from hikeshi.clocks.counting import COUNTING, compute
from hikeshi.clocks.rule import FOLDER, MOMENTS, RULES, Rule, rules

JAPANESE = re.compile(r"[぀-ヿ一-鿿]")
NOW = datetime(2026, 11, 6, 12, 0, tzinfo=UTC)

every_rule = pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: rule.name)


def test_the_table_names_every_file_in_alphabetical_order() -> None:
    assert sorted(path.name for path in FOLDER.glob("*.yaml")) == list(RULES)
    assert list(MOMENTS) == sorted(MOMENTS)


@every_rule
def test_both_languages_are_there_and_different(rule: Rule) -> None:
    for text in (
        rule.title,
        MOMENTS[rule.anchor],
        MOMENTS[rule.stops_on],
        compute(rule, {rule.anchor: NOW}, NOW).explanation,
    ):
        assert JAPANESE.search(text.ja)
        assert not JAPANESE.search(text.en)


@every_rule
def test_the_clock_can_be_counted_and_warns_before_it_is_over(rule: Rule) -> None:
    assert type(rule.counting) in COUNTING
    due = compute(rule, {rule.anchor: NOW}, NOW)
    assert due.due_at is not None
    assert due.due_soon_at is not None
    assert NOW < due.due_soon_at < due.due_at
    assert due.state == "running"


@every_rule
def test_the_clock_waits_for_its_anchor_and_stops(rule: Rule) -> None:
    assert compute(rule, {}, NOW).state == "not-started"
    assert compute(rule, {rule.anchor: NOW, rule.stops_on: NOW}, NOW).state == "met"


@every_rule
def test_where_the_number_comes_from_is_said(rule: Rule) -> None:
    assert rule.source == "Hikeshi guide" or rule.source.startswith("https://")
