"""Reading a source a second time, because it changed while it was read or because somebody asked, and what to say about it.

Sealed are always the bytes of the first reading. What a second one tells is a fact about the source, for the record.
"""

from __future__ import annotations

import os
from io import FileIO
from typing import Final, Literal

from hikeshi.custody.hashing import Digests, hash_stream
from hikeshi.errors import Unreadable

Second = Literal["", "same", "appended", "different", "unreadable"]
"""What the second reading gave; empty where there was none."""

WORDS: Final[dict[Second, str]] = {
    "": "",
    "same": "a second reading gave the same bytes",
    "appended": "a second reading began with the same bytes, and more had been appended",
    "different": "a second reading gave other bytes; sealed are those of the first",
    "unreadable": "it could not be read a second time; sealed are the bytes of the first reading",
}


def read_again(stream: FileIO, first: Digests) -> Second:
    """Read a file once more and compare with what its first reading gave."""
    stream.seek(0)
    try:
        again = hash_stream(stream, limit=first.size)
        more = os.pread(stream.fileno(), 1, first.size)
    except (OSError, Unreadable):
        return "unreadable"
    if (again.sha256, again.size) != (first.sha256, first.size):
        return "different"
    return "appended" if more else "same"


def note_of(*, changed: bool, second: Second) -> str:
    """What the manifest says about it; nothing where all is as it should be."""
    if not changed:
        return "" if second in ("", "same") else WORDS[second]
    return "changed while it was read; " + WORDS[second]
