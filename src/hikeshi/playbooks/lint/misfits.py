"""What does not fit the format at all: every field and every step by itself, so that one mistake does not hide the next.

msgspec says the first thing that is wrong with a value; here each part of the file is converted alone, and what is said is completed with
what was expected.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, Literal, get_args, get_origin, get_type_hints

import msgspec

from hikeshi.playbooks.lint.problem import Path, Problem, dotted, short
from hikeshi.playbooks.playbook import Playbook, Simulation, StepSpec
from hikeshi.strict_yaml import Document, steps_of
from hikeshi.text import Text

ITEMS: Final[dict[str, Any]] = {"simulations": Simulation, "steps": StepSpec}
"""Lists of which every item is looked at by itself."""


def misfits(document: Document) -> list[Problem]:
    """Everything in the document that is no playbook, with its lines; empty where `document.convert(Playbook)` works."""
    found = [problem.placed(document.marks) for problem in _each(document.value)]
    return found or [problem.placed(document.marks) for problem in _tried(document.value, Playbook, (), document.value)]


def _each(value: Any) -> Iterator[Problem]:
    if not isinstance(value, dict):
        return
    fields = {field.name: field for field in msgspec.structs.fields(Playbook)}
    for name in value.keys() - fields.keys():
        yield _problem((name,), f"Object contains unknown field `{name}`", value)
    for name, field in fields.items():
        if name not in value:
            if field.required:
                yield _problem((), f"Object missing required field `{name}`", value)
        elif name in ITEMS and isinstance(value[name], list):
            inner = [
                one
                for number, item in enumerate(value[name])
                for one in _tried(item, ITEMS[name], (name, number), value)
            ]
            yield from inner
            if not inner:
                yield from _tried(value[name], field.type, (name,), value)
        else:
            yield from _tried(value[name], field.type, (name,), value)


def _tried(part: Any, shape: Any, path: Path, whole: Any) -> Iterator[Problem]:
    try:
        msgspec.convert(part, shape)
    except msgspec.ValidationError as error:
        message, _, inner = str(error).partition(" - at `")
        yield _problem((*path, *steps_of(inner)), message, whole)


def _problem(path: Path, message: str, whole: Any) -> Problem:
    unknown = re.fullmatch(r"Object contains unknown field `(.*)`", message, re.DOTALL)
    missing = re.fullmatch(r"Object missing required field `(.*)`", message)
    expected = _expected(path)
    if unknown:
        path = path if path and path[-1] == unknown[1] else (*path, unknown[1])
        known = _fields(path[:-1])
        said = Text(
            f"There is no field `{short(unknown[1])}`; expected: {known}.",
            f"項目 `{short(unknown[1])}` はありません。使えるもの: {known}",
        )
    elif missing:
        path = (*path, missing[1])
        said = Text(f"The field `{missing[1]}` is missing.", f"項目 `{missing[1]}` がありません。")
    else:
        said = Text(
            f"{message}{f'; expected {expected}' if expected else ''}.",
            f"値が正しくありません: {message}{f'(指定できるもの: {expected})' if expected else ''}",
        )
    inner = path[2:] if path[:1] in {(name,) for name in ITEMS} else path
    return Problem("error", _place(path, whole), said, path, dotted(inner))


def _place(path: Path, whole: Any) -> str:
    """As lint says it: the key of a step and the name of a simulation, where the file says one."""
    if path[:1] in {(name,) for name in ITEMS} and len(path) > 1 and isinstance(path[1], int):
        noun, item = str(path[0]).removesuffix("s"), whole[path[0]][path[1]]
        name = (item.get("key") or item.get("name")) if isinstance(item, dict) else None
        return f"{noun} {short(name)}" if isinstance(name, str) else f"{noun} number {path[1] + 1}"
    return str(path[0]) if path else "playbook"


def _shape(path: Path) -> Any:
    """The type that the format has at a path; None where the format ends earlier."""
    shape: Any = Playbook
    for part in path:
        shape = _bare(shape)
        if isinstance(shape, type) and issubclass(shape, msgspec.Struct):
            shape = get_type_hints(shape, include_extras=True).get(str(part))
        elif get_origin(shape) in {tuple, list, dict}:
            arguments = get_args(shape)
            shape = arguments[1] if get_origin(shape) is dict else arguments[0]
        else:
            return None
    return _bare(shape)


def _bare(shape: Any) -> Any:
    """Without what is only said about it, and without "or nothing"."""
    while hasattr(shape, "__metadata__"):
        shape = get_args(shape)[0]
    some = [one for one in get_args(shape) if one is not type(None)]
    if type(None) in get_args(shape) and len(some) == 1:
        return _bare(some[0])
    return shape


def _expected(path: Path) -> str:
    """The words that may stand at a path, where they are a list of words."""
    shape = _shape(path)
    return ", ".join(map(str, get_args(shape))) if get_origin(shape) is Literal else ""


def _fields(path: Path) -> str:
    shape = _shape(path)
    return ", ".join(getattr(shape, "__struct_fields__", ()))
