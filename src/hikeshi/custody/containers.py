"""What kind of file it is, by its content, and the hashes that a disk image says of itself.

Recorded, never trusted: a container's own hash is of what is inside it, made by whoever made the image, often MD5 or SHA-1. It is kept as
it stands there. What proves our copy is the SHA-256 of its bytes. Nothing is unpacked, little is read, and nothing here raises.

Sources: libewf, "Expert Witness Compression Format" and version 2 (hash sections); AFF4 Standard 1.0 (information.turtle).
"""

from __future__ import annotations

import contextlib
import re
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from io import FileIO
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from hikeshi.custody.disk import open_source
from hikeshi.errors import Unreadable

Stream = BinaryIO | FileIO
HEAD: Final = 34 * 1024
TAIL: Final = 64 * 1024
SECTIONS: Final = 200_000
"""Sections of an E01 looked at: a segment of 2 GB has about a thousand."""
DIRECTORY: Final = 16 * 1024 * 1024
TURTLE: Final = 4 * 1024 * 1024
HASHES: Final = 50

DAMAGED: Final = (
    OSError, ValueError, KeyError, OverflowError, EOFError, RuntimeError, struct.error, zlib.error, zipfile.BadZipFile,
)  # fmt: skip
"""What a container that is not as it should be makes its readers raise."""

MAGIC: Final[tuple[tuple[int, bytes, str], ...]] = (
    (0, b"EVF\x09\x0d\x0a\xff\x00", "E01"),
    (0, b"EVF2\x0d\x0a\x81\x00", "Ex01"),
    (0, b"LVF\x09\x0d\x0a\xff\x00", "L01"),
    (0, b"LEF2\x0d\x0a\x81\x00", "Lx01"),
    (0, b"AFF10\r\n\x00", "AFF"),
    (0, b"KDMV", "VMDK"),
    (0, b"COWD", "VMDK"),
    (0, b"# Disk DescriptorFile", "VMDK descriptor"),
    (0, b"QFI\xfb", "QCOW2"),
    (0, b"conectix", "VHD"),
    (0, b"vhdxfile", "VHDX"),
    (64, b"\x7f\x10\xda\xbe", "VDI"),
    (0, b"\xa1\xb2\xc3\xd4", "pcap"),
    (0, b"\xd4\xc3\xb2\xa1", "pcap"),
    (0, b"\xa1\xb2\x3c\x4d", "pcap"),
    (0, b"\x4d\x3c\xb2\xa1", "pcap"),
    (0, b"\x0a\x0d\x0d\x0a", "pcapng"),
    (0, b"EMiL", "LiME"),
    (0, b"AVML", "AVML"),
    (0, b"PAGEDUMP", "Windows crash dump"),
    (0, b"PAGEDU64", "Windows crash dump"),
    (0, b"MDMP", "Windows minidump"),
    (0, b"ElfFile\x00", "EVTX"),
    (0, b"regf", "Windows registry hive"),
    (0, b"SQLite format 3\x00", "SQLite"),
    (0, b"PAR1", "Parquet"),
    (0, b"\x1f\x8b\x08", "gzip"),
    (0, b"\xfd7zXZ\x00", "xz"),
    (0, b"\x28\xb5\x2f\xfd", "zstd"),
    (0, b"BZh", "bzip2"),
    (0, b"7z\xbc\xaf\x27\x1c", "7z"),
    (0, b"age-encryption.org/v1\n", "age"),
    (257, b"ustar", "tar"),
    (32769, b"CD001", "ISO 9660"),
    (0, b"LUKS\xba\xbe", "raw (LUKS)"),
    (3, b"NTFS    ", "raw (NTFS)"),
    (0, b"XFSB", "raw (XFS)"),
    (82, b"FAT32   ", "raw (FAT32)"),
    (1080, b"\x53\xef", "raw (ext)"),
    (512, b"EFI PART", "raw (GPT)"),
    (510, b"\x55\xaa", "raw (MBR)"),
)
"""Where a format shows itself, with what, and its name; the first that fits. A disk of 4096-byte sectors is known by its MBR."""


class Container(msgspec.Struct, frozen=True):
    """The name of a format, empty where it is none that we know, and hashes as recorded inside: "md5", "sha1" to hex."""

    name: str = ""
    recorded: dict[str, str] = {}


def recognise(stream: Stream) -> Container:
    """Look at a file from its start. Reads a few blocks at its ends, and of E01 and AFF4 what holds their hashes."""
    try:
        stream.seek(0)
        head = stream.read(HEAD)
        name = _name(stream, head)
    except (OSError, ValueError):
        return Container()
    try:
        recorded = RECORDED[name](stream) if name in RECORDED else {}
    except DAMAGED:
        recorded = {}  # a damaged container is still named
    return Container(name, recorded)


def _name(stream: Stream, head: bytes) -> str:
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "AFF4" if b"aff4:" in head[:512] or b"container.description" in head[:512] else "zip"
    if head[:4] == b"\x7fELF":
        return "ELF core" if head[16:18] in (b"\x04\x00", b"\x00\x04") else "ELF"
    found = next((name for at, magic, name in MAGIC if head[at : at + len(magic)] == magic), "")
    if not found or found.startswith("raw"):
        size = stream.seek(0, 2)
        stream.seek(max(0, size - 512))
        return "VHD" if stream.read(8) == b"conectix" else found  # a fixed VHD is a raw image with a footer
    return found


def _of_e01(stream: Stream) -> dict[str, str]:
    """The MD5 and SHA-1 in the sections "hash" and "digest" of this segment. They stand in the last one of an image."""
    found: dict[str, str] = {}
    for kind, body in _sections(stream):
        if kind in (b"hash", b"digest"):
            stream.seek(body)
            content = stream.read(36)
            found["md5"] = content[:16].hex()
            if kind == b"digest":
                found["sha1"] = content[16:36].hex()
    return {name: value for name, value in found.items() if value.strip("0")}


def _sections(stream: Stream) -> Iterator[tuple[bytes, int]]:
    """The kind of each section and where its content begins. Each names the next one; the last one names itself."""
    at = 13
    for _ in range(SECTIONS):
        stream.seek(at)
        header = stream.read(76)
        if len(header) < 76:
            return
        yield header[:16].rstrip(b"\x00"), at + 76
        (after,) = struct.unpack_from("<Q", header, 16)
        if after <= at or after >= 1 << 62:
            return
        at = after


def _of_ex01(stream: Stream) -> dict[str, str]:
    """Sections are described behind their content, from the end of the file to its start: 8 is MD5, 9 is SHA-1."""
    found: dict[str, str] = {}
    end = stream.seek(0, 2)
    at = end - 64
    for _ in range(SECTIONS):
        if at < 32:
            break
        stream.seek(at)
        kind, _flags, before, size, _length, _padding = struct.unpack_from("<IIQQII", stream.read(64))
        if kind in (8, 9):
            stream.seek(at - size)
            name, length = ("md5", 16) if kind == 8 else ("sha1", 20)
            found[name] = stream.read(length).hex()
        if before >= at:
            break
        at = before
    return {name: value for name, value in found.items() if value.strip("0")}


STATEMENT: Final = re.compile(rb"<(aff4://[^>\s]{1,200})>|\"([0-9a-fA-F]{16,256})\"\^\^aff4:(\w{1,20})")


def _of_aff4(stream: Stream) -> dict[str, str]:
    """The hash statements of information.turtle, by algorithm and by what they are of."""
    if _directory_size(stream) > DIRECTORY:
        return {}
    with zipfile.ZipFile(stream) as archive, archive.open("information.turtle") as member:
        text = member.read(TURTLE)
    found: dict[str, str] = {}
    subject = b""
    for match in STATEMENT.finditer(text):
        of, value, algorithm = match.groups()
        if of:
            subject = of
        elif len(found) < HASHES:
            name = algorithm.decode("ascii", "replace").lower()
            found[name if name not in found else f"{name} {subject.decode('ascii', 'replace')}"] = (
                value.decode().lower()
            )
    return found


def _directory_size(stream: Stream) -> int:
    """The bytes of a zip's directory as its end says: Python would read all of it into memory."""
    size = stream.seek(0, 2)
    stream.seek(max(0, size - TAIL))
    tail = stream.read(TAIL)
    at = tail.rindex(b"PK\x05\x06")
    (length,) = struct.unpack_from("<I", tail, at + 12)
    if length == 0xFFFFFFFF:
        (place,) = struct.unpack_from("<Q", tail, tail.rindex(b"PK\x06\x07") + 8)
        stream.seek(place)
        (length,) = struct.unpack_from("<Q", stream.read(56), 40)
    return int(length)


RECORDED: Final[dict[str, Callable[[Stream], dict[str, str]]]] = {
    "E01": _of_e01,
    "L01": _of_e01,
    "Ex01": _of_ex01,
    "AFF4": _of_aff4,
}


def recognise_all(files: Iterable[tuple[str, Path]]) -> Container:
    """The formats among some files, with commas between, and the hashes that they record, by name where there are several files."""
    found: list[tuple[str, Container]] = []
    for name, path in files:
        with contextlib.suppress(Unreadable), open_source(path, follow=True) as stream:
            found.append((name, recognise(stream)))
    if len(found) == 1:
        return found[0][1]
    names = ", ".join(sorted({one.name for _, one in found if one.name}))
    recorded = {f"{name}: {kind}": value for name, one in found for kind, value in one.recorded.items()}
    return Container(names, recorded)
