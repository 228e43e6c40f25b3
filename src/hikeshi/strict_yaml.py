"""YAML from people, read strictly: every error names the file, the line and the column.

Only what rules and playbooks need: mappings with text keys, lists, and plain values. Refused are a key given twice, aliases (a few
bytes of them can stand for gigabytes), explicit tags, nesting without end, and files beyond the size limit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
import yaml

from hikeshi.errors import Unreadable

SIZE_LIMIT: Final = 256 * 1024
DEPTH_LIMIT: Final = 20
TAGS: Final = frozenset(
    f"tag:yaml.org,2002:{name}" for name in ("bool", "float", "int", "map", "null", "seq", "str", "timestamp")
)

_TEXT: Final = "tag:yaml.org,2002:str"
_HALF: Final = re.compile("[\ud800-\udfff]")

T = TypeVar("T")
Marks = dict[tuple[str | int, ...], yaml.Mark]


class Document(msgspec.Struct, frozen=True):
    """The plain value of a file, and where each part of it stands."""

    value: Any
    marks: Marks
    source: str

    def convert(self, shape: type[T]) -> T:
        """The value in the given shape (a msgspec Struct, a list of one, ...). Raises `Unreadable` naming the line of what does not fit."""
        try:
            return msgspec.convert(self.value, shape)
        except msgspec.ValidationError as error:
            message, _, path = str(error).partition(" - at `")
            raise self.complaint(message, steps_of(path)) from error

    def each(self, shape: type[T]) -> Iterator[tuple[int, T | Unreadable]]:
        """Every item of a list by its number: in the given shape, or what is wrong with it. Raises `Unreadable` when it is no list."""
        if not isinstance(self.value, list):
            raise self.complaint("a list is needed")
        for number, item in enumerate(self.value):
            try:
                yield number, msgspec.convert(item, shape)
            except msgspec.ValidationError as error:
                message, _, path = str(error).partition(" - at `")
                yield number, self.complaint(message, (number, *steps_of(path)))

    def complaint(self, message: str, steps: tuple[str | int, ...] = (), *, hint: str = "") -> Unreadable:
        """An error about the part reached by `steps`, or the nearest part around it that is written down."""
        shown = ".".join(str(step) for step in steps)
        while steps not in self.marks:
            steps = steps[:-1]
        return _unreadable(f"{shown}: {message}" if shown else message, self.source, self.marks[steps], hint=hint)


def read(path: Path, *, size_limit: int = SIZE_LIMIT) -> Document:
    """Read a file. Raises `Unreadable`."""
    try:
        with path.open("rb") as stream:
            text = stream.read(size_limit + 1)
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}", source=str(path)) from error
    return parse(text, source=str(path), size_limit=size_limit)


def parse(text: bytes, *, source: str, size_limit: int = SIZE_LIMIT) -> Document:
    """Read UTF-8 text; `source` is the name used in errors. Raises `Unreadable`."""
    if len(text) > size_limit:
        raise Unreadable(f"larger than {size_limit} bytes", source=source)
    try:
        words = text.decode("utf-8-sig")
        _refuse_unwanted(words)
        loader = _Loader(words)
        node = loader.get_single_node()
        if node is None:
            raise Unreadable("the file is empty", source=source, place="line 1")
        marks: Marks = {(): node.start_mark}
        return Document(_value(loader, node, (), marks), marks, source)
    except yaml.MarkedYAMLError as error:
        message = ", ".join(part for part in (error.problem, error.context) if part)
        raise _unreadable(message, source, error.problem_mark or error.context_mark) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise Unreadable(f"not YAML in UTF-8: {error}", source=source) from error


# libyaml is the same reader in C, eight times as fast.
_FAST: Final = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader


class _Loader(_FAST):  # type: ignore[valid-type,misc]
    """PyYAML's safe loader, with errors that say where."""

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep=deep)
        except (ValueError, OverflowError) as error:
            # Such as the date 2026-13-45, or an integer of ten thousand digits.
            raise yaml.MarkedYAMLError(problem=f"not a value: {error}", problem_mark=node.start_mark) from error


def _refuse_unwanted(words: str) -> None:
    """Look through the events first, one after the other, so that nothing is built of what is refused. Raises MarkedYAMLError."""
    depth = 0
    for event in yaml.parse(words, Loader=_FAST):
        mark: Any = event.start_mark  # of the reader in C it is of another class, which has all that is used of it
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise yaml.MarkedYAMLError(problem="anchors and aliases are not allowed", problem_mark=mark)
        if tag := getattr(event, "tag", None):
            raise yaml.MarkedYAMLError(problem=f"the tag {tag} is not allowed", problem_mark=mark)
        if isinstance(event, yaml.CollectionStartEvent | yaml.ScalarEvent) and depth >= DEPTH_LIMIT:
            raise yaml.MarkedYAMLError(problem=f"nested deeper than {DEPTH_LIMIT} levels", problem_mark=mark)
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)


def _refuse_node(node: yaml.Node) -> None:
    if node.tag not in TAGS:
        raise yaml.MarkedYAMLError(problem=f"the tag {node.tag} is not allowed", problem_mark=node.start_mark)
    if isinstance(node, yaml.ScalarNode) and _HALF.search(node.value):
        # An escape such as "\ud800" is text that cannot be written down again.
        raise yaml.MarkedYAMLError(problem="half a surrogate pair is not text", problem_mark=node.start_mark)


def _value(loader: _Loader, node: yaml.Node, path: tuple[str | int, ...], marks: Marks) -> Any:
    """The plain value of a node; where each part of it stands is put into `marks`.

    Raises MarkedYAMLError for a key that is given twice or is not text. What is nested too deep was refused before.
    """
    _refuse_node(node)
    if isinstance(node, yaml.SequenceNode):
        for number, child in enumerate(node.value):
            marks[*path, number] = child.start_mark
        return [_value(loader, child, (*path, number), marks) for number, child in enumerate(node.value)]
    if not isinstance(node, yaml.MappingNode):
        return node.value if node.tag == _TEXT else loader.construct_object(node)
    found = {}
    for key, child in node.value:
        name = _key(key)
        if name in found:
            raise yaml.MarkedYAMLError(problem=f"the key {name!r} is given twice", problem_mark=key.start_mark)
        marks[*path, name] = key.start_mark
        found[name] = _value(loader, child, (*path, name), marks)
    return found


def _key(node: yaml.Node) -> str:
    _refuse_node(node)
    if not isinstance(node, yaml.ScalarNode) or node.tag != _TEXT:
        raise yaml.MarkedYAMLError(problem="a key has to be text; put it in quotes", problem_mark=node.start_mark)
    return str(node.value)


def steps_of(path: str) -> tuple[str | int, ...]:
    """The parts of a path as msgspec writes it, such as $.steps[3].title`."""
    found = re.findall(r"\.([^.\[\]`]+)|\[(\d+)\]", path)
    return tuple(int(number) if number else name for name, number in found)


def _unreadable(message: str, source: str, mark: yaml.Mark | None, *, hint: str = "") -> Unreadable:
    place = f"line {mark.line + 1}, column {mark.column + 1}" if mark else ""
    return Unreadable(message, source=source, place=place, hint=hint)
