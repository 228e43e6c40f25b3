from __future__ import annotations

import csv
import io

from hypothesis import given, settings, strategies as st

from hikeshi.errors import Unreadable
from hikeshi.events.csv_rows import MOST, Row, first_row, rows
from hikeshi.events.source import Source


def read(content: bytes, separator: str = ",") -> list[Row | Unreadable]:
    return list(rows(Source.of(content), separator))


def values(content: bytes) -> list[list[str]]:
    return [row.values for row in read(content) if isinstance(row, Row)]


def test_rows_keep_their_bytes_and_their_place() -> None:
    first, second = read(b'a,b\r\n"x, y",2\r\n')
    assert isinstance(first, Row)
    assert isinstance(second, Row)
    assert second == (["x, y", "2"], b'"x, y",2', 2, 2, 5)


def test_lines_inside_quotes_are_one_row() -> None:
    assert values(b'a,b\n1,"one\ntwo ""quoted"", three"\n2,\n') == [
        ["a", "b"],
        ["1", 'one\ntwo "quoted", three'],
        ["2", ""],
    ]


def test_a_quote_inside_a_plain_value_opens_nothing() -> None:
    assert values(b'a,b\n1,5" disk\n2,x\n') == [["a", "b"], ["1", '5" disk'], ["2", "x"]]


def test_a_quote_that_is_never_closed_costs_one_line() -> None:
    found = read(b'a,b\n1,"open\n' + b"2,x\n" * (2 * MOST))
    assert [str(one) for one in found if isinstance(one, Unreadable)] == [
        "memory, line 2: a quote is opened here and not closed"
    ]
    assert len(found) == 2 + 2 * MOST


def test_a_mark_of_the_byte_order_is_no_part_of_a_name() -> None:
    assert values(b'\xef\xbb\xbf"a",b\n1,2') == [["a", "b"], ["1", "2"]]
    assert first_row(b"\xef\xbb\xbfa;b\n", ";") == ["a", "b"]


def test_large_values_are_whole() -> None:
    assert len(values(b'a\n"' + b"x" * 300_000 + b'"\n')[1][0]) == 300_000


cells = st.lists(
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\ufeff"), max_size=6),
    min_size=2,
    max_size=4,
)


@settings(deadline=None)
@given(table=st.lists(cells, min_size=1, max_size=5))
def test_what_is_written_is_read(table: list[list[str]]) -> None:
    written = io.StringIO()
    csv.writer(written, lineterminator="\n").writerows(table)
    kept = [row for row in table if ",".join(row).strip()]
    assert [row for row in values(written.getvalue().encode()) if ",".join(row).strip()] == kept


@settings(deadline=None)
@given(content=st.binary(max_size=300) | st.text('",\nab', max_size=60).map(str.encode))
def test_arbitrary_bytes_never_raise(content: bytes) -> None:
    read(content)
    first_row(content)
