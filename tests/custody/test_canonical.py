from __future__ import annotations

import json
from typing import Any

import pytest
import rfc8785
from hypothesis import given, strategies as st

from hikeshi.custody.canonical import INTEGER_LIMIT, canonical, digest
from hikeshi.errors import Refused

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-INTEGER_LIMIT, INTEGER_LIMIT)
    | st.text(st.characters(codec="utf-8"), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(plain)
def test_plain_json_reads_back_as_it_was(value: Any) -> None:
    assert json.loads(canonical(value)) == value


@given(st.dictionaries(st.text(st.characters(codec="utf-8"), max_size=5), plain, max_size=5))
def test_the_order_of_keys_does_not_matter(value: dict[str, Any]) -> None:
    assert digest(value) == digest(dict(reversed(value.items())))


@given(plain)
def test_the_bytes_are_those_of_the_rfc(value: Any) -> None:
    assert canonical(value) == rfc8785.dumps(value)


def test_every_character_is_escaped_as_the_rfc_asks() -> None:
    text = "".join(map(chr, [*range(0x3000), 0xE000, 0xFFFD, 0xFFFF]))
    assert canonical(text) == rfc8785.dumps(text)


def test_keys_are_ordered_by_utf_16_as_the_rfc_asks() -> None:
    assert canonical({"\U0001f600": 1, "\ufb33": 2, "\u20ac": 3}) == '{"\u20ac":3,"\U0001f600":1,"\ufb33":2}'.encode()


@pytest.mark.parametrize(
    ("value", "place"),
    [
        ({"a": [1, 2.0]}, "data.a[1] is the float"),
        ({"a": {"b": float("nan")}}, "data.a.b is the float nan"),
        ({"size": 2**53}, "data.size is an integer beyond"),
        ({"size": -(2**53)}, "data.size is an integer beyond"),
        ({"size": 10**5000}, "data.size is an integer beyond"),
        ({"a": b"bytes"}, "data.a is a bytes"),
        ({"a": {1: 2}}, "data.a has the key 1"),
        ({"a": "\ud800"}, "data.a contains half a surrogate"),
        ({"\ud800": 1}, "data has a key with half a surrogate"),
    ],
)
def test_what_verifiers_could_read_differently_is_refused_by_name(value: Any, place: str) -> None:
    with pytest.raises(Refused) as caught:
        canonical(value)
    assert place in caught.value.message
    assert caught.value.hint


def test_bottomless_nesting_is_refused_and_does_not_crash() -> None:
    value: list[Any] = []
    for _ in range(5000):
        value = [value]
    with pytest.raises(Refused, match="nested deeper"):
        canonical(value)
