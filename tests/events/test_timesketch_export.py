from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from hikeshi.errors import Unreadable
from hikeshi.events.event import COLUMNS, Event
from hikeshi.events.named_fields import OWN
from hikeshi.events.reading import parse, read
from hikeshi.events.source import Source
from hikeshi.events.timesketch_export import FIELDS, LONGEST, UNSAFE, Exported, write_csv, write_jsonl

SAMPLES = Path(__file__).parents[1] / "samples"
KEPT = [name for name in COLUMNS if name not in OWN - {"message", "ts", "ts_desc", "ts_sub"}]
TRACES = ("event_uid", "evidence_sha256", "offset", "parser_version", "path", "seq", "source_kind")


def made(**fields: Any) -> dict[str, Any]:
    return msgspec.structs.asdict(Event(ts=0, message="m", source_kind="cloudtrail")) | fields


def as_csv(*rows: dict[str, Any]) -> tuple[bytes, Exported]:
    out = io.StringIO(newline="")
    done = write_csv(rows, out)
    return out.getvalue().encode(), done


def as_jsonl(*rows: dict[str, Any]) -> tuple[bytes, Exported]:
    out = io.BytesIO()
    done = write_jsonl(rows, out)
    return out.getvalue(), done


def back(content: bytes) -> list[Event]:
    both = list(read(Source.of(content)))
    assert not [str(one) for one in both if isinstance(one, Unreadable)]
    return [one for one in both if isinstance(one, Event)]


@pytest.mark.parametrize("write", [as_csv, as_jsonl])
@pytest.mark.parametrize("kind", ["cloudtrail", "evtx", "guardduty", "vpcflow"])
def test_every_column_of_every_sample_comes_back(write: Any, kind: str) -> None:
    events = [event for event in parse([SAMPLES / kind]) if isinstance(event, Event)]
    again = back(write(*map(msgspec.structs.asdict, events))[0])
    assert len(again) == len(events)
    for one, other in zip(events, again, strict=True):
        assert other.source_kind == "timesketch"
        for name in KEPT:
            if name != "severity":  # stored as a 32-bit number
                expected = getattr(one, name)
                assert (
                    getattr(other, name) == (expected.strip() if isinstance(expected, str) else expected)
                    or not expected
                )
        kept = json.loads(other.attrs or b"{}")
        before = json.loads(one.attrs or b"{}")
        assert {name: value for name, value in kept.items() if name not in TRACES} == {
            name: value for name, value in before.items() if name not in TRACES
        }


def test_the_form_is_timesketchs() -> None:
    row = json.loads(as_jsonl(made(ts=1_794_018_667_123_456, ts_desc="completed"))[0])
    assert row["datetime"] == "2026-11-07T02:31:07.123456+00:00"
    assert row["timestamp"] == 1_794_018_667_123_456
    assert row["timestamp_desc"] == "completed (cloudtrail)"
    assert FIELDS[:4] == ("message", "datetime", "timestamp", "timestamp_desc")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "=cmd|'/c calc'!A0"])
def test_no_cell_is_a_formula_and_it_comes_back(text: str) -> None:
    content, _ = as_csv(made(user_agent=text))
    cell = next(csv.DictReader(io.StringIO(content.decode(), newline="")))["user_agent"]
    assert cell == f"'{text}"
    assert back(content)[0].user_agent == text


def test_terminals_and_readers_are_not_fooled_and_json_keeps_the_text() -> None:
    text = "a\x1b[2Jb\u202egpj.exe\x85"
    plain, _ = as_csv(made(user_agent=text))
    lines, _ = as_jsonl(made(user_agent=text))
    assert not UNSAFE.search(plain.decode())
    assert not UNSAFE.search(lines.decode())
    assert "a\\x1b[2Jb\\u202egpj.exe\\x85" in plain.decode()
    assert back(lines)[0].user_agent == text


def test_what_is_left_out_is_counted() -> None:
    content, done = as_jsonl(made(ts=1 << 62), made(user_agent="é" * LONGEST))
    assert done == Exported(rows=1, undated=1, cut=1)
    assert len(json.loads(content)["user_agent"].encode()) <= LONGEST


def test_rows_of_a_store_have_text_where_events_have_bytes() -> None:
    content, _ = as_csv(made(event_uid="ab" * 16, attrs='{"a": 1}', resource_ids=["x", "y"]))
    again = back(content)[0]
    assert again.resource_ids == ["x", "y"]
    assert json.loads(again.attrs or b"")["a"] == 1


@settings(deadline=None)
@given(message=st.text(max_size=30), agent=st.text(max_size=30))
def test_any_text_can_be_written_and_read(message: str, agent: str) -> None:
    for content, done in (
        as_csv(made(message=message, user_agent=agent)),
        as_jsonl(made(message=message, user_agent=agent)),
    ):
        assert done.rows == len(back(content)) == 1
        assert not UNSAFE.search(content.decode())
