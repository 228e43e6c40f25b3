"""One opened log, in the pieces parsers ask for, within limits."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

from hypothesis import given, strategies as st

from hikeshi.events.source import Limits, Source


def lines(content: bytes, limits: Limits | None = None) -> tuple[list[bytes], list[str]]:
    source = Source.of(content, limits=limits)
    return [line.data for line in source.lines()], [str(trouble) for trouble in source.troubles]


def test_lines_know_their_number_and_offset() -> None:
    assert [(line.number, line.offset, line.data) for line in Source.of(b"one\r\n\nthree").lines()] == [
        (1, 0, b"one"),
        (2, 5, b""),
        (3, 6, b"three"),
    ]


@given(st.binary(max_size=300).filter(lambda data: b"\r" not in data))
def test_lines_put_together_are_the_content(content: bytes) -> None:
    found = lines(b"#" + content)[0]
    assert b"\n".join(found).rstrip(b"\n") == (b"#" + content).rstrip(b"\n")


@given(st.lists(st.binary(max_size=30).map(lambda line: line.replace(b"\n", b"x").replace(b"\r", b"y")), max_size=20))
def test_offsets_point_at_the_line(content: list[bytes]) -> None:
    whole = b"#\n" + b"\n".join(content)
    for line in Source.of(whole).lines():
        assert whole[line.offset : line.offset + len(line.data)] == line.data


def test_a_line_over_the_limit_is_noted_and_reading_goes_on() -> None:
    found, troubles = lines(b"one\n" + b"x" * 5_000_000 + b"\nthree\n", Limits(line=1_000_000))
    assert found == [b"one", b"three"]
    assert len(troubles) == 1
    assert "line 2" in troubles[0]
    assert "1,000,000" in troubles[0]


def test_a_last_line_over_the_limit_is_noted() -> None:
    found, troubles = lines(b"one\n" + b"x" * 5_000_000, Limits(line=1_000_000))
    assert (found, len(troubles)) == ([b"one"], 1)


def test_a_bomb_is_read_up_to_the_limit() -> None:
    bomb = gzip.compress(b"a line\n" * 3_000_000)
    assert len(bomb) < 100_000
    found, troubles = lines(bomb, Limits(file=7_000_000))
    assert len(found) == 1_000_000
    assert "file is longer than the limit" in troubles[0]


def test_a_document_over_the_limit_is_cut_and_noted() -> None:
    source = Source.of(b"x" * 3_000_000, limits=Limits(document=1_000))
    assert len(source.body()) == 1_000
    assert len(source.troubles) == 1


def test_the_head_is_there_before_reading_and_is_read_again_with_the_rest() -> None:
    content = gzip.compress(b"y" * 200_000)
    source = Source.of(content)
    assert source.head == b"y" * 65_536
    assert source.body() == b"y" * 200_000


def test_the_hash_is_of_the_file_as_it_lies_there(tmp_path: Path) -> None:
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(b"one\n"))
    with path.open("rb") as file:
        source = Source(str(path), file)
        assert source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()


def test_an_empty_file_is_fine() -> None:
    assert lines(b"") == ([], [])
    assert Source.of(b"").body() == b""


def test_a_file_that_is_not_packed_is_moved_about_in_place(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"z" * 300_000)
    with path.open("rb") as file:
        assert Source(str(path), file).seekable() is file
        assert file.tell() == 0


def test_a_packed_file_is_moved_about_in_a_copy_up_to_the_limit() -> None:
    source = Source.of(gzip.compress(b"z" * 300_000), limits=Limits(file=200_000))
    copy = source.seekable()
    copy.seek(199_999)
    assert copy.read() == b"z"
    assert len(source.troubles) == 1
