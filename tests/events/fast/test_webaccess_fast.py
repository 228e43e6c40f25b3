"""The shortcut for web access logs gives what the parser gives, whatever the lines are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings, strategies as st

from events.fast.comparing import by_columns, by_parser
from hikeshi.events.fast import webaccess as fast
from hikeshi.events.source import Source

SAMPLES = sorted((Path(__file__).parents[2] / "samples" / "webaccess").iterdir())
LINES = sorted({line for path in SAMPLES for line in path.read_bytes().splitlines()})
LINE = b'192.0.2.7 - - [06/Nov/2026:10:00:00 +0900] "GET /a?b=1 HTTP/1.1" 200 512 "-" "curl/8.11.0"'
CHANGES = [
    (b"192.0.2.7", b"www.example.com"), (b"192.0.2.7", b"2001:DB8::1"), (b"192.0.2.7", b'"192.0.2.7'), (b"- -", b"alice bob"),
    (b"- -", b"- alice"), (b"06/Nov", b"31/Nov"), (b"+0900", b"-0330"), (b"+0900", b"+9900"), (b"GET", b"-"), (b"/a?b=1", b"/a b"),
    (b"/a?b=1", b"*"), (b"/a?b=1", b'/\\x22\\"'), (b"HTTP/1.1", b"HTTP/2.0"), (b"200 512", b"304 -"), (b"200 512", b"200 007"),
    (b"200 512", b"099 1"), (b"200 512", b"401 0"), (b'"-" "curl/8.11.0"', b'"" ""'), (b' "-" "curl/8.11.0"', b""), (b'"-"', b'"https://x/"y"'),
    (b'"curl', b'"\xff\xe3\x81'), (b"curl", "\u00e9".encode()), (b'8.11.0"', b'8.11.0" 0.003'), (b'8.11.0"', b'8.11.0"\r'), (b"curl", b"cu\0rl"),
    (b"curl", b"-"), (b"curl", b"a\tb"),
]  # fmt: skip


def changed(changes: list[tuple[bytes, bytes]]) -> bytes:
    line = LINE
    for old, new in changes:
        line = line.replace(old, new, 1)
    return line


ODD = [*LINES, *(changed([one]) for one in CHANGES), b"", b"no line", b'"""', b'- - - [-] "-" - -']


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_samples_come_out_the_same(path: Path) -> None:
    assert by_columns("webaccess", path.read_bytes()) == by_parser("webaccess", path.read_bytes())


@pytest.mark.parametrize("odd", CHANGES, ids=repr)
def test_one_odd_line_among_plain_ones_comes_out_the_same(odd: tuple[bytes, bytes]) -> None:
    content = b"\n".join([LINE, LINE, changed([odd]), LINE])
    assert by_columns("webaccess", content) == by_parser("webaccess", content)


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(ODD) | st.lists(st.sampled_from(CHANGES), max_size=3).map(changed), max_size=20),
    st.sampled_from([60, 400, 1 << 20]),
)
def test_lines_in_any_order_and_blocks_of_any_size_come_out_the_same(lines: list[bytes], size: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fast, "BLOCK", size)
        patch.setattr(fast, "SMALL", 2)
        assert by_columns("webaccess", b"\n".join(lines)) == by_parser("webaccess", b"\n".join(lines))


def test_what_other_columns_tell_is_left_empty() -> None:
    found: Any = next(fast.batches(Source.of(LINE)))
    assert found["message"].null_count == found["raw"].null_count == 1
