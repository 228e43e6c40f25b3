"""What may go wrong around a sealing, with real means: rights, read-only and failing files, odd names, files that shrink."""

from __future__ import annotations

import os
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hikeshi.custody.extents import CHUNK
from hikeshi.custody.hashing import named
from hikeshi.custody.locker import Locker
from hikeshi.errors import Failed, Refused, Unreadable

NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else, or mount")


@pytest.fixture
def shared() -> Iterator[Path]:
    """A folder that everybody may write in."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o777)
        yield Path(folder)


@as_root
def test_what_we_may_not_read_is_listed_and_the_rest_is_sealed(shared: Path) -> None:
    source = shared / "source"
    (source / "closed").mkdir(parents=True)
    for name, mode in (("open", 0o644), ("secret", 0o600), ("closed/x", 0o644)):
        (source / name).write_bytes(b"x")
        (source / name).chmod(mode)
    (source / "closed").chmod(0o700)
    os.seteuid(NOBODY)
    try:
        manifest = Locker(shared / "locker").seal_tree(source)[1]
        with pytest.raises(Unreadable, match="Permission denied"):
            Locker(shared / "locker").seal(source / "secret")
    finally:
        os.seteuid(0)
    assert {entry.path: entry.kind for entry in manifest.entries} == {
        "closed": "unreadable",
        "open": "file",
        "secret": "unreadable",
    }


@as_root
def test_a_locker_that_we_may_not_write_to_says_what_to_look_at(shared: Path) -> None:
    (shared / "locker").mkdir(mode=0o700)
    (shared / "x").write_bytes(b"x")
    os.seteuid(NOBODY)
    try:
        with pytest.raises(Failed, match=r"Permission denied.*owner"):
            Locker(shared / "locker").seal(shared / "x")
    finally:
        os.seteuid(0)


@as_root
def test_a_locker_on_a_read_only_disk_says_what_to_look_at(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    (tmp_path / "x").write_bytes(b"x")
    mount = ["mount", "-t", "tmpfs", "-o", "ro,size=65536", "hikeshi-test", str(tmp_path / "disk")]
    if subprocess.run(mount, check=False, capture_output=True).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        for seal in (Locker(tmp_path / "disk").seal, Locker(tmp_path / "disk").seal_tree):
            with pytest.raises(Failed, match=r"Read-only file system.*mount"):
                seal(tmp_path / "x")
    finally:
        subprocess.run(["umount", str(tmp_path / "disk")], check=True)


def test_a_source_that_cannot_be_read_says_where_and_how_to_go_on(locker: Locker) -> None:
    # The kernel answers reading our memory at address 0 with a real input/output error.
    with pytest.raises(Unreadable, match=r"/proc/self/mem, byte 0: cannot be read: Input/output error.*acquire"):
        locker.seal(Path("/proc/self/mem"))
    assert [path for path in locker.root.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("name", [b"two\nlines", b"\xff\xfe", b"-rf", b" ", b"\x1b[31m", b"\x80" * 255])
def test_names_that_are_no_text_are_kept_byte_for_byte(locker: Locker, tmp_path: Path, name: bytes) -> None:
    folder = tmp_path / "evidence"
    folder.mkdir()
    (folder / os.fsdecode(name)).write_bytes(b"x")
    (entry,) = locker.seal_tree(folder)[1].entries
    assert (bytes.fromhex(entry.path_hex) if entry.path_hex else entry.path.encode()) == name
    assert locker.verify(entry.sha256) == "match"


def test_sockets_are_listed_and_not_read(locker: Locker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "evidence"
    folder.mkdir()
    monkeypatch.chdir(folder)  # the path of a socket may not be long
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("socket")
        manifest = locker.seal_tree(folder)[1]
    assert [(entry.path, entry.kind) for entry in manifest.incomplete] == [("socket", "special")]


def test_a_path_longer_than_the_system_takes_is_listed(locker: Locker, tmp_path: Path) -> None:
    folder = tmp_path / "evidence"
    folder.mkdir()
    here = os.open(folder, os.O_RDONLY)
    for _ in range(25):
        os.mkdir("d" * 200, dir_fd=here)
        below = os.open("d" * 200, os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    manifest = locker.seal_tree(folder)[1]
    subprocess.run(["rm", "-rf", str(folder)], check=True)
    assert [(entry.kind, entry.note) for entry in manifest.incomplete] == [("unreadable", "File name too long")]


def test_a_file_that_shrinks_while_it_is_read_is_said(
    locker: Locker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "rotated.log"
    source.write_bytes(b"x" * 30 * CHUNK)
    write = os.pwrite

    def rotating(*arguments: Any) -> int:
        os.truncate(source, CHUNK)
        return write(*arguments)

    monkeypatch.setattr(os, "pwrite", rotating)
    sealed = locker.seal(source)
    assert sealed.source_changed
    assert sealed.second_reading in ("same", "different")
    assert locker.verify(sealed.sha256) == "match"


def test_a_hash_that_we_do_not_take_is_refused() -> None:
    assert named(["SHA-512", " blake3", "sha256", ""]) == ("sha512", "blake3")
    with pytest.raises(Refused, match="sha512, blake3"):
        named(["md5"])
