"""Deadlines worked out by hand, and three more of every rule counted by a program of another make (vectors.txt)."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from hikeshi.clocks.counting import Due, compute
from hikeshi.clocks.moments import Moment
from hikeshi.clocks.rule import FirstOf, rules

NOW = datetime(2026, 11, 3, tzinfo=UTC)
LINES = [
    line
    for line in (Path(__file__).parent / "vectors.txt").read_text().splitlines()
    if line and not line.startswith("#")
]


def due(rule: str, *moments: str, now: datetime = NOW) -> Due:
    return compute(rules()[rule], dict(map(_moment, moments)), now)


def _moment(text: str) -> tuple[str, Moment]:
    key, _, time = text.partition("=")
    return key, date.fromisoformat(time) if len(time) == 10 else datetime.fromisoformat(time)


def shown(found: Due) -> str:
    """The last day in the zone of the rule, or the instant, as the design writes them."""
    return found.due_at.isoformat() if found.due_at else found.state


@pytest.mark.parametrize("line", LINES, ids=lambda line: line.partition(" -> ")[0])
def test_every_rule_counts_as_another_program_does(line: str) -> None:
    given, _, expected = line.partition(" -> ")
    rule, *moments = given.split()
    found = due(rule, *moments)
    if expected in {"not_applicable", "no date"}:
        assert found.due_at is None
        assert found.state == ("running" if expected == "no date" else "not_applicable")
    else:
        assert found.due_at == datetime.fromisoformat(expected)


def test_every_rule_has_three_vectors() -> None:
    counted = Counter(line.split()[0] for line in LINES)
    by_hand = {rule.name for rule in rules().values() if isinstance(rule.counting, FirstOf)}
    assert by_hand == {"eu-dora-initial"}
    assert {name for name in rules() if counted[name] < 3} == by_hand


@pytest.mark.parametrize(
    ("rule", "moments", "expected"),
    [
        ("jp-appi-preliminary", ["appi_known_on=2026-11-02"], "2026-11-06T23:59:59+09:00"),
        ("jp-appi-final", ["appi_known_on=2026-11-02"], "2026-12-01T23:59:59+09:00"),
        ("jp-appi-final-wrongful-purpose", ["appi_known_on=2026-11-02"], "2027-01-04T23:59:59+09:00"),
        ("eu-gdpr-33-authority", ["aware_at=2026-11-06T16:20+00:00"], "2026-11-09T16:20:00+00:00"),
        ("eu-dora-intermediate", ["aware_at=2026-11-06T09:00+00:00"], "not_started"),
        ("eu-nis2-final", ["notification_submitted_at=2027-01-31"], "2027-02-28T23:59:59+01:00"),
        ("us-sec-8k-105", ["determined_material_on=2026-11-05"], "2026-11-12T17:30:00-05:00"),
        ("us-sec-8k-105", ["determined_material_on=2026-11-07"], "2026-11-13T17:30:00-05:00"),
        ("us-hipaa-individuals", ["discovered_on=2026-11-02"], "2027-01-01T23:59:59-05:00"),
        ("us-hipaa-hhs-under-500", ["discovered_on=2026-11-02"], "2027-03-01T23:59:59-05:00"),
        ("sg-pdpa-commission", ["assessed_notifiable_on=2026-11-06"], "2026-11-09T23:59:59+08:00"),
        ("us-ca-ag", ["individuals_notified_on=2026-11-20"], "2026-12-05T23:59:59-08:00"),
        ("us-circia-72h", ["aware_at=2026-11-06T09:00+00:00"], "not_applicable"),
    ],
)
def test_the_worked_examples_of_the_design(rule: str, moments: list[str], expected: str) -> None:
    assert shown(due(rule, *moments)) == expected


@pytest.mark.parametrize(
    ("classified", "expected"),
    [
        ("2026-11-06T20:00+00:00", "2026-11-07T00:00:00+00:00"),  # four hours come before the cap
        ("2026-11-07T07:00+00:00", "2026-11-07T09:00:00+00:00"),  # the cap binds, two hours are left
        ("2026-11-07T15:00+00:00", "2026-11-07T19:00:00+00:00"),  # classified late: only its own four hours
        ("", "2026-11-07T09:00:00+00:00"),  # not classified yet: the cap, and a remark that it may fall away
    ],
)
def test_two_limits_bind_at_once_and_one_of_them_may_fall_away(classified: str, expected: str) -> None:
    moments = ["aware_at=2026-11-06T09:00+00:00", *([f"classified_major_at={classified}"] if classified else [])]
    found = due("eu-dora-initial", *moments)
    assert shown(found) == expected
    assert ("Falls away" in found.explanation.en) == (not classified)


def test_day_three_warns_of_the_preliminary_report() -> None:
    found = due("jp-appi-preliminary", "appi_known_on=2026-11-02")
    assert found.due_soon_at == datetime.fromisoformat("2026-11-04T00:00:00+09:00")
    states = {
        day: due(
            "jp-appi-preliminary", "appi_known_on=2026-11-02", now=datetime.fromisoformat(f"2026-11-{day}T12:00+09:00")
        ).state
        for day in ("03", "04", "06", "07")
    }
    assert states == {"03": "running", "04": "due_soon", "06": "due_soon", "07": "overdue"}


def test_an_instant_is_the_day_it_was_where_the_law_is() -> None:
    late_in_tokyo = due("jp-appi-final", "appi_known_on=2026-11-01T15:30+00:00")  # the 2nd there already
    assert shown(late_in_tokyo) == "2026-12-01T23:59:59+09:00"


def test_of_a_day_alone_the_first_moment_counts_and_that_is_said() -> None:
    found = due("eu-gdpr-33-authority", "aware_at=2026-11-06")
    assert shown(found) == "2026-11-09T00:00:00+00:00"
    assert "Only the day is known" in found.explanation.en


def test_a_year_without_holidays_asks_for_review_and_names_no_date() -> None:
    found = due("jp-appi-final", "appi_known_on=2030-05-01")
    assert (found.state, found.due_at) == ("needs_review", None)
    assert "2030" in found.explanation.en


def test_a_rule_does_not_reach_back_before_it_applied() -> None:
    assert due("eu-cra-vuln-24h", "aware_at=2026-09-10T00:00+00:00").state == "not_applicable"
    assert due("eu-cra-vuln-24h", "aware_at=2026-09-11T00:00+00:00").due_at is not None


def test_a_filing_meets_the_duty_and_a_late_one_stays_late() -> None:
    known = "appi_known_on=2026-11-02"
    assert due("jp-appi-final", known, "filed_at=2026-12-01T23:00+09:00").state == "submitted"
    assert due("jp-appi-final", known, "filed_at=2026-12-01").state == "submitted"
    late = due("jp-appi-final", known, "filed_at=2026-12-02T01:00+09:00")
    assert late.state == "submitted_late"
    assert "late" in late.explanation.en


def test_a_filing_before_its_moment_is_known_is_a_filing() -> None:
    found = due("jp-appi-final", "filed_at=2026-12-02T01:00+09:00")
    assert (found.state, found.due_at) == ("submitted", None)
    assert "cannot be said" in found.explanation.en
