"""With --json there is one document, or one object per line, and nothing else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import pytest
from hypothesis import given, strategies as st

from hikeshi.doors.cli import answer
from hikeshi.doors.cli.answer import Answer, write
from hikeshi.doors.cli.options import Options

JSON = Options(json=True)
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(VALUES)
def test_any_answer_is_one_line_of_json_that_says_the_same(value: object) -> None:
    text = answer._json(value)
    assert text.count("\n") == 1
    assert json.loads(text) == value


def test_times_keep_their_microseconds_and_zone(capsys: pytest.CaptureFixture[str]) -> None:
    write(Answer({"at": datetime(2026, 11, 6, 17, 31, 0, 123456, tzinfo=UTC), "day": date(2026, 11, 6)}), JSON)
    assert json.loads(capsys.readouterr().out) == {"at": "2026-11-06T17:31:00.123456Z", "day": "2026-11-06"}


def test_lines_are_written_as_they_come_and_the_code_is_read_after(capsys: pytest.CaptureFixture[str]) -> None:
    told = Answer(None, lines=True)

    def rows() -> Iterator[dict[str, Any]]:
        yield {"n": 1}
        assert capsys.readouterr().out == '{"n":1}\n'
        yield {"n": 2}
        told.code = 5

    told.data = rows()
    write(told, JSON)
    assert (capsys.readouterr().out, told.code) == ('{"n":2}\n', 5)


def test_an_empty_stream_is_no_line_and_an_empty_list_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    write(Answer(iter(()), lines=True), JSON)
    write(Answer([]), JSON)
    assert capsys.readouterr().out == "[]\n"


def test_a_document_for_another_program_is_json_for_people_too(capsys: pytest.CaptureFixture[str]) -> None:
    write(Answer({"Version": "2012-10-17"}, pretty=True), Options())
    assert capsys.readouterr().out == '{\n  "Version": "2012-10-17"\n}\n'
