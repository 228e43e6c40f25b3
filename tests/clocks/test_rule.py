from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from hikeshi.clocks.rule import Elapsed, load, problems, rules, use_own

GOOD: dict[str, Any] = {
    "name": "response.test",
    "title": {"en": "Respond", "ja": "対応開始"},
    "anchor": "detected_at",
    "counting": {"mode": "elapsed", "seconds": 60},
    "warn_at": {"fraction": 0.5},
    "stops_on": "acknowledged_at",
    "source": "a test",
    "version": 1,
    "valid_from": date(2026, 1, 1),
}


def write(tmp_path: Path, *rows: dict[str, Any]) -> Path:
    path = tmp_path / "rules.yaml"
    # Copied one by one: PyYAML writes what is shared as an alias, and aliases are not allowed.
    path.write_text(yaml.safe_dump([deepcopy(row) for row in rows], sort_keys=False, allow_unicode=True))
    return path


def test_a_rule_is_read_as_written(tmp_path: Path) -> None:
    rule = load(write(tmp_path, GOOD)).rules["response.test"]
    assert (rule.counting, rule.anchor, rule.title.ja) == (Elapsed(seconds=60), "detected_at", "対応開始")
    assert rule.valid_from == date(2026, 1, 1)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"anchor": "deteted_at"}, "'deteted_at' is not a moment"),
        ({"stops_on": "sometime"}, "'sometime' is not a moment"),
        ({"stops_on": "detected_at"}, "would stop as it starts"),
        ({"counting": {"mode": "lunar", "seconds": 1}}, "lunar"),
        ({"counting": {"mode": "elapsed", "seconds": 0}}, ">= 1"),
        ({"counting": {"mode": "elapsed", "seconds": 1.5}}, "Expected `int`"),
        ({"counting": {"mode": "elapsed", "seconds": 10**12}}, "<="),
        ({"counting": {"mode": "elapsed", "seconds": 5, "minutes": 1}}, "unknown field `minutes`"),
        ({"warn_at": {}}, "one of `fraction`, `seconds_before` and `day`"),
        ({"warn_at": {"fraction": 0.5, "seconds_before": 5}}, "one of `fraction`, `seconds_before` and `day`"),
        ({"warn_at": {"fraction": 1}}, "< 1"),
        ({"title": {"en": "only English"}}, "missing required field `ja`"),
        ({"title": {"en": " ", "ja": "あ"}}, "regex"),
        ({"name": "Response SEV1"}, "regex"),
        ({"valid_from": "soon"}, "Invalid"),
        ({"colour": "red"}, "unknown field `colour`"),
    ],
)
def test_a_wrong_field_is_named_with_file_and_line(tmp_path: Path, change: dict[str, Any], message: str) -> None:
    path = write(tmp_path, GOOD | {"name": "response.first"}, GOOD | change)
    found = load(path)
    (problem,) = found.problems
    assert message in problem.message
    assert problem.source == str(path)
    # The first rule is sound, so the line has to be one of the second; and it works.
    assert int(problem.place.split()[1].rstrip(",")) > len(yaml.safe_dump([GOOD]).splitlines())
    assert list(found.rules) == ["response.first"]


def test_a_rule_given_twice_is_unreadable(tmp_path: Path) -> None:
    found = load(write(tmp_path, GOOD, GOOD))
    (problem,) = found.problems
    assert len(found.rules) == 1
    assert "1.name: the rule response.test is there twice" in problem.message


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Path]:
    """A folder of own rules, forgotten afterwards."""
    use_own(tmp_path)
    yield tmp_path
    use_own(tmp_path / "nothing")


def test_an_own_rule_stands_beside_ours(own: Path) -> None:
    write(own, GOOD | {"name": "customer-acme-24h"})
    use_own(own)
    assert "customer-acme-24h" in rules()
    assert "response.sev1" in rules()


def test_an_own_file_with_errors_leaves_the_rest_working(own: Path) -> None:
    write(own, GOOD | {"name": "sound-one"}, GOOD | {"name": "BAD"}, GOOD | {"name": "response.sev1"})
    (own / "broken.yaml").write_text("- {name: [")
    use_own(own)
    assert "sound-one" in rules()
    assert rules()["response.sev1"].source == "Hikeshi guide"
    told = [str(problem) for problem in problems()]
    assert len(told) == 3
    assert any("there is a rule response.sev1 already" in one for one in told)
    assert all("rules.yaml" in one or "broken.yaml" in one for one in told)


def test_the_rules_are_read_once_and_cannot_be_spoilt_by_a_caller() -> None:
    mine = rules()
    mine.clear()
    assert rules()["response.sev1"] is rules()["response.sev1"]
