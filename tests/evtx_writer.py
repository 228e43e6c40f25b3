"""Windows event log files of our own, byte by byte: elements without templates, which is all a reader needs to be tried.

Layout after the document of the libevtx project named in `parsers/evtx.py`.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

HEADER, CHUNK, FIRST = 4096, 65536, 512
EPOCH = datetime(1601, 1, 1, tzinfo=UTC)

Element = tuple[str, Mapping[str, str], "Sequence[Element] | str"]
"""Name, attributes, and what is inside: elements or text."""


def filetime(text: str, ticks: int = 0) -> int:
    """100 ns since 1601 of an ISO time with whole microseconds, plus some."""
    return int((datetime.fromisoformat(text) - EPOCH).total_seconds()) * 10_000_000 + ticks


class Chunk:
    """One chunk that is filled with records."""

    def __init__(self, first_id: int = 1) -> None:
        self.data = bytearray(FIRST)
        self.first = self.next = first_id
        self.starts: list[int] = []

    def add(self, event: Element, written: int) -> None:
        start = len(self.data)
        self.starts.append(start)
        self.data += struct.pack("<4sIQQ", b"**\0\0", 0, self.next, written)
        self.data += b"\x0f\x01\x01\x00"
        self._element(event)
        self.data += b"\x00"
        self.data += bytes(-(len(self.data) + 4 - start) % 8)
        size = len(self.data) + 4 - start
        self.data += struct.pack("<I", size)
        struct.pack_into("<I", self.data, start + 4, size)
        self.next += 1

    def bytes(self, *, padded: bool = False) -> bytes:
        """The chunk with its header and checksums; cut off behind its last record unless padded to 64 KiB."""
        last, free = self.next - 1, len(self.data)
        head = struct.pack("<8sQQQQIII", b"ElfChnk\0", 1, last - self.first + 1, self.first, last, 128, free, free)
        self.data[: len(head)] = head
        struct.pack_into("<I", self.data, 52, zlib.crc32(self.data[FIRST:]))
        struct.pack_into("<I", self.data, 124, zlib.crc32(self.data[:120] + self.data[128:FIRST]))
        return bytes(self.data).ljust(CHUNK if padded else 0, b"\0")

    def _element(self, element: Element) -> None:
        name, attributes, inside = element
        self.data += struct.pack("<BI", 0x41 if attributes else 0x01, 0)  # only templates have a dependency id here
        size_at = len(self.data) - 4
        self._name(name)
        if attributes:
            list_at = len(self.data)
            self.data += bytes(4)
            for number, (key, value) in enumerate(attributes.items(), 1):
                self.data += b"\x46" if number < len(attributes) else b"\x06"
                self._name(key)
                self._text(value)
            struct.pack_into("<I", self.data, list_at, len(self.data) - list_at - 4)
        if inside:
            self.data += b"\x02"
            if isinstance(inside, str):
                self._text(inside)
            else:
                for child in inside:
                    self._element(child)
            self.data += b"\x04"
        else:
            self.data += b"\x03"
        struct.pack_into("<I", self.data, size_at, len(self.data) - size_at - 4)

    def _name(self, name: str) -> None:
        key = 0
        for letter in name:
            key = (key * 65599 + ord(letter)) & 0xFFFFFFFF
        self.data += struct.pack("<I", len(self.data) + 4)
        self.data += struct.pack("<IHH", 0, key & 0xFFFF, len(name)) + name.encode("utf-16-le") + b"\0\0"

    def _text(self, text: str) -> None:
        self.data += struct.pack("<BBH", 0x05, 0x01, len(text)) + text.encode("utf-16-le")


def file_of(*chunks: bytes) -> bytes:
    """The chunks as a file."""
    head = struct.pack(
        "<8sQQQIHHHH", b"ElfFile\0", 0, len(chunks) - 1, 1 << 20, 128, 1, 3, HEADER, len(chunks)
    ).ljust(HEADER, b"\0")  # fmt: skip
    return head[:124] + struct.pack("<I", zlib.crc32(head[:120])) + head[128:] + b"".join(chunks)


def event(
    number: int, time: str, data: Mapping[str, str], *, provider: str = "Microsoft-Windows-Security-Auditing",
    channel: str = "Security", computer: str = "srv1.corp.example", record: int = 1,
    keywords: str = "0x8020000000000000", level: int = 0, user_data: str = "",
) -> Element:  # fmt: skip
    """One record, with EventData, or with UserData around an element of the given name."""
    system: list[Element] = [
        ("Provider", {"Name": provider}, ""),
        ("EventID", {}, str(number)),
        ("Level", {}, str(level)),
        ("Keywords", {}, keywords),
        ("TimeCreated", {"SystemTime": time}, ""),
        ("EventRecordID", {}, str(record)),
        ("Execution", {"ProcessID": "560", "ThreadID": "600"}, ""),
        ("Channel", {}, channel),
        ("Computer", {}, computer),
    ]
    if user_data:
        inside: Element = ("UserData", {}, [(user_data, {}, [(name, {}, value) for name, value in data.items()])])
    else:
        inside = ("EventData", {}, [("Data", {"Name": name}, value) for name, value in data.items()])
    return ("Event", {}, [("System", {}, system), inside])
