"""A way to carry an acquisition out as a responder would, and a disk with real unreadable sectors."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest

from custody.acquire.faulty_disk import faulty_disk
from hikeshi.custody.acquire.acquisition import Acquisition, perform
from hikeshi.custody.acquire.record import Person, Reading, Record

Collect = Callable[[Acquisition, Path], Record]
FaultyDisk = Callable[[bytes, Sequence[tuple[int, int]]], Path]


@pytest.fixture
def collect() -> Collect:
    def made(what: Acquisition, folder: Path) -> Record:
        person = Person(collector="sato", witness="kondo", authority="order 7")
        return perform(what, folder, person=person, clock=Reading(note="not measured: test"), command="hikeshi test")[0]

    return made


@pytest.fixture
def disk_with_bad_sectors(tmp_path: Path) -> Iterator[FaultyDisk]:
    with contextlib.ExitStack() as closing:

        def made(content: bytes, bad: Sequence[tuple[int, int]]) -> Path:
            backing = tmp_path / "backing"
            backing.write_bytes(content)
            try:
                return closing.enter_context(faulty_disk(tmp_path / "fuse", backing, bad))
            except OSError as problem:
                pytest.skip(f"no disk with unreadable sectors can be made here: {problem}")

        yield made
