"""From files to rules: what is kept, what is an error of one rule, what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from hikeshi.errors import Refused
from hikeshi.events.detect.loading import LARGEST, OWN, load

RULE = "title: A\nid: 0c2c4a0e-5d0d-4c66-9c1c-3a0f2b8f3f10\nlogsource: {product: aws}\ndetection: {s: {a: b}, condition: s}\n"
COUNT = (
    "title: C\ncorrelation: {type: event_count, rules: [%s], group-by: [a], timespan: 5m, condition: {gte: 2}}\n"
    "level: high\n"
)


def test_rules_come_from_any_depth_in_the_order_of_paths_and_only_from_yaml(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "b.yaml").write_text(RULE)
    (tmp_path / "a.yml").write_text(RULE)
    (tmp_path / "README.md").write_text("no rule")
    assert [rule.file for rule in load([tmp_path])] == ["a.yml", "deep/b.yaml"]
    assert [rule.file for rule in load([tmp_path / "a.yml"])] == ["a.yml"]


def test_a_rule_says_its_id_level_and_techniques(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(RULE + "level: high\ntags: [attack.t1078.004, attack.initial-access, cve.2021-1]\n")
    [rule] = load([tmp_path])
    assert (rule.id, rule.title, rule.level) == ("0c2c4a0e-5d0d-4c66-9c1c-3a0f2b8f3f10", "A", "high")
    assert rule.techniques == ("T1078.004",)
    assert rule.error == ""


@pytest.mark.parametrize(
    "text",
    ["", "title: [", "just words", "- a\n- b", "title: A", "a: &a [*a]", "title: A\nlogsource: {}\ndetection: {s: {a: b}, condition: s}",
     "title: A\nlogsource: {product: x}\ndetection: {condition: s}", "title: A\nlogsource: x\ndetection: y", "!!python/object:os.system {}",
     "title: A\ncorrelation: {type: nonsense}", "\x00"],
)  # fmt: skip
def test_a_file_that_is_no_rule_is_a_rule_with_an_error(tmp_path: Path, text: str) -> None:
    (tmp_path / "bad.yml").write_text(text)
    (tmp_path / "good.yml").write_text(RULE)
    bad, good = load([tmp_path])
    assert bad.error
    assert bad.file == "bad.yml"
    assert good.error == ""


def test_a_file_that_is_too_long_or_no_text_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_bytes(b"\xff\xfe\x00")
    (tmp_path / "b.yml").write_text("#" * (LARGEST + 1))
    assert all(rule.error for rule in load([tmp_path]))


def test_a_path_that_does_not_exist_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no rules at"):
        load([tmp_path / "nowhere"])


def test_a_correlation_finds_its_rule_by_id_in_another_file(tmp_path: Path) -> None:
    (tmp_path / "a.yml").write_text(RULE)
    (tmp_path / "b.yml").write_text(COUNT % "0c2c4a0e-5d0d-4c66-9c1c-3a0f2b8f3f10")
    (tmp_path / "c.yml").write_text(COUNT % "nobody")
    _, found, lost = load([tmp_path])
    assert found.error == ""
    assert "nobody" in lost.error


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=300))
def test_no_bytes_break_it(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    path = tmp_path_factory.mktemp("any") / "a.yml"
    path.write_bytes(content)
    assert all(rule.error for rule in load([path])) or not content.strip()


def test_our_own_rules_are_whole() -> None:
    rules = load([OWN])
    assert [rule.file for rule in rules if rule.error] == []
    assert len({rule.id for rule in rules}) == len(rules)
    shown = [rule for rule in rules if rule.level != "informational"]
    assert len(shown) >= 60
    for rule in shown:
        assert rule.techniques, rule.file
        assert rule.level in {"low", "medium", "high", "critical"}, rule.file
        assert rule.sigma is not None
        assert rule.sigma.description, rule.file
        assert rule.sigma.falsepositives, rule.file
