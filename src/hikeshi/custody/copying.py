"""Copying evidence at the speed of hashing it.

One thread reads and hashes, others write the same memory to the disk meanwhile. The hash is of the bytes that were written, never of a
second reading: a source that changes under our hands cannot make the two differ.
"""

from __future__ import annotations

import os
from collections.abc import Iterable

from hikeshi.custody.beginning import Beginning
from hikeshi.custody.extents import Source, pieces, read_small
from hikeshi.custody.hashing import Also, Digests, Hashing, Told
from hikeshi.custody.writing import Writing
from hikeshi.errors import Refused


def copy_hashed(
    stream: Source, target: int, limit: int | None, also: Iterable[Also] = (), *,
    beginning: Beginning | None = None, told: Told | None = None,
) -> Digests:  # fmt: skip
    """Copy `stream` to the file behind the descriptor `target`, and hash it. Holes stay holes.

    The file is empty, or holds the `beginning` of the same source: what is proven of it stays. Raises `Unreadable` when the stream
    breaks, `Refused` beyond `limit` bytes, OSError when the target cannot take more. The caller has to fsync the target: most of it
    is on the disk already then.
    """
    hashing = beginning.proven(target, also) if beginning else Hashing(also)
    if not beginning and (small := read_small(stream)) is not None:
        refuse_if_too_large(len(small), limit)
        write_all(target, small)
        hashing.update(small)
        return hashing.digests()
    with Writing(target) as writing:
        for at, view in pieces(stream, hashing.size, writing.buffer, hashing.update):
            size = at if view is None else at + len(view)
            refuse_if_too_large(size, limit)
            if view is None:
                hashing.zeros(size - hashing.size)
            else:
                writing.write(at, len(view))
            if told:
                told(size)
            if beginning and beginning.due(size):
                writing.drain()
                beginning.note(target, size, hashing.sha256)
    os.ftruncate(target, hashing.size)  # a hole at the end, too
    return hashing.digests()


def write_all(target: int, content: bytes) -> None:
    written = 0
    while written < len(content):
        written += os.pwrite(target, content[written:], written)


def refuse_if_too_large(size: int, limit: int | None) -> None:
    if limit is not None and size > limit:
        raise Refused(f"There are more than the {limit} bytes allowed.", hint="Raise the limit or seal a part of it.")
