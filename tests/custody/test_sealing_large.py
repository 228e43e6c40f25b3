"""Large files: holes, interruptions, further hashes, second readings."""

from __future__ import annotations

import hashlib
import os
import random
from io import BytesIO
from pathlib import Path

import blake3
import pytest
from hypothesis import given, settings, strategies as st

from custody.test_locker import files, grow_once
from hikeshi.custody.extents import BLOCK, CHUNK
from hikeshi.custody.locker import Locker
from hikeshi.errors import Failed


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def resuming(tmp_path: Path) -> Locker:
    return Locker(tmp_path / "locker", resumed_from=4 * CHUNK)


@pytest.mark.parametrize("size", [CHUNK - 1, CHUNK, CHUNK + 1, 7 * CHUNK + BLOCK, 9 * CHUNK + 4095])
def test_every_hash_asked_for_is_taken_in_one_go(locker: Locker, tmp_path: Path, size: int) -> None:
    source = tmp_path / "memory.lime"
    source.write_bytes(random.Random(size).randbytes(size))
    content = source.read_bytes()
    sealed = locker.seal(source, also=("sha512", "blake3"))
    assert (sealed.sha256, sealed.sha512, sealed.blake3) == (
        hashlib.sha256(content).hexdigest(),
        hashlib.sha512(content).hexdigest(),
        blake3.blake3(content).hexdigest(),
    )
    assert sealed.path.read_bytes() == content
    assert locker.verify(sealed.sha256, sha512=sealed.sha512, blake3=sealed.blake3) == "match"


def test_each_hash_recorded_is_compared(locker: Locker) -> None:
    sealed = locker.seal(BytesIO(b"x"), also=("sha512", "blake3"))
    assert locker.verify(sealed.sha256, sha512="0" * 128) == "mismatch"
    assert locker.verify(sealed.sha256, blake3="0" * 64) == "mismatch"


pieces = st.lists(st.tuples(st.integers(0, 700), st.integers(0, 3 * BLOCK)), max_size=6)


@settings(max_examples=25, deadline=None)
@given(pieces, st.integers(0, 2 * CHUNK))
def test_a_sparse_file_is_sealed_whole_whatever_its_holes(
    tmp_path_factory: pytest.TempPathFactory, parts: list[tuple[int, int]], end: int
) -> None:
    folder = tmp_path_factory.mktemp("sparse")
    source = folder / "disk.img"
    with source.open("wb") as stream:
        for block, length in parts:
            stream.seek(block * BLOCK)
            stream.write(b"\x5a" * length)
        stream.truncate(CHUNK + end)
    sealed = Locker(folder / "locker").seal(source)
    assert (sealed.sha256, sealed.size) == (sha256(source), source.stat().st_size)
    assert sealed.path.read_bytes() == source.read_bytes()


def test_holes_stay_holes_and_need_no_room(locker: Locker, tmp_path: Path) -> None:
    source = tmp_path / "disk.img"
    with source.open("wb") as stream:
        stream.write(b"boot sector")
        stream.seek(512 * CHUNK)
        stream.write(b"partition")
        stream.truncate(1024 * CHUNK)
    sealed = locker.seal(source)
    assert (sealed.size, sealed.path.stat().st_size) == (1024 * CHUNK, 1024 * CHUNK)
    assert sealed.path.stat().st_blocks * 512 <= 64 * BLOCK
    assert locker.verify(sealed.sha256) == "match"


def test_a_file_that_was_appended_to_is_read_again_and_said(
    locker: Locker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "live.log"
    source.write_bytes(b"x" * 2 * CHUNK)
    grow_once(monkeypatch, source)
    sealed = locker.seal(source)
    assert (sealed.source_changed, sealed.second_reading) in {(True, "appended"), (True, "same")}


def test_a_file_that_was_overwritten_is_read_again_and_said(
    locker: Locker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "table.db"
    source.write_bytes(b"x" * 2 * CHUNK)
    grow_once(monkeypatch, source, b"other", at=0)
    sealed = locker.seal(source)
    assert (sealed.source_changed, sealed.second_reading, sealed.size) == (True, "different", 2 * CHUNK)
    assert locker.verify(sealed.sha256) == "match"


def test_a_quiet_file_is_read_twice_where_that_is_asked_for(locker: Locker, tmp_path: Path) -> None:
    (tmp_path / "quiet").write_bytes(b"x" * 2 * CHUNK)
    assert locker.seal(tmp_path / "quiet").second_reading == ""
    sealed = locker.seal(tmp_path / "quiet", twice=True)
    assert (sealed.source_changed, sealed.second_reading) == (False, "same")


def stopped(locker: Locker, source: Path, at: int) -> None:
    """Seal until `at` bytes are done, then be stopped by a person."""

    def told(done: int) -> None:
        if done >= at:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        locker.seal(source, told=told)


@pytest.fixture
def large(tmp_path: Path) -> Path:
    source = tmp_path / "disk.img"
    source.write_bytes(random.Random(5).randbytes(9 * CHUNK + 77))
    return source


def test_what_was_stopped_goes_on_where_it_was(resuming: Locker, large: Path) -> None:
    stopped(resuming, large, 8 * CHUNK)
    sealed = resuming.seal(large, also=["sha512"])
    assert (sealed.sha256, sealed.present) == (sha256(large), 6 * CHUNK)
    assert sealed.sha512 == hashlib.sha512(large.read_bytes()).hexdigest()
    assert files(resuming) == [sealed.path]


def test_a_beginning_is_hashed_again_and_never_believed(resuming: Locker, large: Path) -> None:
    stopped(resuming, large, 8 * CHUNK)
    (beginning,) = resuming.incoming.folder.glob("*.beginning")
    with beginning.open("r+b") as stream:
        stream.seek(CHUNK)
        stream.write(b"!")
    sealed = resuming.seal(large)
    assert (sealed.sha256, sealed.present) == (sha256(large), 0)


@pytest.mark.parametrize(
    "notes", [b"", b"garbage\n", b"4194304 " + b"0" * 64 + b"\n", b"99999999999999 x\n", b"-5 x\n"]
)
def test_notes_that_prove_nothing_are_no_harm(resuming: Locker, large: Path, notes: bytes) -> None:
    stopped(resuming, large, 8 * CHUNK)
    next(resuming.incoming.folder.glob("*.notes")).write_bytes(notes)
    sealed = resuming.seal(large)
    assert (sealed.sha256, sealed.present) == (sha256(large), 0)
    assert sealed.path.read_bytes() == large.read_bytes()


def test_a_source_that_was_written_to_begins_anew_and_the_old_beginning_goes(resuming: Locker, large: Path) -> None:
    stopped(resuming, large, 8 * CHUNK)
    large.write_bytes(b"y" * 9 * CHUNK)
    sealed = resuming.seal(large)
    assert (sealed.sha256, sealed.present) == (sha256(large), 0)
    assert list(resuming.incoming.folder.iterdir()) == []


def test_two_that_seal_the_same_large_file_do_not_meet(resuming: Locker, large: Path) -> None:
    inner: list[str] = []

    def told(done: int) -> None:
        if done >= 5 * CHUNK and not inner:
            inner.append("")
            inner[0] = resuming.seal(large).sha256

    sealed = resuming.seal(large, told=told)
    assert [sealed.sha256] == inner == [sha256(large)]
    assert files(resuming) == [sealed.path]


def test_an_error_takes_the_beginning_with_it(large: Path, tiny: Locker) -> None:
    small = Locker(tiny.root, resumed_from=CHUNK)
    with pytest.raises(Failed):
        small.seal(large)
    assert files(small) == []


def test_a_beginning_waits_for_a_week_then_it_is_swept(resuming: Locker, large: Path) -> None:
    stopped(resuming, large, 8 * CHUNK)
    assert resuming.sweep() == 0
    for path in resuming.incoming.folder.iterdir():
        os.utime(path, (0, 0))
    assert resuming.sweep() == 2
    assert files(resuming) == []


def test_a_folder_that_was_stopped_goes_on_too(resuming: Locker, large: Path) -> None:
    folder = large.parent / "disks"
    folder.mkdir()
    large.rename(folder / "disk.img")

    def progress(_path: str, done: int, _all: int) -> None:
        if done >= 8 * CHUNK:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        resuming.seal_tree(folder, progress)
    sealed, manifest = resuming.seal_tree(folder)
    assert manifest.entries[0].sha256 == sha256(folder / "disk.img")
    assert sealed.present == 6 * CHUNK
    assert list(resuming.incoming.folder.iterdir()) == []
