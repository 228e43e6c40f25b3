"""Typed records that do not lose everything over one field."""

from __future__ import annotations

import msgspec
import pytest

from hikeshi.events.json_records import BROKEN
from hikeshi.events.json_typed import object_of, reader, rest


class Part(msgspec.Struct):
    number: int = 0
    text: str | None = None


class Record(msgspec.Struct):
    name: str
    parts: list[Part] = []
    by_name: dict[str, Part] | None = None
    raw: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET


read = reader(Record)


def test_a_record_as_documented_is_read_as_it_is() -> None:
    assert read(b'{"name":"a","parts":[{"number":1,"text":"x"}]}') == Record("a", [Part(1, "x")])


def test_a_misfit_is_left_out_and_the_others_stay() -> None:
    found = read(b'{"name":"a","parts":[{"number":"one","text":"x"},7,{"number":2,"text":[]}],"raw":{"k":[1]}}')
    assert found.parts == [Part(0, "x"), Part(2, None)]
    assert msgspec.json.decode(bytes(found.raw)) == {"k": [1]}  # type: ignore[arg-type]  # it is set


def test_a_misfit_under_a_name_of_its_own_costs_the_whole_object() -> None:
    assert read(b'{"name":"a","by_name":{"one":{"number":"x"}}}').by_name is None


@pytest.mark.parametrize("data", [b"[]", b"3", b'{"other":1}', b'{"name":3}', b"{", b"\xff", b"[" * 100_000])
def test_what_cannot_be_such_a_record_is_broken(data: bytes) -> None:
    with pytest.raises(BROKEN):
        read(data)


def test_a_record_of_misfits_is_another_logs() -> None:
    many = msgspec.json.encode({"name": "a", "parts": ["x"] * 500})
    with pytest.raises(BROKEN):
        read(many)


def test_what_has_no_column_is_kept_as_it_was_written() -> None:
    assert rest(b'{"a": 1, "b": {"c":  1.50}, "d": "x"}', frozenset({"a", "d"})) == b'{"b":{"c":  1.50}}'
    assert rest(b'{"a": 1}', frozenset({"a"})) is None


def test_an_object_is_read_from_text_or_is_empty() -> None:
    assert object_of(b'{"a":1}') == {"a": 1}
    assert object_of(b"[1]") == object_of(b"nothing") == {}
