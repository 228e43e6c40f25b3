"""Items of a list in the YAML of a playbook: put in, taken out, moved; everything else stays as people wrote it.

    insert(text, ("steps",), 3, {"key": "2.7", ...})    take(text, ("steps",), 3)    swap(text, ("steps",), 3)

As in `editing.py` only the characters of the item are touched, and what comes out is read again: where it says anything else than what
was meant, nothing is changed and `Refused` is raised. Comments directly above an item go with it.
"""

from __future__ import annotations

import copy
from typing import Any, NamedTuple, cast

import yaml

from hikeshi.errors import Refused
from hikeshi.playbooks.editing import FAST, Path, child, end_of, item, put
from hikeshi.strict_yaml import parse


class _Span(NamedTuple):
    """Where the lines of an item begin and end, and the column of its dash."""

    start: int
    end: int
    column: int


def insert(text: str, path: Path, place: int, value: Any) -> str:
    """The text with `value` as item number `place` of the list at `path`, which is made where it is not there. Raises as `put`."""
    wanted, items = _list(text, path)
    if not items:
        return put(text, path, [value])
    items.insert(place, value)
    text = text if text.endswith("\n") else f"{text}\n"
    spans = _spans(text, path)
    at = spans[place - 1].end if place else spans[0].start
    gap = text[spans[0].end : spans[1].start] if len(spans) > 1 else ""
    lines = f"{' ' * spans[0].column}- {item(value, spans[0].column + 2)}\n"
    empty = "\n" if gap and not gap.strip() else ""  # items that stand apart from each other go on doing so
    return _as(f"{text[:at]}{empty if place else ''}{lines}{'' if place else empty}{text[at:]}", wanted, path)


def take(text: str, path: Path, place: int) -> str:
    """The text without item number `place`; the list goes with its last one. Raises as `put`."""
    wanted, items = _list(text, path)
    if len(items) < 2:
        return put(text, path, None)
    items.pop(place)
    spans = _spans(text, path)
    start, end = spans[place][:2]
    if place + 1 < len(spans):
        end = spans[place + 1].start
    else:
        start = spans[place - 1].end
    return _as(text[:start] + text[end:], wanted, path)


def swap(text: str, path: Path, place: int) -> str:
    """The text with item number `place` and the one behind it in each other's place. Raises as `put`."""
    wanted, items = _list(text, path)
    items[place : place + 2] = reversed(items[place : place + 2])
    spans = _spans(text, path)
    one, other = spans[place], spans[place + 1]
    between = text[one.end : other.start]
    moved = f"{text[other.start : other.end]}{between}{text[one.start : one.end]}"
    return _as(text[: one.start] + moved + text[other.end :], wanted, path)


def _list(text: str, path: Path) -> tuple[Any, list[Any]]:
    """A copy of what the text says, to be changed, and in it the list at `path`; an empty one where there is none."""
    wanted = copy.deepcopy(parse(text.encode(), source="playbook").value)
    at = wanted
    try:
        for name in path[:-1]:
            at = at[name]
        found = at.get(path[-1], [])
    except (AttributeError, KeyError, IndexError, TypeError):
        raise _cannot(path) from None
    if not isinstance(found, list):
        raise _cannot(path)
    return wanted, found


def _spans(text: str, path: Path) -> list[_Span]:
    node: yaml.Node | None = cast("yaml.Node", yaml.compose(text, Loader=FAST))  # `parse` has looked at it before
    for name in path:
        node = child(node, name) if node is not None else None
    if not isinstance(node, yaml.SequenceNode) or node.flow_style:
        raise _cannot(path)
    return [_span(text, one) for one in node.value]


def _span(text: str, node: yaml.Node) -> _Span:
    dash = text.rfind("-", 0, node.start_mark.index)
    start = text.rfind("\n", 0, dash) + 1
    column = dash - start
    while start and _is_comment(text, start):
        start = text.rfind("\n", 0, start - 1) + 1
    end = text.find("\n", end_of(text, node))
    return _Span(start, len(text) if end < 0 else end + 1, column)


def _is_comment(text: str, start: int) -> bool:
    """Whether the line before the one that begins at `start` is a comment."""
    return text[text.rfind("\n", 0, start - 1) + 1 : start].lstrip(" ").startswith("#")


def _as(text: str, wanted: Any, path: Path) -> str:
    if parse(text.encode(), source="playbook").value != wanted:
        raise _cannot(path)
    return text


def _cannot(path: Path) -> Refused:
    shown = ".".join(str(one) for one in path)
    return Refused(f"The list {shown} cannot be changed by itself in this text.", hint="Change it in the YAML.")
