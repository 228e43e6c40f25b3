"""A value of the YAML is changed in place: everything else stays as people wrote it."""

from __future__ import annotations

import difflib
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from hikeshi.errors import Refused, Unreadable
from hikeshi.playbooks.editing import Path, flow, put
from hikeshi.playbooks.playbook import loads
from hikeshi.playbooks.shelf import FOLDER, LIBRARY
from hikeshi.strict_yaml import parse

SMALL = """\
# Ours.
name: small   # as the file
version: 1
steps:
  # -- first --
  - key: "1.1"
    title:
      en: Look   # at it
      ja: 見る
    text:
      en: >-
        Look at it
        twice.

      # after the text
      ja: 二度見る
    after: [a, b]

  - {key: "1.2", kind: manual}
# the end
"""


def value(text: str, path: Path) -> Any:
    found = parse(text.encode(), source="t").value
    for name in path:
        found = found[name]
    return found


def lines_changed(before: str, after: str) -> list[str]:
    return [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]


@pytest.mark.parametrize(
    ("path", "new", "lines"),
    [
        (("version",), 2, ["- version: 1", "+ version: 2"]),
        (("name",), "other", ["- name: small   # as the file", "+ name: other   # as the file"]),
        (("steps", 0, "title", "en"), "Read: it", ["-       en: Look   # at it", '+       en: "Read: it"   # at it']),
        (("steps", 0, "text", "en"), "Once.", ["+       en: Once.", "-       en: >-", "-         Look at it", "-         twice."]),
        (("steps", 0, "after"), ["1.1"], ["-     after: [a, b]", '+     after: ["1.1"]']),
        (("steps", 0, "after"), None, ["-     after: [a, b]"]),
        (("steps", 0, "when"), "fact.x > 0", ['+     when: "fact.x > 0"']),
        (("steps", 0, "key"), None, ['-   - key: "1.1"', "-     title:", "+   - title:"]),
        (("steps", 0, "deadline", "en"), "Soon", ["+     deadline:", "+       en: Soon"]),
        (("steps", 1, "kind"), "evidence", ['-   - {key: "1.2", kind: manual}', '+   - {key: "1.2", kind: evidence}']),
        (("severity",), "SEV-1", ["+ severity: SEV-1"]),
    ],
)  # fmt: skip
def test_only_the_lines_of_the_value_change(path: Path, new: Any, lines: list[str]) -> None:
    assert lines_changed(SMALL, put(SMALL, path, new)) == lines


def test_what_is_so_already_changes_nothing() -> None:
    assert put(SMALL, ("version",), 1) is SMALL
    assert put(SMALL, ("steps", 0, "when"), None) is SMALL
    assert put(SMALL, ("steps", 0, "draft", "subject"), None) is SMALL


def test_long_texts_are_folded_and_lines_are_kept() -> None:
    long = "one word after another, " * 12 + "the end"
    assert ">-\n" in put(SMALL, ("steps", 0, "text", "en"), long)
    several = "first\n\nsecond: and more\n  third"
    changed = put(SMALL, ("steps", 0, "text", "ja"), several)
    assert value(changed, ("steps", 0, "text", "ja")) == several


@pytest.mark.parametrize("path", [("steps", 9, "key"), ("name", "x"), ("steps", 1, "when"), ("steps", "x")])
def test_what_cannot_be_changed_by_itself_is_refused(path: Path) -> None:
    with pytest.raises(Refused):
        put(SMALL, path, "x")


def test_a_text_that_cannot_be_read_is_not_touched() -> None:
    with pytest.raises(Unreadable, match="line 3"):
        put("a: 1\nb: [\n", ("a",), 2)


@settings(max_examples=60)
@given(new=st.text(st.characters(exclude_categories=["Cs"]), max_size=200))
def test_any_text_comes_out_as_it_went_in(new: str) -> None:
    try:
        changed = put(SMALL, ("steps", 0, "title", "ja"), new)
    except (Refused, Unreadable):  # such as a control character, which YAML has no form for
        return
    assert value(changed, ("steps", 0, "title", "ja")) == new
    assert "# at it" in changed


@given(new=st.one_of(st.booleans(), st.integers(), st.lists(st.text(st.characters(codec="ascii")), max_size=3)))
def test_plain_values_are_read_back(new: Any) -> None:
    assert parse(f"a: {flow(new)}\n".encode(), source="t").value["a"] == new


@pytest.mark.parametrize("name", LIBRARY)
def test_every_text_of_the_library_can_be_changed_and_changed_back(name: str) -> None:
    text = (FOLDER / f"{name}.yaml").read_text()
    book = loads(text.encode())
    path: Path = ("steps", len(book.steps) - 1, "text", "ja")
    changed = put(text, path, "短い")
    assert text.count("#") == changed.count("#")
    assert loads(put(changed, path, value(text, path)).encode()) == book
