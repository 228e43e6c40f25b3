"""The connection ladder as plain data, the same for the command line, the API and the console."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
from typing_extensions import TypedDict  # pydantic asks for this one below Python 3.12

from hikeshi.actions.aws.network.ladder import Ladder, Rung
from hikeshi.doors.shapes import Both


class RungShape(TypedDict):
    """One action with its inputs, and why."""

    action: str
    inputs: dict[str, Any]
    why: Both


class LadderShape(TypedDict):
    """`ways` out of each interface; `rungs` in the order to climb; `left` gets through all of them; `further` would close more at a price."""

    ways: list[Both]
    rungs: list[RungShape]
    left: list[Both]
    further: list[RungShape]
    notes: list[Both]


def shape(ladder: Ladder) -> LadderShape:
    return {
        "ways": _both(ladder.ways),
        "rungs": [_rung(one) for one in ladder.rungs],
        "left": _both(ladder.left),
        "further": [_rung(one) for one in ladder.further],
        "notes": _both(ladder.notes),
    }


def _rung(rung: Rung) -> RungShape:
    made: RungShape = msgspec.to_builtins(rung)
    return made


def _both(texts: Iterable[Any]) -> list[Both]:
    return [msgspec.to_builtins(text) for text in texts]
