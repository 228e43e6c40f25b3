"""Recognising a log of lines that has no mark: by what most of its first lines look like."""

from __future__ import annotations

import re

LINES = 20
"""How many lines are looked at."""


def most(head: bytes, line: re.Pattern[bytes]) -> bool:
    """Whether at least half of the first lines that hold anything begin as the pattern says."""
    first = [one for one in head.removeprefix(b"\xef\xbb\xbf").split(b"\n", LINES + 1)[:LINES] if one.strip()]
    return 0 < len(first) <= 2 * sum(line.match(one) is not None for one in first)
