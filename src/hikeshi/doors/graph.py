"""The dependency graph of steps as a drawing: boxes in columns, each to the right of everything it waits for. Pure numbers, no markup.

    drawing = draw([Node("1.1", (), "Confirm", "done", "ok"), Node("2.1", ("1.1",), "Isolate", "running", "now")])

`templates/console/parts/graph.html` makes an SVG of it (context: `graph`, `graph_title`, `graph_id`). Lengths are user units of the SVG,
which are pixels where it has room. Steps in a circle are drawn all the same, so that it can be seen. Lines that follow from others
are left out: where 3 waits for 1 and 2, and 2 for 1, no line goes from 1 to 3.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping
from itertools import pairwise
from typing import Final, Literal, NamedTuple

WIDTH: Final = 184
HEIGHT: Final = 39
BESIDE: Final = 30
"""Between columns, where the lines bend."""
BETWEEN: Final = 9
PASSING: Final = 6
"""Height left for a line that passes a column."""
ROOM: Final = 21
"""Half-width letters that fit into a box."""

Look = Literal["", "ok", "now", "warn", "hot", "cut"]
"""Ordinary, over, at work, to be looked at, wrong, changed: the classes node-ok ... of the style sheet."""


class Node(NamedTuple):
    """A step: `after` are the keys it waits for (others are ignored), `note` is the second line, `href` where a click leads."""

    key: str
    after: tuple[str, ...]
    title: str
    note: str = ""
    look: Look = ""
    href: str = ""


class Box(NamedTuple):
    """A step as it is drawn; `whole` is its title in full where `label` is shortened."""

    x: int
    y: int
    key: str
    label: str
    whole: str
    note: str
    look: str
    href: str
    width: int = WIDTH
    height: int = HEIGHT


class Line(NamedTuple):
    """From one box to another; `d` is the path. `look` is that of the box it begins at."""

    d: str
    look: str


class Drawing(NamedTuple):
    """`columns`: the keys in each, from left to right; what stands in one column can go on side by side."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    lines: tuple[Line, ...]
    columns: tuple[tuple[str, ...], ...]


Slot = tuple[str, int]
"""A place in a column: a step by its key, or ("key", column) of a line of that step that passes."""


def draw(nodes: Iterable[Node]) -> Drawing:
    """Lay the steps out. Their order is kept within a column as far as lines do not cross more for it."""
    known = {node.key: node for node in nodes}
    after = _needed(
        {key: tuple(one for one in node.after if one in known and one != key) for key, node in known.items()}
    )
    column = _columns(after)
    slots, links = _slots(after, column)
    _order(slots, links)
    places, height = _places(slots, column)
    boxes = tuple(_box(node, *places[key, column[key]]) for key, node in known.items())
    lines = tuple(Line(_path(places, link, column), known[link[0][0]].look) for link in links)
    width = max(len(slots) * (WIDTH + BESIDE) - BESIDE, 0) + 1
    named = tuple(tuple(key for key, at in row if column[key] == at) for row in slots)
    return Drawing(width, height + 1, boxes, lines, named)


def _needed(after: Mapping[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
    """Without what follows from the rest."""
    above = {key: _above(key, after) for key in after}
    return {
        key: tuple(one for one in ones if not any(one in above[other] for other in ones if other != one and key not in above[other]))
        for key, ones in after.items()
    }  # fmt: skip


def _above(key: str, after: Mapping[str, tuple[str, ...]]) -> set[str]:
    seen: set[str] = set()
    waiting = list(after[key])
    while waiting:
        one = waiting.pop()
        if one not in seen:
            seen.add(one)
            waiting.extend(after[one])
    return seen


def _columns(after: Mapping[str, tuple[str, ...]]) -> dict[str, int]:
    """One to the right of the rightmost it waits for. Rounds are counted, so that a circle ends."""
    column = dict.fromkeys(after, 0)
    for _ in range(len(after)):
        moved = False
        for key, ones in after.items():
            at = min(max((column[one] + 1 for one in ones), default=0), len(after) - 1)
            moved, column[key] = moved or at != column[key], at
        if not moved:
            break
    used = {at: place for place, at in enumerate(sorted(set(column.values())))}
    return {key: used[at] for key, at in column.items()}


def _slots(
    after: Mapping[str, tuple[str, ...]], column: Mapping[str, int]
) -> tuple[list[list[Slot]], list[tuple[Slot, Slot]]]:
    """What stands in each column, and the pieces of lines from one column to the next."""
    slots: list[list[Slot]] = [[] for _ in range(max(column.values(), default=-1) + 1)]
    for key, at in column.items():
        slots[at].append((key, at))
    links: dict[tuple[Slot, Slot], None] = {}
    for key, ones in after.items():
        for one in ones:
            path = [
                (one, at) for at in range(column[one], max(column[key], column[one] + 1))
            ]  # a circle goes straight back
            links |= dict.fromkeys(zip(path, [*path[1:], (key, column[key])], strict=True))
            for passing in path[1:]:
                if passing not in slots[passing[1]]:
                    slots[passing[1]].append(passing)
    return slots, list(links)


def _order(slots: list[list[Slot]], links: list[tuple[Slot, Slot]]) -> None:
    """Put each slot near the middle of those it comes from, column by column."""
    sources: dict[Slot, list[Slot]] = {}
    for one, other in links:
        sources.setdefault(other, []).append(one)
    for left, right in pairwise(slots):
        row = {slot: place for place, slot in enumerate(left)}
        seen = {slot: [row[one] for one in sources.get(slot, ()) if one in row] for slot in right}
        right.sort(key=lambda slot: sum(seen[slot]) / len(seen[slot]) if seen[slot] else len(row))


def _places(slots: list[list[Slot]], column: Mapping[str, int]) -> tuple[dict[Slot, tuple[int, int, bool]], int]:
    """Left edge and top of every slot, and whether it is a box; columns stand centred."""
    sizes = [[HEIGHT if column[key] == at else PASSING for key, at in row] for row in slots]
    heights = [sum(row) + BETWEEN * (len(row) - 1) for row in sizes]
    whole = max(heights, default=0)
    places = {}
    for at, row in enumerate(slots):
        y = (whole - heights[at]) // 2
        for slot, size in zip(row, sizes[at], strict=True):
            places[slot] = (at * (WIDTH + BESIDE), y, size == HEIGHT)
            y += size + BETWEEN
    return places, whole


def _path(places: Mapping[Slot, tuple[int, int, bool]], link: tuple[Slot, Slot], column: Mapping[str, int]) -> str:
    """A piece of a line: a bend between two columns, and straight on through a column that it passes. Circles go back the same way."""
    (x0, y0, box0), (x1, y1, box1) = places[link[0]], places[link[1]]
    start, y0 = x0 + WIDTH, y0 + (HEIGHT if box0 else PASSING) // 2
    y1 += (HEIGHT if box1 else PASSING) // 2
    half = BESIDE // 2
    end = f" H{x1 + WIDTH}" if column[link[1][0]] != link[1][1] else ""
    return f"M{start} {y0}C{start + half} {y0} {x1 - half} {y1} {x1} {y1}{end}"


def _box(node: Node, x: int, y: int, _is_box: bool) -> Box:
    whole = f"{node.key} {node.title}".strip()
    return Box(x, y, node.key, _fit(whole), whole, _fit(node.note), node.look, node.href)


def _fit(text: str) -> str:
    """Shortened to what a box holds; letters of Japanese are twice as wide."""
    room, kept = ROOM, ""
    for letter in text:
        room -= 2 if unicodedata.east_asian_width(letter) in {"W", "F"} else 1
        if room < 0:
            return f"{kept[:-1]}\u2026"
        kept += letter
    return kept
