"""When a file was born, and what may not be done to it: statx(2), which Python does not have.

Reference: https://man7.org/linux/man-pages/man2/statx.2.html, include/uapi/linux/stat.h
"""

from __future__ import annotations

import ctypes
import functools
import os
import struct
from typing import Any, Final, NamedTuple

NOT_FOLLOWED: Final = 0x100 | 0x800  # AT_SYMLINK_NOFOLLOW, AT_NO_AUTOMOUNT
BIRTH: Final = 0x800  # STATX_BTIME
ROOM: Final = 256
ATTRIBUTES_AT: Final = 8
BORN_AT: Final = 80
ATTRIBUTES: Final = {0x4: "compressed", 0x10: "immutable", 0x20: "append-only", 0x40: "nodump", 0x800: "encrypted"}


class Birth(NamedTuple):
    """`ns` is UTC nanoseconds since 1970, None where the file system does not keep it."""

    ns: int | None
    attributes: tuple[str, ...]


@functools.cache
def _statx() -> Any:
    return getattr(ctypes.CDLL(None, use_errno=True), "statx", None)


def birth(name: str, folder: int) -> Birth:
    """Of `name` in the open folder, itself and not what it points at. Unknown is None: a time must never be guessed."""
    room = ctypes.create_string_buffer(ROOM)
    call = _statx()
    if call is None or call(folder, os.fsencode(name), NOT_FOLLOWED, BIRTH, room):
        return Birth(None, ())
    (mask,) = struct.unpack_from("=I", room, 0)
    (bits,) = struct.unpack_from("=Q", room, ATTRIBUTES_AT)
    seconds, rest = struct.unpack_from("=qI", room, BORN_AT)
    born = seconds * 1_000_000_000 + rest if mask & BIRTH else None
    return Birth(born, tuple(word for bit, word in ATTRIBUTES.items() if bits & bit))
