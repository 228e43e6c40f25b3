"""What every clock rule has to be."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import get_args

import pytest

from hikeshi.clocks.counting import COUNTING, compute
from hikeshi.clocks.duty import CONTENTS
from hikeshi.clocks.moments import MOMENTS, Moment
from hikeshi.clocks.rule import FOLDER, RULES, Counting, NoNumber, Rule, rules

JAPANESE = re.compile(r"[぀-ヿ一-鿿]")
NOW = datetime(2026, 11, 6, 12, 0, tzinfo=UTC)
DAY = NOW.date()

every_rule = pytest.mark.parametrize("rule", rules().values(), ids=lambda rule: rule.name)


def test_the_table_names_every_file_in_alphabetical_order() -> None:
    assert sorted(path.name for path in FOLDER.glob("*.yaml")) == list(RULES)
    assert list(MOMENTS) == sorted(MOMENTS)


def counted(rule: Rule) -> bool:
    return rule.in_force and rule.valid_from <= DAY and not isinstance(rule.counting, NoNumber)


def started(rule: Rule) -> dict[str, Moment]:
    return dict.fromkeys(rule.anchors, NOW)


@every_rule
def test_both_languages_are_there_and_different(rule: Rule) -> None:
    duty = rule.duty
    texts = [rule.title, MOMENTS[rule.anchor], MOMENTS[rule.stops_on], compute(rule, started(rule), NOW).explanation]
    if duty is not None:
        texts += [duty.holder, duty.trigger, *([duty.note] if duty.note else [])]
        texts += [item for name in duty.content for item in CONTENTS[name]]
    for text in texts:
        assert JAPANESE.search(text.ja)
        assert not JAPANESE.search(text.en)


@every_rule
def test_the_clock_can_be_counted_and_warns_before_it_is_over(rule: Rule) -> None:
    due = compute(rule, started(rule), NOW)
    if not counted(rule):
        assert (due.due_at, due.due_soon_at) == (None, None)
        assert due.state in {"running", "not_applicable"}
        return
    assert due.due_at is not None
    assert due.due_soon_at is not None
    assert NOW < due.due_soon_at < due.due_at
    assert due.state == "running"


@every_rule
def test_the_clock_waits_for_its_anchor_and_stops(rule: Rule) -> None:
    if not rule.in_force or rule.valid_from > DAY:
        return
    assert compute(rule, {}, NOW).state == "not_started"
    met = compute(rule, {**started(rule), rule.stops_on: NOW}, NOW)
    assert met.state == ("submitted" if rule.duty else "met")


@every_rule
def test_where_the_number_comes_from_is_said(rule: Rule) -> None:
    if rule.duty is None:
        assert rule.source in {"Hikeshi", "Hikeshi guide"} or rule.source.startswith("https://")
    else:
        assert rule.source.strip()
        assert rule.duty.verified_on < rule.duty.review_by


@every_rule
def test_what_is_unsure_or_not_law_is_not_offered(rule: Rule) -> None:
    if rule.duty is not None and rule.duty.ships_on:
        assert (rule.duty.status, rule.duty.confidence) == ("in_force", "high")


@every_rule
def test_a_duty_without_a_number_says_so(rule: Rule) -> None:
    duty = rule.duty
    if duty is not None and duty.kind == "no_number":
        assert isinstance(rule.counting, NoNumber)
    if duty is not None and duty.kind in {"statutory", "guideline"} and duty.stage not in {"register", "relief"}:
        assert not isinstance(rule.counting, NoNumber)


def test_every_way_of_counting_is_counted() -> None:
    ways = set(get_args(Counting)) - {NoNumber}
    assert set(COUNTING) == ways
    assert {type(rule.counting) for rule in rules().values()} == {*ways, NoNumber}
