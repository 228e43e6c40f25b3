from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from hypothesis import given, strategies as st

from hikeshi.errors import Unreadable
from hikeshi.strict_yaml import SIZE_LIMIT, Document, parse, read


class Shape(msgspec.Struct, forbid_unknown_fields=True):
    name: str
    parts: list[dict[str, int]] = []


def complaint(text: str | bytes) -> Unreadable:
    with pytest.raises(Unreadable) as caught:
        parse(text.encode() if isinstance(text, str) else text, source="mine.yaml")
    assert caught.value.source == "mine.yaml"
    return caught.value


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("name: a\nname: b\n", "line 2, column 1", "'name' is given twice"),
        ("a:\n  - b: {c: 1, c: 2}\n", "line 2, column 15", "'c' is given twice"),
        ("a: &x [1]\nb: *x\n", "line 1, column 4", "aliases are not allowed"),
        ("a: *x\n", "line 1, column 4", "aliases are not allowed"),
        ("a: !!python/object:os.system ls\n", "line 1, column 4", "not allowed"),
        ("a: !!binary aGk=\n", "line 1, column 4", "not allowed"),
        ("a: !!map 5\n", "line 1, column 4", "not allowed"),
        ("a: {<<: {b: 1}}\n", "line 1, column 5", "not allowed"),
        ("a: [1\n", "line 2, column 1", "expected"),
        ("a: 1\n b: 2\n", "line 2, column 3", "mapping values"),
        ("ok: 1\non: 2\n", "line 2, column 1", "a key has to be text"),
        ("2.1: x\n", "line 1, column 1", "a key has to be text"),
        ("? [1]\n: x\n", "line 1, column 3", "a key has to be text"),
        ("day: 2026-13-45\n", "line 1, column 6", "not a value"),
        ("a: " + "9" * 5000, "line 1, column 4", "not a value"),
        ('a: "\\ud800"\n', "line 1, column 7", "invalid Unicode"),
        ("a: 1\n---\nb: 1\n", "line 2, column 1", "another document"),
        ("[" * 5000, "line 1, column 21", "nested deeper"),
        ("", "line 1", "empty"),
    ],
)
def test_what_is_wrong_is_named_with_line_and_column(text: str, place: str, message: str) -> None:
    error = complaint(text)
    assert (error.place, message in error.message) == (place, True), error.message


def test_other_encodings_and_control_signs_are_unreadable() -> None:
    assert "UTF-8" in complaint(b"a: \xff").message
    assert "UTF-8" in complaint("a: b".encode("utf-16")).message
    assert "UTF-8" in complaint("a: \x07").message
    assert parse(b"\xef\xbb\xbfa: 1", source="with a mark").value == {"a": 1}


def test_files_beyond_the_limit_are_not_read(tmp_path: Path) -> None:
    path = tmp_path / "big.yaml"
    path.write_bytes(b"#" * (SIZE_LIMIT + 1))
    with pytest.raises(Unreadable, match="larger than"):
        read(path)
    with pytest.raises(Unreadable, match="No such file"):
        read(tmp_path / "absent.yaml")


@pytest.mark.parametrize(
    ("text", "place", "message"),
    [
        ("name: 1\n", "line 1, column 1", "name: Expected `str`, got `int`"),
        ("name: a\nparts:\n  - x: 1\n  - x: b\n", "line 4, column 5", "Expected `int`"),
        ("name: a\nsurplus: 1\n", "line 1, column 1", "unknown field `surplus`"),
        ("\nparts: []\n", "line 2, column 1", "missing required field `name`"),
    ],
)
def test_what_does_not_fit_the_shape_is_named_with_its_line(text: str, place: str, message: str) -> None:
    with pytest.raises(Unreadable) as caught:
        parse(text.encode(), source="mine.yaml").convert(Shape)
    assert (caught.value.place, message in caught.value.message) == (place, True), caught.value.message


@given(st.binary(max_size=300) | st.text("{}[]:,&*!|>'\"?-# \n\tab1<=~.@%`", max_size=60).map(str.encode))
def test_no_text_crashes_the_reader(text: bytes) -> None:
    with contextlib.suppress(Unreadable):
        assert isinstance(parse(text, source="any"), Document)


values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**9), 10**9) | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("abc", min_size=1, max_size=3), inner, max_size=3)
    ),
    max_leaves=8,
)


@given(values)
def test_plain_values_read_back_as_written(value: Any) -> None:
    written = yaml.safe_dump(value).encode()
    assert parse(written, source="any").value == value
