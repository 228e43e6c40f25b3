"""Steps and options are put in, taken out and moved in the YAML: everything else stays as people wrote it."""

from __future__ import annotations

import difflib

import pytest

from hikeshi.errors import Refused
from hikeshi.playbooks.arranging import insert, swap, take
from hikeshi.playbooks.editing import clear, put
from hikeshi.playbooks.leading import also, lead, led_to
from hikeshi.playbooks.playbook import loads
from hikeshi.playbooks.shelf import FOLDER, LIBRARY
from hikeshi.strict_yaml import parse

TEXT = """\
name: small
steps:
  # the first one
  - key: "1.1"
    kind: manual  # by people

  - key: "1.2"
    options:
      - value: a
        label: {en: A, ja: 甲}
      - {value: b, label: {en: B, ja: 乙}}

  # -- the rest --

  - key: "1.3"
    when: choice["1.2"] == "a"
"""
STEPS = ("steps",)


def lines(before: str, after: str) -> list[str]:
    return [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]


def steps(text: str) -> list[dict[str, object]]:
    found: list[dict[str, object]] = parse(text.encode(), source="t").value["steps"]
    return found


def test_a_step_is_put_in_where_it_is_wanted() -> None:
    for place in range(4):
        text = insert(TEXT, STEPS, place, {"key": "9.9", "title": {"en": "It: new", "ja": "新"}})
        assert [one["key"] for one in steps(text)].index("9.9") == place
        assert all(line.startswith("+") for line in lines(TEXT, text))


def test_a_step_goes_with_the_comment_above_it_and_nothing_else() -> None:
    assert [one["key"] for one in steps(take(TEXT, STEPS, 1))] == ["1.1", "1.3"]
    text = take(TEXT, STEPS, 0)
    assert "the first one" not in text
    assert "-- the rest --" in text
    assert take(TEXT, STEPS, 2).rstrip().endswith("乙}}")


def test_two_steps_change_places() -> None:
    text = swap(TEXT, STEPS, 0)
    assert [one["key"] for one in steps(text)] == ["1.2", "1.1", "1.3"]
    assert text.index("the first one") < text.index('key: "1.1"  '.strip())
    assert swap(text, STEPS, 0) == TEXT


def test_options_come_and_go_and_the_list_with_the_last_one() -> None:
    path = ("steps", 1, "options")
    text = insert(TEXT, path, 2, {"value": "c", "label": {"en": "C", "ja": "丙"}})
    assert lines(TEXT, text) == ["+       - value: c", "+         label:", "+           en: C", "+           ja: 丙"]
    assert "options" not in steps(take(take(TEXT, path, 1), path, 0))[1]
    assert steps(insert(TEXT, ("steps", 0, "options"), 0, {"value": "d"}))[0]["options"] == [{"value": "d"}]


def test_what_is_written_in_braces_is_left_to_the_yaml() -> None:
    for text in ("steps: [{key: a}, {key: b}]\n", "steps: 5\n", "steps: {a: b}\n"):
        with pytest.raises(Refused, match="steps"):
            insert(text, STEPS, 1, {"key": "c"})


@pytest.mark.parametrize("name", LIBRARY[::8])
def test_the_library_can_be_rearranged(name: str) -> None:
    text = (FOLDER / f"{name}.yaml").read_text(encoding="utf-8")
    count = len(loads(text.encode()).steps)
    for place in (0, count - 2):
        assert swap(swap(text, STEPS, place), STEPS, place) == text
        assert len(steps(take(text, STEPS, place))) == count - 1
        assert len(steps(insert(text, STEPS, place, {"key": "9.9"}))) == count + 1


def test_a_mapping_goes_with_its_last_field() -> None:
    text = put(TEXT, ("steps", 0, "wait", "seconds"), 5)
    assert "wait" not in steps(clear(text, ("steps", 0, "wait", "seconds")))[0]


def test_an_option_leads_to_the_steps_that_ask_for_it_alone() -> None:
    assert led_to(steps(TEXT), "1.2", "a") == ["1.3"]
    text = lead(TEXT, steps(TEXT), "1.2", "b", ["1.1", "1.3"])
    assert led_to(steps(text), "1.2", "b") == ["1.1", "1.3"]
    assert steps(text)[2]["when"] == 'choice["1.2"] in ["a", "b"]'
    text = lead(text, steps(text), "1.2", "b", [])
    assert [one.get("when") for one in steps(text)] == [None, None, 'choice["1.2"] == "a"']


def test_a_condition_that_asks_for_more_is_not_written_over() -> None:
    text = put(TEXT, ("steps", 2, "when"), 'choice["1.2"] == "a" && fact.x > 0')
    assert also(steps(text), "1.2") == ["1.3"]
    assert led_to(steps(text), "1.2", "a") == []
    with pytest.raises(Refused, match=r"Step 1\.3 opens only when"):
        lead(text, steps(text), "1.2", "b", ["1.3"])
    with pytest.raises(Refused, match="no step"):
        lead(text, steps(text), "1.2", "b", ["7.7"])
