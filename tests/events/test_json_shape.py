"""The keys of the first record, however it is wrapped, and nobody else's."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from hypothesis import given, strategies as st

from hikeshi.events.json_shape import _keys, first_record

RECORD = b'{"verb": "get", "user": {"verb": "nested", "list": [{"verb": 1}]}, "n": 3, "last": null}'


@pytest.mark.parametrize(
    "head",
    [
        RECORD,
        b"  \n" + RECORD + b"\n" + RECORD,
        b"[" + RECORD + b", {}]",
        b'{"Records": [' + RECORD + b"]}",
        b'{"configSnapshotId": "x", "configurationItems": [' + RECORD + b', {"other": 1}]}',
        b"2026-11-06T14:20:00.123Z " + RECORD,
        msgspec.json.encode({"timestamp": 1, "message": RECORD.decode()}),
        msgspec.json.encode({"owner": "1", "logEvents": [{"id": "1", "timestamp": 1, "message": RECORD.decode()}]}),
    ],
)
def test_the_keys_of_the_record_itself_are_found_in_every_wrapping(head: bytes) -> None:
    assert first_record(head) == {"verb": "get", "user": "", "n": "", "last": ""}


def test_a_record_that_the_head_cuts_off_has_the_keys_so_far() -> None:
    assert list(first_record(RECORD[:40])) == ["verb", "user"]
    assert first_record(b'{"a": "b", "c": "unfinis') == {"a": "b", "c": ""}


def test_a_record_is_the_same_whether_the_head_holds_it_whole_or_not() -> None:
    for samples in (
        "cloudtrail",
        "guardduty",
        "ocsf",
        "waf",
        "awsconfig",
        "securityhub",
        "kubernetes_audit",
        "resolver",
    ):
        for path in (Path(__file__).parents[1] / "samples" / samples).glob("*.json*"):
            head = path.read_bytes()
            assert _of_head(head) == first_record(head), path


def _of_head(head: bytes) -> dict[str, str]:
    found = _keys(head, 0)
    return _keys(found["message"].encode(), 0) if "message" in found else found


def test_an_empty_list_leaves_the_keys_of_its_wrapper() -> None:
    assert first_record(b'{"Records": []}') == {"Records": ""}


def test_a_key_may_hold_signs_and_escapes() -> None:
    assert first_record(rb'{"a\"}{": "\\", "b:,": 1}') == {'a"}{': "\\", "b:,": ""}


@pytest.mark.parametrize("head", [b"", b"{", b"nothing", b"[[[", b"{]", b'"', b'{"\\ud800": 1}', b"}{" * 99])
def test_what_is_no_record_has_no_keys(head: bytes) -> None:
    assert set(first_record(head)) <= {"", "\ud800"}


@pytest.mark.parametrize("sign", [b'{"Records":[', b'{"a":', b"[", b"[{", b'{"Records":[{"a":1},'])
def test_nesting_without_end_is_no_trouble(sign: bytes) -> None:
    assert len(first_record((sign * 70_000)[: 64 * 1024])) <= 2


def test_quotes_cost_no_more_than_the_head() -> None:
    assert first_record(b'{"a":"' + b'\\"' * 32_000) == {"a": ""}


@given(head=st.binary(max_size=200) | st.text('{}[]":,\\ an1', max_size=80).map(str.encode))
def test_arbitrary_bytes_never_raise(head: bytes) -> None:
    first_record(head)
