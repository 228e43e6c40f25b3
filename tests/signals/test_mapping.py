"""Mappings of a company's own: written in YAML, checked strictly, and never in the way of each other."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hikeshi.errors import Unreadable
from hikeshi.signals import mapped, mapping, paths
from hikeshi.signals.mapped import Mapped
from hikeshi.signals.reading import read, read_signals

OWN = """\
name: door
about: our own door sensor
match:
  - path: door_version
each: items[]
key: [id]
cause: [kind]
title: "{who.name} at {where}"
kind: kind
severity:
  path: level
  words: {red: 9}
  of: 5
  otherwise: 3
observables:
  host: [where, "^.site"]
"""

SENT = {"door_version": 2, "site": "tokyo", "items": [
    {"id": 1, "kind": "forced", "who": {"name": "Kim"}, "where": "rack 7", "level": "RED"},
    {"id": 2, "kind": "forced", "who": '{"name": "Lee"}', "where": "rack 8", "level": 2},
    {"kind": "forced"},
]}  # fmt: skip


def own(folder: Path, text: str = OWN, name: str = "door.yaml") -> Path:
    (folder / name).write_text(text)
    return folder


def test_a_mapping_of_our_own_is_used_beside_the_shipped_ones(tmp_path: Path) -> None:
    found = read(json.dumps(SENT).encode(), "x", own=own(tmp_path))
    assert [(one.key, one.title, one.score) for one in found.signals] == [
        ("door:1", "Kim at rack 7", 9.0), ("door:2", "Lee at rack 8", 4.0),
    ]  # fmt: skip
    assert [one.value for one in found.signals[0].observables] == ["rack 7", "tokyo"]
    assert "it has no id" in found.problem
    assert found.problems[0].place == "door $.items[2]"


def test_a_mapping_with_an_error_names_its_line_and_the_others_work(tmp_path: Path) -> None:
    own(own(tmp_path), OWN.replace("otherwise: 3", "otherwise: 11"), "bad.yaml")
    [problem] = mapped.problems(tmp_path)
    assert "bad.yaml" in problem.source
    assert problem.place.startswith("line 14")
    assert len(read_signals(json.dumps(SENT).encode(), "x", own=tmp_path)) == 2


def test_a_changed_file_is_read_again(tmp_path: Path) -> None:
    own(tmp_path)
    assert read(json.dumps(SENT).encode(), "x", own=tmp_path).signals[0].kind == "forced"
    own(tmp_path, OWN.replace("kind: kind", "kind: =door opened"))
    assert read(json.dumps(SENT).encode(), "x", own=tmp_path).signals[0].kind == "door opened"


def test_our_own_mapping_goes_before_a_shipped_one_of_its_name(tmp_path: Path) -> None:
    text = (mapped.SHIPPED / "wazuh.yaml").read_text().replace('"Wazuh:{rule.id}"', '"Ours:{rule.id}"')
    own(tmp_path, text, "wazuh.yaml")
    payload = (Path(__file__).parents[1] / "samples/signals/wazuh/ssh.json").read_bytes()
    assert read_signals(payload, "x", own=tmp_path)[0].kind == "Ours:5712"
    assert read_signals(payload, "x")[0].kind == "Wazuh:5712"


@pytest.mark.parametrize(
    ("change", "reason", "line"),
    [
        (("name: door", "name: Door"), "name", 1),
        (("name: door", "name: door\nname: door"), "given twice", 2),
        (("key: [id]", "key: []"), "key", 6),
        (("key: [id]", "keys: [id]"), "keys", 1),
        (("kind: kind", "kind: kind..x"), "is no path", 9),
        (('"{who.name} at {where}"', '"{who..name}"'), "is no path", 8),
        (("each: items[]", "each: items[x]"), "is no path", 5),
        (("host:", "hots:"), "hots", 15),
        (("{red: 9}", "{red: 9, RED: 8}"), "given twice", 12),
        (("of: 5", "of: 0"), "of", 13),
    ],
)
def test_every_error_names_line_and_reason(change: tuple[str, str], reason: str, line: int) -> None:
    with pytest.raises(Unreadable) as problem:
        mapping.parse(OWN.replace(*change).encode(), source="door.yaml")
    assert reason in str(problem.value)
    assert problem.value.source == "door.yaml"
    assert abs(int(problem.value.place.split(",")[0].removeprefix("line ")) - line) <= 1


def test_the_name_of_a_shape_is_taken(tmp_path: Path) -> None:
    own(tmp_path, OWN.replace("name: door", "name: guardduty"))
    assert "there is a reader 'guardduty' already" in str(mapped.problems(tmp_path)[0])


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("a.b", [1]), ("a.c.d", [2]), ("list[].x", [3, 4]), ("list[1].x", [4]), ("list[9].x", []), ("^.top", [5]),
        ("text.y", [6]), ("a.none", []), ("list.x", []), ("flat.list[]", [7, 8]),
    ],
)  # fmt: skip
def test_paths(path: str, found: list[int]) -> None:
    value = {
        "a": {"b": 1, "c.d": 2, "none": None},
        "list": [{"x": 3}, {"x": 4}],
        "text": '{"y": 6}',
        "flat.list": [7, 8],
    }
    assert list(paths.find(value, path, {"top": 5})) == found


def test_two_alerts_without_an_id_are_told_apart_by_a_digest() -> None:
    it = Mapped(mapping.parse(OWN.replace("key: [id]", 'key: ["#who"]').encode()))
    signals = [it.signal(part) for _, part in list(it.parts(SENT))[:2]]
    assert signals[0].key != signals[1].key
