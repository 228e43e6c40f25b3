from __future__ import annotations

import base64
import csv
import hashlib
import json
import os
import shutil
import socket
import stat
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from custody.acquire.conftest import Collect, FaultyDisk
from hikeshi.custody.acquire.birth import birth
from hikeshi.custody.acquire.logical import Copy
from hikeshi.custody.acquire.record import Record
from hikeshi.errors import Refused
from hikeshi.events.reading import parse

OLD = (1_700_000_000_123_456_789, 1_600_000_000_987_654_321)
ACL = bytes.fromhex("0200000001000600ffffffff020004000100000004000400ffffffff10000400ffffffff20000400ffffffff")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    root = tmp_path / "home"
    (root / "deep" / "er").mkdir(parents=True)
    (root / "plain.txt").write_bytes(b"evidence")
    os.link(root / "plain.txt", root / "second name")
    (root / "a link").symlink_to("/etc/passwd")
    with (root / "sparse").open("wb") as file:
        file.seek(5_000_000)
        file.write(b"end")
    (root / "deep" / "er" / "tool").write_bytes(b"#!/bin/sh\n")
    (root / "deep" / "er" / "tool").chmod(0o4755)
    (root / os.fsdecode(b"bad\xffname\nwith a line|end")).write_bytes(b"x")
    for path in (root / "plain.txt", root / "deep"):
        os.utime(path, ns=OLD)
    return root


def _lines(out: Path) -> dict[str, dict[str, Any]]:
    return {one["path"]: one for one in map(json.loads, (out / "manifest.jsonl").read_text().splitlines())}


def _copied(collect: Collect, tree: Path, tmp_path: Path) -> tuple[Record, Path, dict[str, dict[str, Any]]]:
    out = tmp_path / "out"
    record = collect(Copy(paths=(tree,)), out)
    lines = {path.removeprefix(f"{tree}/"): line for path, line in _lines(out).items()}
    return record, out / "files" / tree.relative_to("/"), lines


def test_content_times_links_and_holes_are_kept(collect: Collect, tree: Path, tmp_path: Path) -> None:
    record, copy, lines = _copied(collect, tree, tmp_path)
    assert record.outcome == "complete"
    assert record.facts["counts"] | {"names": 0} == record.facts["counts"] | {
        "names": 0,
        "files": 4,
        "hard links": 1,
        "links": 1,
        "folders": 3,
    }
    for name in ("plain.txt", "deep"):
        made = (copy / name).stat()
        assert (made.st_atime_ns, made.st_mtime_ns) == OLD
    assert (copy / "plain.txt").read_bytes() == b"evidence"
    assert (copy / "plain.txt").stat().st_ino == (copy / "second name").stat().st_ino
    assert (copy / "a link").readlink() == Path("/etc/passwd")
    assert (copy / "sparse").stat().st_size == 5_000_003
    assert (copy / "sparse").stat().st_blocks < 300
    assert lines["plain.txt"]["sha256"] == hashlib.sha256(b"evidence").hexdigest()
    assert lines["second name"]["same_as"] == str(tree / "plain.txt")
    assert lines["plain.txt"]["accessed"] == "1700000000.123456789"


def test_what_a_copy_cannot_keep_is_in_the_manifest(collect: Collect, tree: Path, tmp_path: Path) -> None:
    _, copy, lines = _copied(collect, tree, tmp_path)
    tool = lines["deep/er/tool"]
    status = (tree / "deep" / "er" / "tool").stat()
    assert tool["mode"] == "104755"
    assert tool["changed"] == f"{status.st_ctime_ns // 10**9}.{status.st_ctime_ns % 10**9:09d}"
    assert (tool["uid"], tool["inode"]) == (status.st_uid, status.st_ino)
    assert stat.S_IMODE((copy / "deep" / "er" / "tool").stat().st_mode) == 0o755
    if "born" in tool:
        shown = subprocess.run(
            ["stat", "-c", "%.9W", tree / "deep/er/tool"], capture_output=True, text=True, check=True
        )
        assert tool["born"] == shown.stdout.strip()


def test_the_source_keeps_its_access_times(collect: Collect, tree: Path, tmp_path: Path) -> None:
    names = [path for path in (tree, *tree.rglob("*")) if not path.is_symlink()]
    long_ago = {path: (1_000_000_000 * 10**9, path.stat().st_mtime_ns) for path in names}
    for path, times in long_ago.items():
        os.utime(path, ns=times)
    record, _, _ = _copied(collect, tree, tmp_path)
    assert all(path.stat().st_atime_ns == times[0] for path, times in long_ago.items())
    assert record.facts["counts"]["access times changed"] <= 1  # reading a link cannot be done without


def test_extended_attributes_and_acls_are_kept(collect: Collect, tree: Path, tmp_path: Path) -> None:
    try:
        os.setxattr(tree / "plain.txt", "user.origin", b"https://a.example/\x00")
        os.setxattr(tree / "plain.txt", "system.posix_acl_access", ACL)
    except OSError as problem:
        pytest.skip(f"no extended attributes here: {problem}")
    _, copy, lines = _copied(collect, tree, tmp_path)
    assert os.getxattr(copy / "plain.txt", "user.origin") == b"https://a.example/\x00"
    assert os.getxattr(copy / "plain.txt", "system.posix_acl_access") == ACL
    assert base64.b64decode(lines["plain.txt"]["xattrs"]["user.origin"]) == b"https://a.example/\x00"


def test_the_bodyfile_is_read_as_events(collect: Collect, tree: Path, tmp_path: Path) -> None:
    _, _, lines = _copied(collect, tree, tmp_path)
    events = list(parse([str(tmp_path / "out" / "bodyfile")]))
    paths = {event.file_path for event in events}  # type: ignore[union-attr]  # an Unreadable would have none, and fail here
    assert {line["path"] for line in _lines(tmp_path / "out").values() if "\n" not in line["path"]} <= paths
    assert any(path.endswith(r"name\nwith a line\x7cend") for path in paths if path)
    assert sum(1 for line in (tmp_path / "out" / "bodyfile").read_text().splitlines()) == len(lines)
    (moment,) = [event for event in events if event.file_path == str(tree / "plain.txt") and "m" in event.ts_desc]  # type: ignore[union-attr]
    assert moment.ts == OLD[1] // 1000  # type: ignore[union-attr]
    assert moment.hash_sha256 == lines["plain.txt"]["sha256"]  # type: ignore[union-attr]


@pytest.mark.skipif(shutil.which("mactime") is None, reason="mactime (sleuthkit) is not installed")
def test_mactime_prints_every_name(collect: Collect, tree: Path, tmp_path: Path) -> None:
    _, _, lines = _copied(collect, tree, tmp_path)
    words = ["mactime", "-b", str(tmp_path / "out" / "bodyfile"), "-d", "-y", "-z", "UTC"]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    rows = list(csv.reader(told.splitlines()))[1:]
    assert len({row[7] for row in rows}) == len(lines)
    assert ["2020-09-13T12:26:40Z", "m..."] in [[row[0], row[2]] for row in rows if row[7] == str(tree / "plain.txt")]


def test_names_that_are_not_text_keep_their_bytes(collect: Collect, tree: Path, tmp_path: Path) -> None:
    _, copy, lines = _copied(collect, tree, tmp_path)
    (line,) = [line for line in lines.values() if "path_hex" in line]
    assert bytes.fromhex(line["path_hex"]).endswith(b"bad\xffname\nwith a line|end")
    assert (copy / os.fsdecode(b"bad\xffname\nwith a line|end")).read_bytes() == b"x"


def test_what_is_no_file_is_listed_and_waited_for_never(collect: Collect, tree: Path, tmp_path: Path) -> None:
    os.mkfifo(tree / "pipe")
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(str(tree / "s"))
    record, copy, lines = _copied(collect, tree, tmp_path)
    assert lines["pipe"]["kind"] == lines["s"]["kind"] == "special"
    assert not (copy / "pipe").exists()
    assert record.facts["counts"]["special"] == 2


def test_another_file_system_is_not_entered_and_named(collect: Collect, tree: Path, tmp_path: Path) -> None:
    (tree / "usb").mkdir()
    if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "test", tree / "usb"], check=False).returncode:
        pytest.skip("mounting needs root")
    try:
        (tree / "usb" / "x").write_bytes(b"x")
        record, copy, _ = _copied(collect, tree, tmp_path)
    finally:
        subprocess.run(["umount", tree / "usb"], check=True)
    assert [(one.what, one.why) for one in record.missed] == [(str(tree / "usb"), "another file system: not entered")]
    assert record.outcome == "partial"
    assert not (copy / "usb").exists()


def test_a_block_the_disk_does_not_give_is_zeros_and_noted(
    collect: Collect, disk_with_bad_sectors: FaultyDisk, tmp_path: Path
) -> None:
    """A real file system on a real block device whose driver answers EIO in the middle of one file."""
    marker = b"MARK" * 1024
    backing = tmp_path / "fs"
    with backing.open("wb") as file:
        file.truncate(8 << 20)
    source = tmp_path / "source"
    source.mkdir()
    (source / "file").write_bytes(b"a" * 8192 + marker + b"b" * 8192)
    made = ["mke2fs", "-q", "-t", "ext4", "-b", "4096", "-d", str(source), str(backing)]
    if os.geteuid() != 0 or subprocess.run(made, check=False, capture_output=True).returncode:
        pytest.skip("a file system cannot be made here")
    content = backing.read_bytes()
    at = content.index(marker)
    disk, mounted = disk_with_bad_sectors(content, [(at, at + 512)]), tmp_path / "mounted"
    mounted.mkdir()
    subprocess.run(["mount", "-o", "ro,noload", disk, mounted], check=True)
    try:
        record = collect(Copy(paths=(mounted / "file",)), tmp_path / "out")
    finally:
        subprocess.run(["umount", mounted], check=True)
    (missed,) = record.missed
    assert (missed.offset, missed.length) == (8192, 4096)
    copy = tmp_path / "out" / "files" / (mounted / "file").relative_to("/")
    assert copy.read_bytes() == b"a" * 8192 + bytes(4096) + b"b" * 8192


def test_a_file_that_grows_is_copied_to_where_it_was_and_named(collect: Collect, tree: Path, tmp_path: Path) -> None:
    growing = tree / "log"
    growing.write_bytes(b"line\n" * 2_000_000)
    program = f"while :; do echo more >> '{growing}'; done"
    with subprocess.Popen(["sh", "-c", program]) as writer:
        time.sleep(0.1)
        try:
            record, copy, lines = _copied(collect, tree, tmp_path)
        finally:
            writer.kill()
    assert "changed while it was read" in lines["log"]["note"]
    assert (copy / "log").stat().st_size == lines["log"]["size"]
    assert record.facts["counts"]["changed while read"] == 1


def test_the_copies_must_not_lie_in_what_is_copied(tree: Path) -> None:
    with pytest.raises(Refused, match="lies in"):
        Copy(paths=(tree,)).plan(tree / "out")
    with pytest.raises(Refused, match="nothing at"):
        Copy(paths=(tree / "gone",)).plan(tree.parent / "out")


def test_deep_folders_are_named_not_fatal(collect: Collect, tmp_path: Path) -> None:
    deep = tmp_path / "deep"
    deep.mkdir()
    here = os.open(deep, os.O_RDONLY)
    for _ in range(260):
        os.mkdir("d", dir_fd=here)
        below = os.open("d", os.O_RDONLY, dir_fd=here)
        os.close(here)
        here = below
    os.close(here)
    record = collect(Copy(paths=(deep,)), tmp_path / "out")
    assert [one.why for one in record.missed] == ["deeper than 200 folders"]


def test_birth_is_unknown_where_nothing_is(tmp_path: Path) -> None:
    here = os.open(tmp_path, os.O_RDONLY)
    try:
        assert birth("gone", here).ns is None
    finally:
        os.close(here)
