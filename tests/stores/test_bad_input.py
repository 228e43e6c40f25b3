"""Bad input in one folder: what was readable is in the store, the rest is counted with its place, and nothing crashes."""

from __future__ import annotations

import bz2
import errno
import gzip
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from hikeshi.errors import Partly
from hikeshi.events.source import Limits
from hikeshi.stores import building, writing
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.layout import Layout
from hikeshi.stores.store import BuildReport, Query
from hikeshi.stores.tasks import Done, Task

SAMPLES = Path(__file__).parents[1] / "samples"
FLOWS = (SAMPLES / "vpcflow" / "v2-header.log").read_bytes()
TRAIL = (SAMPLES / "cloudtrail" / "lines.jsonl").read_bytes()


@pytest.fixture
def store(tmp_path: Path) -> DuckStore:
    return DuckStore(tmp_path / "store")


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """A folder with one good log of four flows: it has to survive whatever lies beside it."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "good.log").write_bytes(FLOWS)
    return tmp_path / "logs"


def built(store: DuckStore, logs: Path) -> BuildReport:
    """The report, after checking that it adds up and that the good log is there."""
    report = store.build([logs])
    rows = store.sources()
    assert report.events + report.duplicates + report.undated + sum(row.unreadable_count for row in rows) == sum(
        row.records for row in rows
    )
    assert store.count(Query(where={"interface": "eni-0a1b2c3d4e5f60718"})) >= 4
    return report


def deep(depth: int) -> bytes:
    return b'{"eventVersion":"1.08","userIdentity":' + b'{"a":' * depth + b"1" + b"}" * depth + b',"eventTime":"x"}\n'


BAD: dict[str, tuple[bytes, str]] = {
    "truncated gzip": (gzip.compress(TRAIL * 50, mtime=0)[:-400], "cut off"),
    "bytes of zero in a line": (FLOWS + b"2 1111\0\0\0 eni-x - - -\n", "line 6"),
    "a line of 50 MB": (FLOWS + b"2 " + b"x" * (50 << 20) + b"\n" + FLOWS.splitlines()[1] + b"\n", "line 6"),
    "bytes that are not UTF-8": (FLOWS + b"2 \xff\xfe\xfd eni\n", "line 6"),
    "JSON nested too deeply": (TRAIL + deep(200_000), "record 4"),
    "garbage behind the gzip": (gzip.compress(FLOWS, mtime=0) + b"garbage", "other bytes"),
}


@pytest.mark.parametrize("name", BAD)
def test_the_good_part_is_kept_and_the_bad_one_has_a_place(store: DuckStore, logs: Path, name: str) -> None:
    content, place = BAD[name]
    (logs / "bad.bin").write_bytes(content)
    report = built(store, logs)
    assert 1 <= report.unreadable_count <= 2  # of what is cut off, the last line is too
    assert any(place in f"{one.place} {one.reason}" for one in report.unreadable)
    assert {row.path for row in store.sources()} == {str(logs / "good.log"), str(logs / "bad.bin")}


@pytest.mark.slow
def test_a_bomb_ends_at_the_limit(store: DuckStore, logs: Path) -> None:
    (logs / "bomb.bz2").write_bytes(bz2.compress(FLOWS) + bz2.compress(b"2 x\n" * 4_000_000))
    layout = Layout(logs.parent / "store")
    with layout.locked():
        building.build(layout, [logs], limits=Limits(file=1 << 20))
    row = next(row for row in store.sources() if row.path.endswith("bz2"))
    assert row.events == 4
    assert "longer than the limit" in {place.reason for place in row.unreadable}.pop() or row.unreadable_count > 1000


def test_endings_mean_nothing_and_kinds_lie_side_by_side(store: DuckStore, logs: Path) -> None:
    (logs / "trail.evtx").write_bytes(TRAIL)
    (logs / "flows.json").write_bytes(gzip.compress(FLOWS + b"\n"))
    (logs / "page.log").write_bytes(b"<html>no log</html>")
    (logs / "nothing.gz").write_bytes(b"")
    (logs / "nothing-packed.log").write_bytes(gzip.compress(b""))
    report = built(store, logs)
    assert {row.parser for row in store.sources()} == {"", "cloudtrail", "vpcflow"}
    assert report.not_recognised == (str(logs / "page.log"),)
    assert report.unreadable_count == 0


def test_links_in_a_circle_end(store: DuckStore, logs: Path) -> None:
    (logs / "inner").mkdir()
    (logs / "inner" / "back").symlink_to(logs)
    (logs / "self").symlink_to(logs / "self")
    (logs / "gone").symlink_to(logs / "nowhere")
    report = built(store, logs)
    assert report.unreadable_count == 3
    assert {Path(place.source).name for place in report.unreadable} == {"back", "self", "gone"}


def test_a_file_written_to_while_it_is_read_is_told(
    store: DuckStore, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    growing = logs / "growing.log"
    growing.write_bytes(FLOWS + b"\n")
    real = writing.perform

    def later(task: Task) -> Done:
        with growing.open("ab") as file:
            file.write(b"2 111122223333 eni-0a1b2c3d4e5f60718 - - - - - - - 1794061500 1794061560 - NODATA\n")
        os.utime(growing, ns=(0, 7))
        return real(task)

    monkeypatch.setattr(writing, "perform", later)
    report = built(store, logs)
    (place,) = report.unreadable
    assert (place.source, "while it was read" in place.reason) == (str(growing), True)
    assert next(row for row in store.sources() if row.path == str(growing)).events == 5


def test_files_without_a_time_are_counted(store: DuckStore, logs: Path) -> None:
    (logs / "fls.body").write_bytes(
        b"0|/etc/passwd|1|r/rrw-r--r--|0|0|9|1794061200|0|0|0\n0|/no/time|2|r/rrw-r--r--|0|0|9|0|0|0|0\n"
    )
    report = built(store, logs)
    row = next(row for row in store.sources() if row.parser == "bodyfile")
    assert (row.events, row.undated, row.records, report.undated) == (1, 1, 2, 1)


FULL = """
import resource, sys
from pathlib import Path
from hikeshi.doors.cli.exits import code_of
from hikeshi.errors import Failed
from hikeshi.stores.duck import DuckStore
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
try:
    DuckStore(Path(sys.argv[1])).build([sys.argv[2]], workers=1)
except Failed as error:
    print(code_of(error), error)
"""


def test_a_full_disk_is_said_and_building_goes_on_when_there_is_room(store: DuckStore, logs: Path) -> None:
    folder = str(logs.parent / "store")
    done = subprocess.run([sys.executable, "-c", FULL, folder, str(logs)], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("5 The timeline cannot be written")
    assert store.sources() == []
    assert built(store, logs).built == 1


@pytest.mark.parametrize("full", ["commit", "part"])
def test_what_was_stored_before_the_disk_was_full_can_be_used(
    store: DuckStore, logs: Path, monkeypatch: pytest.MonkeyPatch, full: str
) -> None:
    built(store, logs)
    (logs / "more.jsonl").write_bytes(TRAIL)

    def no_room(*_args: Any, **_more: Any) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        where, name = (Layout, "commit") if full == "commit" else (pq.ParquetWriter, "write_table")
        patched.setattr(where, name, no_room)
        with pytest.raises(Partly, match="No space left"):
            store.build([logs], workers=1)
    assert (len(store.sources()), store.count(Query())) == (1, 4)
    assert built(store, logs).built == 1
    assert len(store.sources()) == 2
