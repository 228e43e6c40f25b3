"""The lines beside the steps of a phase: which lane each step stands in, and what is drawn in each row. Pure geometry.

A row is as high as its words need, so everything is in pixels from its top left corner: the dot sits DOT below the top, a line that goes
on runs far below the row and is cut off there. The words of a row say the same as its lines.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

LANES: Final = (20, 38, 56)
"""Pixels from the left. What cannot be reached from its start without crossing another step stands alone, without a line."""
DOT: Final = 18
BEND: Final = 32
FAR: Final = 4000


class Node(NamedTuple):
    """A step: the steps it waits for (those of other phases do not count), and whether it lets go on what waits for it."""

    key: str
    after: tuple[str, ...] = ()
    clear: bool = False
    added: bool = False


class Line(NamedTuple):
    """One SVG path; `look` is its class, empty for what is still ahead."""

    path: str
    look: str


class Row(NamedTuple):
    """`lane` counts from 1, as the stylesheet does."""

    lane: int
    lines: tuple[Line, ...]


class _Edge(NamedTuple):
    start: int
    end: int
    early: bool
    look: str


def draw(nodes: Sequence[Node], *, begun: bool) -> list[Row]:
    """The rows of one phase: first its heading, from which whatever waits for nothing in it starts, then its steps in order."""
    waits = _waits(nodes)
    lanes, orphans = _assign(waits)
    drawn: list[dict[str, str]] = [{} for _ in range(len(nodes) + 1)]
    for edge in _edges(nodes, waits, orphans, begun):
        for row, path in _paths(edge, LANES[lanes[edge.start]], LANES[lanes[edge.end]]):
            before = drawn[row].get(path, edge.look)
            drawn[row][path] = edge.look if before == edge.look else ""
    return [
        Row(lanes[row] + 1, tuple(Line(path, look) for path, look in lines.items())) for row, lines in enumerate(drawn)
    ]


def _waits(nodes: Sequence[Node]) -> list[list[int]]:
    """For each row the earlier rows it waits for; row 0 is the heading, which waits for nothing."""
    row_of = {node.key: row for row, node in enumerate(nodes, 1)}
    found: list[list[int]] = [[]]
    for row, node in enumerate(nodes, 1):
        earlier = sorted({row_of[key] for key in node.after if row_of.get(key, row) < row})
        found.append(earlier or [0])
    return found


def _assign(waits: Sequence[Sequence[int]]) -> tuple[list[int], set[int]]:
    """A lane for each row: that of the nearest row it waits for where nothing has gone on from there, else a free one.

    Gives back also the rows that found none.
    """
    last = [max((row for row, earlier in enumerate(waits) if at in earlier), default=at) for at in range(len(waits))]
    lanes, orphans = [0], set()
    tail, busy = {0: 0}, dict.fromkeys(range(len(LANES)), -1)
    for row in range(1, len(waits)):
        nearest = waits[row][-1]
        lane: int | None = lanes[nearest] if tail[lanes[nearest]] == nearest else None
        if lane is None:
            lane = next((one for one in busy if one and (busy[one] <= nearest if nearest else busy[one] < 0)), None)
        if lane is None:
            lane = next((one for one in busy if busy[one] < row), len(LANES) - 1)
            orphans.add(row)
        lanes.append(lane)
        tail[lane], busy[lane] = row, max(busy[lane], last[row])
    return lanes, orphans


def _edges(
    nodes: Sequence[Node], waits: Sequence[Sequence[int]], orphans: set[int], begun: bool
) -> Iterator[_Edge]:  # fmt: skip
    for row, node in enumerate(nodes, 1):
        for start in waits[row]:
            if start == 0 and row in orphans:
                continue
            clear = begun if start == 0 else nodes[start - 1].clear
            look = "lane-added" if node.added else "lane-done" if clear else ""
            yield _Edge(start, row, start == waits[row][-1] and row not in orphans, look)


def _paths(edge: _Edge, left: int, right: int) -> Iterator[tuple[int, str]]:
    """Row by row: an early edge changes its lane where it starts, any other where it ends."""
    lane = right if edge.early else left
    bend = f"C{left} {DOT + BEND} {right} {DOT} {right} {DOT + BEND}" if edge.early and left != right else ""
    yield edge.start, f"M{left} {DOT}{bend}V{FAR}"
    for row in range(edge.start + 1, edge.end):
        yield row, f"M{lane} 0V{FAR}"
    yield edge.end, f"M{lane} 0V{DOT}" if lane == right else f"M{left} 0C{left} {DOT} {right} 0 {right} {DOT}"
