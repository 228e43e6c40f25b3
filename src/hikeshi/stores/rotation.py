"""Files that are not there of a log that is rotated: auth.log, auth.log.1 and auth.log.3.gz want an auth.log.2.

Told by the manifests alone. A file whose content is the same as another's (two empty ones) is read once and named once, so a hole
may also be such a file; the reason says so.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final, NamedTuple

from hikeshi.stores.store import SourceRow

_ROTATED: Final = re.compile(r"(?P<base>.*[^.\d/])\.(?P<number>[1-9]\d{0,2})(?:\.(?:bz2|gz|xz|zip|zst))?", re.DOTALL)
"""logrotate's numbers; what ends in an address or a version is no series."""


class Hole(NamedTuple):
    """Numbers missing between two files of a series. Between the last time of the older and the first of the newer, UTC microseconds."""

    base: str
    older: str
    newer: str
    missing: int
    parser: str
    start_us: int
    end_us: int


def holes(sources: Iterable[SourceRow]) -> Iterator[Hole]:
    """Every hole between files that are there, where at least one of them has events."""
    series = defaultdict[str, dict[int, SourceRow]](dict)
    for row in sources:
        found = _ROTATED.fullmatch(row.name or row.path)
        base, number = (found["base"], int(found["number"])) if found else (row.name or row.path, 0)
        series[base][number] = row
    for base, files in series.items():
        for newer, older in pairwise(sorted(files)):
            if older - newer > 1:
                yield from _hole(base, files[older], files[newer], older - newer - 1)


def _hole(base: str, older: SourceRow, newer: SourceRow, missing: int) -> Iterator[Hole]:
    start = older.last_us if older.last_us is not None else newer.first_us
    end = newer.first_us if newer.first_us is not None else older.last_us
    if start is not None and end is not None:
        yield Hole(
            base, older.name or older.path, newer.name or newer.path, missing, newer.parser or older.parser, start, max(start, end)
        )  # fmt: skip
