from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given, strategies as st

from hikeshi.custody.chain import EMPTY, Entry, from_line, read_lines, seal_entry, timestamp, to_line
from hikeshi.custody.verify import verify
from hikeshi.errors import Refused, Unreadable

NOON = datetime(2026, 11, 6, 12, 0, tzinfo=UTC)


def entry(after: tuple[int, str] = EMPTY, **changes: Any) -> Entry:
    fields: dict[str, Any] = {
        "chain": "INC-2026-001",
        "time": NOON,
        "actor": "aoki",
        "door": "console",
        "verb": "incidents.note",
        "object": "INC-2026-001",
        "data": {"text": "隔離した"},
    }
    return seal_entry(after, **(fields | changes))


def test_the_first_entry_stands_on_zeros_and_the_next_on_the_first() -> None:
    first = entry()
    second = entry(first.head)
    assert (first.seq, first.prev) == (1, "0" * 64)
    assert (second.seq, second.prev) == (2, first.hash)


def test_the_hash_is_over_the_canonical_json_of_all_other_fields() -> None:
    sealed = entry()
    fields = json.loads(to_line(sealed))
    stated = fields.pop("hash")
    by_hand = json.dumps(fields, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    assert hashlib.sha256(by_hand.encode()).hexdigest() == stated


@pytest.mark.skipif(not shutil.which("jq"), reason="jq is not installed")
def test_a_stranger_checks_a_line_with_stock_tools() -> None:
    sealed = entry(data={"text": "改ざん検知", "size": 2**53 - 1, "deep": [{"b": None, "a": True}]})
    shell = "jq -jcS 'del(.hash)' | sha256sum"
    answer = subprocess.run(["sh", "-c", shell], input=to_line(sealed), capture_output=True, check=True)
    assert answer.stdout.split()[0].decode() == sealed.hash


def test_times_are_written_in_utc_with_six_digits() -> None:
    jst = timezone(timedelta(hours=9))
    assert entry(time=datetime(2026, 11, 7, 2, 31, tzinfo=jst)).time == "2026-11-06T17:31:00.000000Z"
    assert timestamp(datetime(987, 1, 2, tzinfo=UTC)) == "0987-01-02T00:00:00.000000Z"


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(Refused, match="no time zone"):
        entry(time=NOON.replace(tzinfo=None))


@pytest.mark.parametrize("value", [1.5, 2**53, float("inf"), b"x", NOON])
def test_data_that_is_not_plain_json_is_refused(value: Any) -> None:
    with pytest.raises(Refused, match=r"data\.value"):
        entry(data={"value": value})


def test_changing_the_dictionary_afterwards_does_not_reach_the_entry() -> None:
    data: dict[str, Any] = {"groups": ["sg-1"]}
    sealed = entry(data=data)
    data["groups"].append("sg-2")
    assert sealed.data == {"groups": ["sg-1"]}
    assert verify([sealed]).ok


words = st.text(st.characters(codec="utf-8"), max_size=12)


@given(words, words, st.dictionaries(words, st.lists(words | st.integers(-5, 5) | st.none(), max_size=3), max_size=3))
def test_a_line_reads_back_as_the_same_entry(actor: str, verb: str, data: dict[str, Any]) -> None:
    sealed = entry(actor=actor, verb=verb, data=data)
    assert from_line(to_line(sealed)) == sealed
    assert to_line(from_line(to_line(sealed))) == to_line(sealed)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda line: line[:-20],
        lambda line: line.replace(b'"actor":"aoki"', b'"actor":"aoki","actor":"mallory"'),
        lambda line: line.replace(b'"actor"', b'"extra":1,"actor"'),
        lambda line: line.replace(b'":"', b'": "'),
        lambda line: line.replace(b'"seq":1', b'"seq":1.0'),
        lambda line: line.replace(b'"seq":1', b'"seq":9007199254740993'),
        lambda line: line.replace(b'"text":"', b'"size":1.5,"text":"'),
        lambda line: b"\xff" + line,
        lambda line: b"[" * 100_000,
        lambda line: b'{"data":' + b"[" * 900 + b"]" * 900 + b"}",
    ],
)
def test_a_line_in_any_other_form_is_unreadable(spoil: Any) -> None:
    with pytest.raises(Unreadable, match="export, line 7"):
        from_line(spoil(to_line(entry())), source="export", place="line 7")


@given(st.binary(max_size=200))
def test_no_bytes_crash_the_reader(line: bytes) -> None:
    with pytest.raises(Unreadable):
        from_line(line)


def test_an_unreadable_line_is_a_value_and_the_rest_is_read() -> None:
    first = entry()
    second = entry(first.head)
    read = list(read_lines([to_line(first), b"{}\n", b"\n", to_line(second)], source="export"))
    assert [type(value) for value in read] == [Entry, Unreadable, Entry]
    verdict = verify(read)
    assert (verdict.count, [problem.kind for problem in verdict.problems]) == (2, ["unreadable"])
    assert "line 2" in verdict.problems[0].what.en
