"""From the bytes of a payload to the signals in it."""

from __future__ import annotations

import json
from typing import Any

from hikeshi.errors import Unreadable
from hikeshi.signals.shapes import SHAPES
from hikeshi.signals.signal import Signal

PAYLOAD_LIMIT = 1024 * 1024
"""Bytes of one payload."""


def read_signals(payload: bytes, source: str) -> list[Signal]:
    """All signals in one payload. Raises `Unreadable` that says where it stops making sense."""
    document = _document(payload, source)
    for signals in SHAPES.values():
        if found := signals(document, source):
            return found
    raise Unreadable("no finding in it that we know", source=source, hint=f"Known: {', '.join(SHAPES)}.")


def _document(payload: bytes, source: str) -> Any:
    if len(payload) > PAYLOAD_LIMIT:
        raise Unreadable(f"{len(payload)} bytes; an alert may have {PAYLOAD_LIMIT}", source=source)
    try:
        return json.loads(payload)
    except UnicodeDecodeError as problem:
        raise Unreadable("not UTF-8 text", source=source, place=f"byte {problem.start}") from problem
    except json.JSONDecodeError as problem:
        place = f"line {problem.lineno} column {problem.colno}"
        raise Unreadable(f"not JSON ({problem.msg})", source=source, place=place) from problem
    except RecursionError as problem:
        raise Unreadable("nested too deeply", source=source) from problem
