"""JSON logs cut into records, whole or damaged."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import given, strategies as st

from hikeshi.errors import Unreadable
from hikeshi.events import json_records
from hikeshi.events.json_records import Record, records
from hikeshi.events.source import Source

A, B, C = ({"k": letter, "n": {"m": [1, {"o": 2}]}} for letter in "abc")


def found(content: bytes) -> tuple[list[object], list[Unreadable]]:
    pieces = list(records(Source.of(content)))
    return [json.loads(bytes(p.data)) for p in pieces if isinstance(p, Record)], [
        p for p in pieces if isinstance(p, Unreadable)
    ]


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("key", ["Records", "Events", "events", "Findings", "findings"])
def test_a_wrapped_list_is_unwrapped(key: str, indent: int | None) -> None:
    assert found(json.dumps({key: [A, B]}, indent=indent).encode()) == ([A, B], [])


def test_the_list_may_stand_behind_other_keys() -> None:
    assert found(json.dumps({"NextToken": "x", "Events": [A]}).encode()) == ([A], [])


@pytest.mark.parametrize("indent", [None, 2])
def test_arrays_and_single_records_are_read(indent: int | None) -> None:
    assert found(json.dumps([A, B], indent=indent).encode()) == ([A, B], [])
    assert found(json.dumps(A, indent=indent).encode()) == ([A], [])


def test_lines_are_read_and_empty_ones_passed_over() -> None:
    content = b"\n\n".join(json.dumps(one).encode() for one in (A, B, {"Records": [C, A]}, [B])) + b"\n"
    assert found(content) == ([A, B, C, A, B], [])


def test_documents_one_after_another_are_read() -> None:
    assert found(json.dumps(A, indent=1).encode() + b"\n" + json.dumps(B, indent=1).encode()) == ([A, B], [])
    assert found(b"".join(json.dumps({"Records": [one]}, indent=1).encode() for one in (A, B))) == ([A, B], [])


def test_records_are_numbered_through_the_file() -> None:
    content = b"\n".join(json.dumps({"Records": [A, B]}).encode() for _ in range(3))
    assert [one.seq for one in records(Source.of(content)) if isinstance(one, Record)] == [1, 2, 3, 4, 5, 6]


def test_a_hole_costs_only_its_record() -> None:
    content = json.dumps({"Records": [A, B, C]}).encode().replace(b'"k": "b"', b'"k": "b', 1)
    good, troubles = found(content)
    assert good == [A, C]
    assert len(troubles) == 1
    assert troubles[0].place == "document, byte " + str(content.index(b'{"k": "b'))


@given(st.integers(1, 200))
def test_a_cut_off_document_gives_the_whole_records_and_one_hole(cut: int) -> None:
    content = json.dumps({"Records": [A, B, C]}).encode()
    good, troubles = found(content[:cut])
    assert good == [A, B, C][: len(good)]
    assert len(troubles) <= 1


def test_nesting_without_end_is_unreadable() -> None:
    for content in (b"[" * 100_000, b'{"a":' * 100_000, b'{"Records":[' + b"[" * 100_000):
        good, troubles = found(content)
        assert good == []
        assert troubles


@given(st.binary(max_size=200) | st.text(alphabet='{}[]",:ak1 \n\\', max_size=60).map(str.encode))
def test_no_bytes_raise(content: bytes) -> None:
    list(records(Source.of(content)))


@given(st.lists(st.dictionaries(st.sampled_from("xyz"), st.integers() | st.text(max_size=5), min_size=1), max_size=8))
def test_whatever_the_wrapping_the_records_are_the_same(items: list[dict[str, object]]) -> None:
    shapes = [json.dumps({"Records": items}), json.dumps(items), json.dumps(items, indent=1)]
    assert all(found(shape.encode())[0] == items for shape in shapes)


def test_a_damaged_document_is_walked_through_in_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_records, "WINDOW", 400)
    items = [{"k": str(n), "n": {"m": "x" * (n % 90)}} for n in range(200)]
    good, troubles = found(json.dumps({"Records": items}).encode()[:-2] + b',{"k":')
    assert (good, len(troubles)) == (items, 1)


def test_a_long_list_is_cut_only_where_records_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_records, "PIECE", 1)
    monkeypatch.setattr(Source, "pieces", pieces_of_99)
    items = [{"k": str(n), "n": [{"k": 1}, {"k": '},{"k":'}]} for n in range(300)]
    for layout in (json.dumps({"Records": items}), json.dumps(items, indent=1)):
        assert found(layout.encode()) == (items, [])


def pieces_of_99(self: Source) -> Iterator[bytes]:
    first, self._kept = self._kept, b""
    yield first[:70]
    for at in range(70, len(first), 99):
        yield first[at : at + 99]
