from __future__ import annotations

import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from hikeshi.custody.acquire import sector_map
from hikeshi.custody.acquire.sector_map import Part, SectorMap, Status
from hikeshi.errors import Unreadable

NOW = datetime(2026, 11, 27, tzinfo=UTC)
BY_DDRESCUE = """\
# Mapfile. Created by GNU ddrescue version 1.27
# Command line: ddrescue -d /dev/fd0 fdimage mapfile
# Start time:   2015-07-21 09:37:44
# Current time: 2015-07-21 09:38:19
# Copying non-tried blocks... Pass 1 (forwards)
# current_pos  current_status  current_pass
0x00120000     ?               1
#      pos        size  status
0x00000000  0x00117000  +
0x00117000  0x00000200  -
0x00117200  0x00001000  /
0x00118200  0x00007E00  *
0x00120000  0x00048000  ?
"""


def test_a_map_of_ddrescue_is_read(tmp_path: Path) -> None:
    (tmp_path / "map").write_text(BY_DDRESCUE)
    found = sector_map.read(tmp_path / "map")
    assert found.size == 0x168000
    assert found.of("-") == [Part(0x117000, 0x117200, "-")]
    assert found.bytes_of("+") == 0x117000


def test_what_was_written_is_read_again_with_what_the_kernel_said(tmp_path: Path) -> None:
    made = SectorMap(4096)
    made.mark(0, 1024, "+")
    made.mark(1024, 1536, "-", 5)
    made.write(tmp_path / "map", "evidence acquire\nimage", NOW)
    found = sector_map.read(tmp_path / "map")
    assert found.parts == made.parts == [Part(0, 1024, "+"), Part(1024, 1536, "-", 5), Part(1536, 4096, "?")]
    assert "# error 0x00000400 0x00000200 5 EIO\n" in (tmp_path / "map").read_text()


@pytest.mark.skipif(shutil.which("ddrescuelog") is None, reason="ddrescuelog (gddrescue) is not installed")
def test_ddrescuelog_reads_ours(tmp_path: Path) -> None:
    made = SectorMap(4096)
    made.mark(1024, 1536, "-", 5)
    made.write(tmp_path / "map", "x", NOW)
    listed = subprocess.run(
        ["ddrescuelog", "--list-blocks=-", tmp_path / "map"], capture_output=True, text=True, check=True
    )
    assert listed.stdout.split() == ["2"]


marks = st.lists(st.tuples(st.integers(0, 64), st.integers(0, 64), st.sampled_from("?*/-+")), max_size=40)


@given(marks)
def test_it_stays_without_gap_and_says_what_was_marked_last(marked: list[tuple[int, int, Status]]) -> None:
    made, plain = SectorMap(64), ["?"] * 64
    for start, end, status in marked:
        made.mark(start, end, status)
        for place in range(start, end):
            plain[place] = status
    assert [part.status for part in made.parts for _ in range(part.length)] == plain
    assert all(
        one.status != other.status and one.end == other.start
        for one, other in zip(made.parts, made.parts[1:], strict=False)
    )


@pytest.mark.parametrize(
    "line", ["0x00000000  0x00000000  +", "0x00000200  0x00000200  +", "0x0 0x200 x", "zero 0x200 +", "0x0 0x200"]
)
def test_a_damaged_map_is_refused_with_its_line(tmp_path: Path, line: str) -> None:
    (tmp_path / "map").write_text(f"# Mapfile.\n0x0 ? 1\n{line}\n")
    with pytest.raises(Unreadable, match="line 3"):
        sector_map.read(tmp_path / "map")
