"""What a plan changes, part by part, in words that people compare: the same for the command line and the console."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, TypedDict


class Change(TypedDict):
    """One part of the state: an interface, a setting, a rule. Empty `after`: it is kept as it is; empty `before`: it is not there yet."""

    part: str
    before: str
    after: str


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """Parts of the saved state, and of what is expected after, side by side."""
    was, will = dict(_parts(before)), dict(_parts(after))
    return [
        {"part": part, "before": _side(part, was), "after": _side(part, will)} for part in dict.fromkeys((*was, *will))
    ]


def _parts(state: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in state.items():
        if isinstance(value, Mapping):
            yield from ((key if name == "parts" else f"{name} {key}", part) for key, part in value.items())
        else:
            yield name, value


def _side(part: str, state: Mapping[str, Any]) -> str:
    return (_words(state[part]) or "-") if part in state else ""


def _words(value: Any) -> str:
    """A value on one line: names with their values, what lies deeper in brackets."""
    if isinstance(value, Mapping):
        return ", ".join(f"{name}: {_within(part)}" for name, part in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_within, value))
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def _within(value: Any) -> str:
    return f"({_words(value)})" if isinstance(value, Mapping) else _words(value)
