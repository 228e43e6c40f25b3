from __future__ import annotations

import errno
import hashlib
import os
import resource
import stat
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given, settings, strategies as st

from custody.conftest import ROOM
from hikeshi.custody.extents import CHUNK
from hikeshi.custody.locker import Locker
from hikeshi.errors import Failed, Refused, Unreadable


def files(locker: Locker) -> list[Path]:
    return [path for path in locker.root.rglob("*") if path.is_file()]


class Stream:
    """A stream that can answer each read as it likes."""

    def __init__(self, *answers: bytes | OSError) -> None:
        self.answers = list(answers)

    def read(self, _size: int) -> bytes:
        answer = self.answers.pop(0) if self.answers else b""
        if isinstance(answer, OSError):
            raise answer
        return answer


def stream(*answers: bytes | OSError) -> BinaryIO:
    return cast("BinaryIO", Stream(*answers))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=2000), max_size=6))
def test_bytes_come_back_as_they_went_in(chunks: list[bytes]) -> None:
    with TemporaryDirectory() as folder:
        locker = Locker(Path(folder))
        sealed = locker.seal(stream(*chunks))
        whole = b"".join(chunks)
        assert (sealed.sha256, sealed.size) == (hashlib.sha256(whole).hexdigest(), len(whole))
        with locker.open(sealed.sha256) as held:
            assert held.read() == whole
        assert locker.verify(sealed.sha256) == "match"


def test_a_file_larger_than_several_buffers_is_whole(locker: Locker, tmp_path: Path) -> None:
    source = tmp_path / "disk.img"
    source.write_bytes(os.urandom(3 * CHUNK + 17))
    sealed = locker.seal(source)
    assert sealed.path.read_bytes() == source.read_bytes()
    assert (sealed.size, sealed.source_changed) == (3 * CHUNK + 17, False)


def test_sealed_bytes_are_read_only_under_their_hash_and_nothing_else_is_left(locker: Locker) -> None:
    sealed = locker.seal(BytesIO(b"memory"))
    sha = hashlib.sha256(b"memory").hexdigest()
    assert sealed.path == locker.root / sha[:2] / sha
    assert stat.S_IMODE(sealed.path.stat().st_mode) == 0o444
    assert files(locker) == [sealed.path]


def test_the_same_bytes_are_kept_once(locker: Locker) -> None:
    first = locker.seal(BytesIO(b"twice"))
    inode = first.path.stat().st_ino
    again = locker.seal(BytesIO(b"twice"))
    assert (again.path, again.present, first.present) == (first.path, 5, 0)
    assert (first.path.stat().st_ino, files(locker)) == (inode, [first.path])


def test_the_same_bytes_from_many_at_once_are_kept_once(locker: Locker) -> None:
    with ThreadPoolExecutor(8) as pool:
        sealed = list(pool.map(lambda _: locker.seal(BytesIO(b"x" * 100_000)), range(16)))
    assert len({one.path for one in sealed}) == 1
    assert files(locker) == [sealed[0].path]


def test_a_damaged_copy_is_never_taken_for_the_same_bytes(locker: Locker) -> None:
    sealed = locker.seal(BytesIO(b"original"))
    sealed.path.chmod(0o644)
    sealed.path.write_bytes(b"0riginal")
    assert locker.verify(sealed.sha256) == "mismatch"
    with pytest.raises(Failed, match="Move it aside"):
        locker.seal(BytesIO(b"original"))
    assert sealed.path.read_bytes() == b"0riginal"


def test_a_missing_copy_could_not_be_checked(locker: Locker) -> None:
    assert locker.verify("ab" * 32) == "could-not-check"
    with pytest.raises(Refused, match="does not hold"):
        locker.open("ab" * 32)


@pytest.mark.parametrize("name", ["", "../../etc/passwd", "AB" * 32, "ab" * 31, "ab" * 32 + "\n"])
def test_anything_but_a_hash_is_refused(locker: Locker, name: str) -> None:
    for ask in (locker.open, locker.verify, locker.path):
        with pytest.raises(Refused, match="not a SHA-256"):
            ask(name)


def test_more_than_the_limit_is_refused_and_leaves_nothing(locker: Locker, tmp_path: Path) -> None:
    source = tmp_path / "big"
    source.write_bytes(b"x" * 1001)
    for ask in (source, BytesIO(b"x" * 1001)):
        with pytest.raises(Refused, match="1000 bytes"):
            locker.seal(ask, limit=1000)
    assert files(locker) == []
    assert locker.seal(BytesIO(b"x" * 1000), limit=1000).size == 1000


def test_a_full_disk_is_said_with_bytes_and_leaves_nothing(tiny: Locker) -> None:
    small = tiny.seal(BytesIO(b"before"))
    with pytest.raises(Failed) as caught:
        tiny.seal(BytesIO(os.urandom(8 * CHUNK)))
    assert not caught.value.permanent
    assert "are free" in caught.value.message
    assert caught.value.hint
    assert files(tiny) == [small.path]
    assert tiny.seal(BytesIO(b"after")).path.read_bytes() == b"after"


def test_a_file_too_large_for_the_disk_is_refused_before_writing(tiny: Locker, tmp_path: Path) -> None:
    if resource.getrlimit(resource.RLIMIT_FSIZE)[0] == ROOM:
        pytest.skip("a limit is not a lack of room")
    source = tmp_path / "disk.img"
    source.write_bytes(b"x" * 2 * ROOM)
    with pytest.raises(Failed, match=f"{2 * ROOM} bytes are needed") as caught:
        tiny.seal(source)
    assert not caught.value.permanent
    assert files(tiny) == []


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
def test_each_way_a_disk_says_no_can_be_tried_again(
    locker: Locker, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    # A quota and a dying disk cannot be had on demand, so only this answer of the system is made up.
    def fsync(_descriptor: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(Failed, match=os.strerror(number)) as caught:
        locker.seal(BytesIO(b"bytes"))
    assert not caught.value.permanent
    assert files(locker) == []


def test_a_folder_that_is_a_file_is_a_permanent_failure(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(Failed) as caught:
        Locker(tmp_path / "file").seal(BytesIO(b"x"))
    assert caught.value.permanent


def test_a_source_that_breaks_while_read_leaves_nothing(locker: Locker) -> None:
    with pytest.raises(Unreadable, match="cannot be read"):
        locker.seal(stream(b"x" * CHUNK, OSError(errno.EIO, "Input/output error")))
    assert files(locker) == []


def test_what_is_not_a_file_is_unreadable_and_does_not_block(locker: Locker, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, tmp_path / "absent"):
        with pytest.raises(Unreadable, match=str(path)):
            locker.seal(path)


def test_a_file_written_to_while_it_is_read_is_noticed(
    locker: Locker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "live.log"
    source.write_bytes(b"x" * 2 * CHUNK)
    grow_once(monkeypatch, source)
    assert locker.seal(source).source_changed


def grow_once(
    monkeypatch: pytest.MonkeyPatch, source: Path, more: bytes = b"one more line", at: int | None = None
) -> None:
    """Write to `source` once its first bytes were copied, as a busy program would: append, or overwrite `at`."""
    write, done = os.pwrite, [False]

    def busy(*arguments: Any) -> int:
        count = write(*arguments)
        if not done[0]:
            done[0] = True
            with source.open("r+b") as handle:
                handle.seek(0, os.SEEK_END) if at is None else handle.seek(at)
                handle.write(more)
        return count

    monkeypatch.setattr(os, "pwrite", busy)


def test_a_pipe_is_sealed_as_it_comes(locker: Locker) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"tcpdump")
    os.close(writing)
    with os.fdopen(reading, "rb", buffering=0) as pipe:
        assert locker.seal(pipe).sha256 == hashlib.sha256(b"tcpdump").hexdigest()


def test_an_open_file_is_sealed_from_where_it_stands(locker: Locker, tmp_path: Path) -> None:
    (tmp_path / "log").write_bytes(b"skipped kept")
    with (tmp_path / "log").open("rb", buffering=0) as handle:
        handle.seek(8)
        assert locker.seal(handle).path.read_bytes() == b"kept"


def test_reading_leaves_the_access_time_alone(locker: Locker, tmp_path: Path) -> None:
    source = tmp_path / "witness"
    source.write_bytes(b"x")
    os.utime(source, (1_000_000_000, 1_000_000_001))
    locker.seal(source)
    assert source.stat().st_atime == 1_000_000_000


def test_only_abandoned_bytes_are_swept(locker: Locker) -> None:
    locker.seal(BytesIO(b"kept"))
    incoming = locker.root / "incoming"
    (incoming / "dead.part").write_bytes(b"half")
    (incoming / "fresh.part").write_bytes(b"half")
    os.utime(incoming / "dead.part", (0, 0))
    with locker.incoming.part() as living:
        os.utime(living.descriptor, (0, 0))
        assert locker.sweep() == 1
        assert living.path.exists()
    assert [path.name for path in incoming.iterdir()] == ["fresh.part"]
