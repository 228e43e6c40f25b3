"""Bundles made to harm whoever reads them are refused before anything is read, with the name and why."""

from __future__ import annotations

import os
import re
import stat
import struct
import zipfile
import zlib
from pathlib import Path

import pytest

from bundles import zip_of
from hikeshi.custody.bundle import opening
from hikeshi.custody.bundle.checking import check
from hikeshi.custody.bundle.contents import Contents
from hikeshi.custody.bundle.names import trouble
from hikeshi.errors import Refused, Unreadable

NAMES = {
    "../outside": "leads out",
    "items/../../outside": "leads out",
    "/etc/passwd": "absolute",
    "C:/Windows/system.ini": "absolute",
    "items\\..\\x": "do not allow",
    "items//x": "empty part",
    "./x": "empty part",
    "items/con.txt": "cannot keep",
    "items/x.": "cannot keep",
    "a\x07b": "control characters",
    "a\u202etxt.exe": "differently",
    "e\u0301": "differently",
    "x" * 250: "too long",
    "d/" * 45 + "x": "too deep",
    "stream:hidden": "do not allow",
}


def archive(
    path: Path, *infos: zipfile.ZipInfo | str, content: bytes = b"x", compression: int = zipfile.ZIP_STORED
) -> Path:
    with zipfile.ZipFile(path, "w", compression) as made:
        for info in infos:
            made.writestr(info, content)
    return path


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_leads_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(Refused, match=NAMES[name]) as problem:
        check(archive(tmp_path / "b.zip", name))
    assert re.search("[ぁ-ん]", problem.value.message)
    assert not re.search("[\x00-\x1f\u202e]", problem.value.message)


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("names", [("a", "a"), ("a/B", "a/b"), ("ß", "SS"), ("a", "a/b"), ("A", "a/b")])
def test_names_that_some_system_takes_for_the_same_are_refused(tmp_path: Path, names: tuple[str, str]) -> None:
    with pytest.raises(Refused, match="twice"):
        check(archive(tmp_path / "b.zip", *names))


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFIFO])
def test_a_link_or_device_in_a_zip_is_refused(tmp_path: Path, kind: int) -> None:
    info = zipfile.ZipInfo("link")
    info.create_system, info.external_attr = 3, (kind | 0o777) << 16
    with pytest.raises(Refused, match="link or a device"):
        check(archive(tmp_path / "b.zip", info, content=b"/etc/passwd"))


def test_a_link_in_a_folder_is_refused(folder: Path) -> None:
    (folder / "items" / "more").symlink_to("/etc")
    with pytest.raises(Refused, match="items/more: is not a file but a link"):
        check(folder)


def test_a_name_that_is_not_utf_8_is_refused(folder: Path, tmp_path: Path) -> None:
    Path(os.fsdecode(os.fsencode(folder) + b"/\xff\xfe")).write_text("x")
    with pytest.raises(Refused):
        check(folder)
    path = archive(tmp_path / "b.zip", "é-name")
    path.write_bytes(path.read_bytes().replace("é".encode(), b"\xff\xfe"))
    with pytest.raises(Refused, match="not UTF-8"):
        check(path)


def test_what_is_compressed_is_refused_so_that_nothing_can_grow(tmp_path: Path) -> None:
    bomb = archive(tmp_path / "b.zip", "items/EV-001/x", content=bytes(10_000_000), compression=zipfile.ZIP_DEFLATED)
    assert bomb.stat().st_size < 20_000
    with pytest.raises(Refused, match="is compressed"):
        check(bomb)


def test_files_that_share_their_bytes_are_refused(tmp_path: Path) -> None:
    """The overlapping bomb: many names in the directory, one body."""
    body, names = bytes(5000), [f"n{number}" for number in range(50)]
    local = (
        struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 0, 0, 33, zlib.crc32(body), len(body), len(body), 2, 0)
        + b"n0"
        + body
    )
    directory = b"".join(
        struct.pack(
            "<4s4B4HL2L5H2L", b"PK\1\2", 20, 3, 20, 0, 0, 0, 0, 33, zlib.crc32(body), len(body), len(body), len(name), 0, 0, 0, 0, 0, 0
        )
        + name.encode()
        for name in names
    )  # fmt: skip
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, len(names), len(names), len(directory), len(local), 0)
    (tmp_path / "b.zip").write_bytes(local + directory + end)
    with pytest.raises(Refused, match="shares its bytes"):
        check(tmp_path / "b.zip")


def test_a_huge_count_is_refused_before_the_directory_is_read(
    contents: Contents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = zip_of(contents, tmp_path / "b.zip")
    monkeypatch.setattr(opening, "COUNT_LIMIT", 5)
    monkeypatch.setattr(zipfile, "ZipFile", None)
    with pytest.raises(Refused, match="more than a bundle may have"):
        check(path)


@pytest.mark.parametrize("content", [b"", b"PK", b"not a zip at all" * 10, b"PK\5\6" + bytes(18) + b"comment"])
def test_what_is_no_zip_is_unreadable(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "b.zip").write_bytes(content)
    with pytest.raises(Unreadable):
        check(tmp_path / "b.zip")


def test_a_zip_that_was_cut_off_anywhere_is_unreadable_or_refused(zipped: Path, tmp_path: Path) -> None:
    content = zipped.read_bytes()
    for end in range(0, len(content), 97):
        (tmp_path / "cut.zip").write_bytes(content[:end])
        with pytest.raises((Unreadable, Refused)):
            check(tmp_path / "cut.zip")


def test_an_encrypted_file_is_refused(zipped: Path) -> None:
    content = bytearray(zipped.read_bytes())
    at = content.index(b"PK\1\2")
    content[at + 8] |= 1
    zipped.write_bytes(bytes(content))
    with pytest.raises(Refused, match="is encrypted"):
        check(zipped)


@pytest.mark.parametrize(
    "document", [b"[]", b"{}", b'{"format":1}', b"null", b"1" * 10000, b'{"a":1.5}', b"[" * 100_000]
)
def test_a_manifest_that_makes_no_sense_is_a_difference_not_a_fault(folder: Path, document: bytes) -> None:
    (folder / "manifest.json").chmod(0o644)
    (folder / "manifest.json").write_bytes(document)
    assert check(folder).outcome == "mismatch"


@pytest.mark.parametrize(
    "name", ["items/EV-001/" + "a" * 64, "ledger/INC-2026-001.jsonl", "日本語/ログ 1.txt", "a-b_c.d"]
)
def test_ordinary_names_are_accepted(name: str) -> None:
    assert trouble(name) is None
