"""Which files are meant."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from hikeshi.errors import Refused, Unreadable
from hikeshi.events.walking import walk


def names(*paths: str | Path, below: Path) -> list[str]:
    return [str(path.relative_to(below)) for path in walk(paths) if isinstance(path, Path)]


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    for name in ("b/2.log", "b/1.log", "a.log", "c.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path


def test_folders_are_read_in_order(logs: Path) -> None:
    assert names(logs, below=logs) == ["a.log", "b/1.log", "b/2.log", "c.txt"]


def test_patterns_are_resolved(logs: Path) -> None:
    assert names(logs / "**" / "*.log", below=logs) == ["a.log", "b/1.log", "b/2.log"]


def test_a_file_named_twice_is_read_once(logs: Path) -> None:
    assert names(logs / "b", logs / "b" / "1.log", below=logs) == ["b/1.log", "b/2.log"]


def test_a_name_with_signs_of_a_pattern_is_a_name_first(logs: Path) -> None:
    (logs / "[1].log").write_text("x")
    assert names(logs / "[1].log", below=logs) == ["[1].log"]


def test_a_path_that_does_not_exist_is_refused_with_a_hint(logs: Path) -> None:
    for slip in (logs / "d.log", logs / "*.gz"):
        with pytest.raises(Refused, match="There is no file or folder") as caught:
            list(walk([slip]))
        assert caught.value.hint


def test_a_loop_of_links_is_said_and_ends(logs: Path) -> None:
    (logs / "b" / "loop").symlink_to(logs)
    found = list(walk([logs]))
    assert len([path for path in found if isinstance(path, Path)]) == 4
    (trouble,) = [path for path in found if isinstance(path, Unreadable)]
    assert "leads back" in trouble.message


def test_links_that_lead_nowhere_and_pipes_are_said(logs: Path) -> None:
    (logs / "gone").symlink_to(logs / "nothing")
    os.mkfifo(logs / "pipe")
    troubles = [path for path in walk([logs]) if isinstance(path, Unreadable)]
    assert [Path(trouble.source).name for trouble in troubles] == ["gone", "pipe"]
