from __future__ import annotations

from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from hikeshi.clocks.rule import Elapsed, load, rules
from hikeshi.errors import Unreadable

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
    rule = load(write(tmp_path, GOOD))["response.test"]
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
    with pytest.raises(Unreadable) as caught:
        load(path)
    assert message in caught.value.message
    assert caught.value.source == str(path)
    # The first rule is sound, so the line has to be one of the second.
    assert int(caught.value.place.split()[1].rstrip(",")) > len(yaml.safe_dump([GOOD]).splitlines())


def test_a_rule_given_twice_is_unreadable(tmp_path: Path) -> None:
    with pytest.raises(Unreadable, match="there twice"):
        load(write(tmp_path, GOOD, GOOD))


def test_the_rules_are_read_once_and_cannot_be_spoilt_by_a_caller() -> None:
    mine = rules()
    mine.clear()
    assert rules()["response.sev1"] is rules()["response.sev1"]
