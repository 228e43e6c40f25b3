"""Bodyfiles: sets of equal times, unknown times, names with bars."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.parsers import recognise
from hikeshi.events.reading import parse, read
from hikeshi.events.source import Source
from hikeshi.events.times import utc

SAMPLES = Path(__file__).parents[2] / "samples" / "bodyfile"


def sample(name: str) -> list[Event]:
    return [event for event in parse([SAMPLES / name]) if isinstance(event, Event)]


def of(name: str, sample_name: str = "fls.body") -> list[Event]:
    return [event for event in sample(sample_name) if name in event.message]


def test_equal_times_of_a_file_are_one_event() -> None:
    (passwd,) = of("/etc/passwd")
    assert (passwd.action, passwd.ts, passwd.file_path, passwd.file_size) == (
        "macb",
        1794061200_000000,
        "/etc/passwd",
        1712,
    )
    assert passwd.message == "macb /etc/passwd"


def test_distinct_times_are_events_of_their_own_and_unknown_ones_are_none() -> None:
    assert [(event.action, event.ts) for event in of("shell.php")] == [
        (".a..", 1794061500_000000),
        ("m.c.", 1794061400_000000),
    ]
    assert len({event.event_uid for event in of("shell.php")}) == 2


def test_what_tools_write_behind_a_name_is_no_part_of_it() -> None:
    accessed, changed = of("editor")
    assert (accessed.action, changed.action) == (".a..", "..c.")
    assert accessed.file_path == "/etc/alternatives/editor"
    assert msgspec.json.decode(accessed.attrs or b"")["link"] == "/bin/nano"
    (name,) = of("$FILE_NAME", "hashes.body")
    assert name.file_path == "C:/Users/alice/run.exe"
    assert msgspec.json.decode(name.attrs or b"")["attribute"] == "$FILE_NAME"


def test_files_without_a_time_are_counted_in_the_note() -> None:
    source = Source.of((SAMPLES / "fls.body").read_bytes())
    assert not [one for one in read(source) if isinstance(one, Unreadable)]
    assert source.note == "1 files have no known time and are not in the timeline."


def test_a_name_may_hold_bars_and_a_time_nanoseconds() -> None:
    fine, rest = of("d.txt")
    assert fine.file_path == "/home/a|b/c|d.txt"
    assert (fine.ts, fine.ts_sub, fine.ts_precision, fine.action) == (1794061200_352146, 149, "ns", ".a..")
    assert (rest.ts_precision, rest.action) == ("s", "m.cb")


def test_hashes_and_the_year_1601_are_kept() -> None:
    *_, born = of("run.exe", "hashes.body")
    assert (born.hash_md5, born.action) == ("d41d8cd98f00b204e9800998ecf8427e", "...b")
    assert str(utc(born.ts)) == "1601-01-01 00:00:00+00:00"


def test_lines_that_cannot_be_read_say_where() -> None:
    found = list(parse([SAMPLES / "damaged.body"]))
    assert [one.place for one in found if isinstance(one, Unreadable)] == ["line 2", "line 3", "line 6"]


def test_a_table_with_bars_is_no_bodyfile() -> None:
    assert recognise(b"id|name|what|x|y|z|1|2|3|4|5\n" * 3) is None
    assert recognise(b"# a remark alone\n") is None


@pytest.mark.parametrize(
    ("name", "files", "events"), [("bodyfile__bodyfile", 25, 40), ("bodyfile__bodyfile.corrupt", 3, 6)]
)
def test_real_files_are_read_to_the_last_line(shared_data: Path, name: str, files: int, events: int) -> None:
    path = shared_data / "plaso-test-data" / name
    if not path.is_file():
        pytest.skip("../shared/data/plaso-test-data is not here")
    found = list(parse([path]))
    assert len(found) == events
    assert all(isinstance(one, Event) and (one.seq or 0) <= files + 1 for one in found)
