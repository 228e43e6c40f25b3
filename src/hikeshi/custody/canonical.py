"""Canonical JSON (RFC 8785), narrowed so that every verifier in every language computes the same bytes.

Narrower than the RFC on purpose: no floats at all (their printed form is where implementations differ) and no integer beyond
2^53 - 1 (readers that keep numbers as doubles lose digits). Both are refused by name, with the place.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from typing import Any, Final

import msgspec
import rfc8785

from hikeshi.errors import Refused

INTEGER_LIMIT = 2**53 - 1
DEPTH_LIMIT = 64
BEYOND_BASIC_PLANE: Final = re.compile(rb"[\xf0-\xf4]")
"""The first byte, in UTF-8, of a character beyond U+FFFF."""


def canonical(value: Any, *, name: str = "data") -> bytes:
    """The RFC 8785 bytes of plain JSON: dict with str keys, list, tuple, str, int, bool, None.

    Raises `Refused` naming the place (`name` is where `value` sits) for anything else.
    """
    for place, reason in _obstacles(value, name, DEPTH_LIMIT):
        raise Refused(f"{place} {reason}", hint="Write the value as text.")
    encoded = msgspec.json.encode(value, order="sorted")
    if BEYOND_BASIC_PLANE.search(encoded):
        # RFC 8785 sorts keys by UTF-16 units: another order than that of code points, but only where these characters are.
        encoded = rfc8785.dumps(value)
    return encoded


def digest(value: Any, *, name: str = "data") -> str:
    """SHA-256 of the canonical JSON, in lower-case hex."""
    return hashlib.sha256(canonical(value, name=name)).hexdigest()


def _obstacles(value: Any, place: str, depth: int) -> Iterator[tuple[str, str]]:
    """Each place that has no canonical form, with the reason. Lazy: the first one is enough to refuse."""
    if depth == 0:
        yield place, f"is nested deeper than {DEPTH_LIMIT} levels"
    elif isinstance(value, dict):
        for key, inner in value.items():
            if not isinstance(key, str):
                yield place, f"has the key {key!r}, which is not text"
            elif not _is_unicode(key):
                yield place, "has a key with half a surrogate pair, which UTF-8 cannot carry"
            else:
                yield from _obstacles(inner, f"{place}.{key}", depth - 1)
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _obstacles(inner, f"{place}[{number}]", depth - 1)
    elif reason := _scalar_obstacle(value):
        yield place, reason


def _scalar_obstacle(value: Any) -> str:
    """Why this value has no canonical form, or nothing."""
    if isinstance(value, str):
        return "" if _is_unicode(value) else "contains half a surrogate pair, which UTF-8 cannot carry"
    if value is None or isinstance(value, bool):
        return ""
    if isinstance(value, int):
        # Not printed: Python refuses to write out an integer of thousands of digits.
        return "" if abs(value) <= INTEGER_LIMIT else "is an integer beyond 2^53 - 1, which other readers would round"
    if isinstance(value, float):
        return f"is the float {value!r}; floats are printed differently by different readers"
    return f"is a {type(value).__name__}, which is not plain JSON"


def _is_unicode(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
