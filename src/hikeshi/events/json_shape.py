"""What the first record of a JSON log looks like: its own keys, told apart from whatever is nested in it.

Logs hold each other: CloudTrail records the findings that were imported, findings quote the call that made them, OCSF keeps the
original. Only the keys of the record itself say which log it is. The head may end in the middle of the record.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from hikeshi.events.json_records import BROKEN, LISTS

INSIDE = frozenset((*LISTS, "configurationItems", "logEvents"))
"""Keys whose list holds the records, so that the first of them is looked at instead."""

DEEPEST = 3
"""Lists of records inside each other that are looked into."""

_TOKEN = re.compile(rb'"(?:[^"\\]++|\\.)*+(?:"|(\Z))|[{}\[\]:,]|[^\s{}\[\]:,"]++', re.DOTALL)
_FIRST = re.compile(rb'(?:\s*\{\s*"(?:Records|Events|events|Findings|findings)"\s*:)?(?:\s*\[)?\s*+(?=\{)')
"""What may stand before the first record."""

_scan = json.JSONDecoder()
_EXPORTED = re.compile(rb"\s*(?:\d{4}-\d\d-\d\dT[\d:.]+Z[ \t]+)?(?=[{\[])")
"""CloudWatch Logs write the time before every line they export to S3."""


@functools.lru_cache(maxsize=8)  # every parser asks about the same head
def first_record(head: bytes) -> Mapping[str, str]:
    """The keys of the first record, each with its value where that is short text, else "". Empty where the head is no JSON.

    Lists of records, arrays, and the envelope of CloudWatch Logs (`message`) are looked into; the envelope of EventBridge is not:
    its `detail-type` says more than the record.
    """
    begin = _EXPORTED.match(head)
    if begin is None:
        return {}
    found = _whole(head, begin.end()) or _keys(head, begin.end())
    inner = found.get("message", "")
    if inner.startswith("{") and "timestamp" in found:
        return _keys(inner.encode("utf-8", "replace"), 0)
    return found


def _whole(head: bytes, at: int) -> dict[str, str] | None:
    """The keys where the first record is whole: the same as `_keys`, many times faster. None where it is not."""
    first = _FIRST.match(head, at)
    if first is None:
        return None
    try:
        value, _ = _scan.raw_decode(head[first.end() :].decode("latin-1"))  # JSON's structure is ASCII
    except BROKEN:
        return None
    return _of(value)


def _of(value: dict[str, Any], deep: int = 0) -> dict[str, str]:
    for key, inside in value.items():
        if (
            deep < DEEPEST
            and key in INSIDE
            and isinstance(inside, list)
            and inside
            and isinstance(inside[0], dict)
            and inside[0]
        ):
            return _of(inside[0], deep + 1)
    return {key: item if isinstance(item, str) else "" for key, item in value.items()}


def _keys(head: bytes, at: int, deep: int = 0) -> dict[str, str]:
    found: dict[str, str] = {}
    key: str | None = None
    for token in _own(head, at):
        sign = token[0][:1]
        if sign == b",":
            key = None
        elif sign == b'"':
            text = _text(token[0])
            if key is None:
                key, text = text, ""
            found[key] = text
        elif sign == b"[" and key in INSIDE and deep < DEEPEST and (inner := _keys(head, token.end(), deep + 1)):
            return inner
    return found


def _own(head: bytes, at: int) -> Iterator[re.Match[bytes]]:
    """What stands in the first object itself: keys, values, commas, and the signs with which nested values begin."""
    depth = 0
    for token in _TOKEN.finditer(head, at):
        sign = token[0][:1]
        if token[1] is not None or (sign in b"}]" and depth <= 1):  # text that the head cuts off, or the end
            return
        if depth == 1:
            yield token
        if sign == b"{" or (sign == b"[" and depth):
            depth += 1
        elif sign in b"}]":
            depth -= 1


def _text(token: bytes) -> str:
    try:
        return str(msgspec.json.decode(token, type=str))
    except BROKEN:
        return ""
