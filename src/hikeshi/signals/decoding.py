"""From bytes to a document: JSON in UTF-8, UTF-16 or UTF-32, JSON lines, or a mail. Everything has a limit.

Reference: https://www.rfc-editor.org/rfc/rfc4627#section-3 (how the encoding of JSON is told from its first bytes)
"""

from __future__ import annotations

import codecs
import json
from typing import Any, Final, NamedTuple

from hikeshi.errors import Unreadable
from hikeshi.signals import mails

PAYLOAD_LIMIT: Final = 1024 * 1024
"""Bytes of one payload."""

DEPTH_LIMIT: Final = 64
"""Levels of JSON in one another."""

MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
ZEROS: Final = {
    (True, True, True, False): "utf-32-be", (False, True, True, True): "utf-32-le",
    (True, False, True, False): "utf-16-be", (False, True, False, True): "utf-16-le",
}  # fmt: skip
"""The encoding by which of the first four bytes are zero."""


class Broken(NamedTuple):
    """A line of JSON lines that is none, among others that are."""

    place: str
    reason: str


def decode(payload: bytes, source: str) -> Any:
    """The JSON value or the mail in a payload. Raises `Unreadable` that says where it stops making sense."""
    a_mail = mails.looks_like_mail(payload)
    limit = mails.MAIL_LIMIT if a_mail else PAYLOAD_LIMIT
    if len(payload) > limit:
        raise Unreadable(
            f"{len(payload):,} bytes; {'a mail' if a_mail else 'an alert'} may have {limit:,}", source=source
        )
    if a_mail:
        return mails.parse(payload)
    text = _text(payload, source)
    try:
        found = json.loads(text)
    except json.JSONDecodeError as problem:
        if problem.msg == "Extra data" and (lines := _lines(text)) is not None:
            return _bounded(lines, source)
        place = f"line {problem.lineno} column {problem.colno}"
        raise Unreadable(f"not JSON ({problem.msg})", source=source, place=place) from problem
    except ValueError as problem:  # an integer of thousands of digits
        raise Unreadable(f"not JSON ({problem})", source=source) from problem
    except RecursionError as problem:
        raise Unreadable("nested too deeply", source=source) from problem
    return _bounded(found, source)


def _text(payload: bytes, source: str) -> str:
    encoding = next((name for mark, name in MARKS if payload.startswith(mark)), None)
    encoding = encoding or ZEROS.get(tuple(byte == 0 for byte in payload[:4]), "utf-8")  # type: ignore[arg-type] # four at most
    try:
        return payload.decode(encoding)
    except UnicodeDecodeError as problem:
        shown = encoding.upper().removesuffix("-SIG")
        raise Unreadable(
            f"not {shown} text", source=source, place=f"byte {problem.start}",
            hint="JSON is sent in UTF-8; tell the sender to use it.",
        ) from problem  # fmt: skip


def _lines(text: str) -> list[Any] | None:
    """JSON lines as a list, a bad one as `Broken`; None where the first line already is no JSON."""
    lines = [(number, line) for number, line in enumerate(text.split("\n"), start=1) if line.strip()]
    found = [_line(number, line) for number, line in lines]
    return found if found and not isinstance(found[0], Broken) else None


def _line(number: int, line: str) -> Any:
    try:
        return json.loads(line)
    except json.JSONDecodeError as problem:
        return Broken(f"line {number} column {problem.colno}", f"not JSON ({problem.msg})")
    except (ValueError, RecursionError) as problem:
        return Broken(f"line {number}", f"not JSON ({problem})")


def _bounded(document: Any, source: str) -> Any:
    """The document. Raises `Unreadable` where it is nested deeper than `DEPTH_LIMIT`."""
    level = [document]
    for _ in range(DEPTH_LIMIT):
        level = [part for one in level for part in _parts(one)]
        if not level:
            return document
    raise Unreadable(f"nested too deeply: more than {DEPTH_LIMIT} levels", source=source)


def _parts(value: Any) -> list[Any]:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [part for part in inner if isinstance(part, dict | list)]
