"""Where a value stands in foreign JSON, in a few signs.

    rule.level            the field level of the field rule; also where one field is called "rule.level"
    alerts[]              every part of a list
    hosts[0]              one part of a list
    ^.externalURL         from the whole payload instead of from the part that is one alert

A text that holds JSON, as some senders write it, is entered like the JSON it holds. Paths of the mappings of logs
(`events/mapping.py`) mean the same here.
"""

from __future__ import annotations

import functools
import json
import re
from collections.abc import Iterator
from typing import Any, Final

ROOT: Final = "^"
_STEP: Final = re.compile(r"(?P<name>[^.\[\]]+)?(?P<part>\[\d{0,4}\])?")


def check(path: str) -> str:
    """The path. Raises ValueError that says what is wrong with it."""
    for step in path.removeprefix(f"{ROOT}.").split("."):
        found = _STEP.fullmatch(step)
        if not step or found is None:
            raise ValueError(
                f"{path!r} is no path: names with dots between, [] or [0] for parts of a list, ^. for the whole payload"
            )
    return path


def find(value: Any, path: str, root: Any = None) -> Iterator[Any]:
    """Every value the path leads to, None and empty ones left out."""
    if path.startswith(f"{ROOT}."):
        value, path = root, path[2:]
    for found in _walk(value, path):
        if found is not None and found not in ("", []):
            yield found


def plain(value: Any, path: str, root: Any = None) -> Any:
    """The first plain value the path leads to, or None."""
    return next((found for found in find(value, path, root) if not isinstance(found, dict | list)), None)


def _walk(value: Any, path: str) -> Iterator[Any]:
    value = _opened(value)
    if not isinstance(value, dict):
        return
    for name, part, rest in _readings(path):
        if name in value:
            for found in _part(value[name], part):
                if rest:
                    yield from _walk(found, rest)
                else:
                    yield found
            return


@functools.lru_cache(maxsize=4096)
def _readings(path: str) -> tuple[tuple[str, str, str], ...]:
    """The first field, which part of it, and the rest of the path; the longest name first: "kibana.alert.uuid" may be one field."""
    steps = path.split(".")
    found = []
    for taken in range(len(steps), 0, -1):
        name, bracket, part = ".".join(steps[:taken]).partition("[")
        if "." not in part:
            found.append((name, bracket + part, ".".join(steps[taken:])))
    return tuple(found)


def _part(value: Any, which: str) -> Iterator[Any]:
    if not which:
        yield value
        return
    value = _opened(value)
    if not isinstance(value, list):
        return
    if which == "[]":
        yield from value
    elif int(which[1:-1]) < len(value):
        yield value[int(which[1:-1])]


def _opened(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in {"{", "["}:
        try:
            return json.loads(value)
        except (ValueError, RecursionError):
            return value
    return value
