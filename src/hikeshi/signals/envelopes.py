"""What a document is wrapped in on its way: lists, SNS, records of a Lambda call, EventBridge and API answers with several findings.

References:
  https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
  https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
  https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-cwe-event-formats.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

LISTS: Final = ("findings", "Findings", "Records")
"""Keys under which several documents lie side by side."""

WRAPPERS: Final = ("Message", "body", "Sns")
"""Keys of SNS and SQS messages, under which one document lies, as text or as it is."""


class Part(NamedTuple):
    """One document and where it lies in the payload, such as $[2].detail.findings[0]."""

    place: str
    document: Any


def documents(value: Any, place: str = "$") -> Iterator[Part]:
    """Every document in a payload, unwrapped. What cannot be unwrapped is handed out as it is: nothing is left out."""
    if isinstance(value, list):
        for number, part in enumerate(value):
            yield from documents(part, f"{place}[{number}]")
    elif isinstance(value, dict):
        yield from _of_object(value, place)
    else:
        yield Part(place, value)


def _of_object(value: dict[str, Any], place: str) -> Iterator[Part]:
    inner, where = (value["detail"], f"{place}.detail") if _is_event(value) else (value, place)
    for key in LISTS:
        if isinstance(inner.get(key), list) and inner[key]:
            yield from documents(inner[key], f"{where}.{key}")
            return
    for key in WRAPPERS:
        if _is_message(value) and (found := _inside(value.get(key))) is not None:
            yield from documents(found, f"{place}.{key}")
            return
    yield Part(place, value)


def _is_event(value: dict[str, Any]) -> bool:
    return "detail-type" in value and isinstance(value.get("detail"), dict)


def _is_message(value: dict[str, Any]) -> bool:
    """An SNS notification, the record of one, or the record of an SQS message."""
    return value.get("Type") == "Notification" or "EventSource" in value or "eventSource" in value


def _inside(value: Any) -> Any:
    if not isinstance(value, str):
        return value if isinstance(value, dict) else None
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict | list) else None
