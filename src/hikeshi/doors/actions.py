"""Actions as plain data, the same for the command line, the API and the console: read from the classes in the table."""

from __future__ import annotations

from typing import Any

import msgspec
from typing_extensions import TypedDict  # pydantic asks for this one below Python 3.12

from hikeshi.actions import ACTIONS
from hikeshi.actions.action import Action
from hikeshi.actions.catalogue import inputs
from hikeshi.errors import Refused

Both = dict[str, str]
"""One text in both languages: {en, ja}."""


class ActionShape(TypedDict):
    """One action of the catalogue. `radius`: who else feels it (resource, shared, account)."""

    name: str
    title: Both
    effect: str
    reversible: str
    radius: str
    target: str
    provider: str


class InputShape(TypedDict):
    """One input. `asked`: text, number, yes-no, list (by comma or line), or choice."""

    name: str
    label: Both
    asked: str
    required: bool
    default: Any
    choices: list[str]
    pattern: str
    example: str


class ActionDetail(ActionShape):
    """What it does, how to undo it without Hikeshi, what must be held before, what it may call, and what it takes."""

    what: Both
    by_hand: Both
    needs_evidence: list[str]
    permissions: list[str]
    inputs: list[InputShape]


def kind_of(name: str) -> type[Action[Any]]:
    """The action's class. Raises `Refused` where there is none of that name."""
    if name not in ACTIONS:
        raise Refused(f"There is no action called {name!r}.", hint=f"Known actions: {', '.join(ACTIONS)}.")
    return ACTIONS[name]


def line(name: str, kind: type[Action[Any]]) -> ActionShape:
    return {
        "name": name,
        "title": msgspec.to_builtins(kind.title),
        "effect": kind.effect,
        "reversible": kind.reversible,
        "radius": kind.radius,
        "target": kind.target,
        "provider": kind.provider,
    }


def detail(name: str) -> ActionDetail:
    """Raises `Refused` for an unknown name."""
    kind = kind_of(name)
    return {
        **line(name, kind),
        "what": msgspec.to_builtins(kind.what),
        "by_hand": msgspec.to_builtins(kind.by_hand),
        "needs_evidence": list(kind.needs_evidence),
        "permissions": list(kind.permissions),
        "inputs": [msgspec.to_builtins(one) for one in inputs(kind)],
    }
