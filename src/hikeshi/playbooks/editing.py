"""Changing one value in the YAML of a playbook and leaving everything else as people wrote it: comments, order, layout.

    put(text, ("steps", 3, "title", "en"), "Revoke the sessions")        put(text, ("steps", 3, "when"), None)

The place is found by the marks of the parsed text and only its characters are replaced. What comes out is read again: where it says
anything else than the old text with this one value changed, nothing is changed and `Refused` is raised.
"""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Mapping
from typing import Any, Final, cast

import msgspec
import yaml

from hikeshi.errors import Refused
from hikeshi.playbooks.playbook import Playbook, StepSpec
from hikeshi.strict_yaml import parse

Path = tuple[str | int, ...]
FAST: Final = yaml.CSafeLoader if yaml.__with_libyaml__ else yaml.SafeLoader
STEP: Final = 3
"""Names on the way to a field of a step, such as ("steps", 3, "wait")."""
WIDE: Final = 110
"""Characters of a text that still stands on one line."""
PLAIN: Final = re.compile(r"[A-Za-z\u3040-\u30ff\u4e00-\u9fff][^:#{}\[\],&*!|>'\"%@`\n]*")
ORDERS: Final = {
    0: [field.name for field in msgspec.structs.fields(Playbook)],
    2: [field.name for field in msgspec.structs.fields(StepSpec)],
}
"""The order of fields, by the depth of their mapping: where a field that was not there is put in."""


def put(text: str, path: Path, value: Any) -> str:
    """The text with the value at `path` (from the root) set, or taken out where it is None. `value` is plain: text, number, list, mapping.

    The mapping that holds the last name of the path has to be there; a mapping on the way that is not there is made. Raises
    `Unreadable` for a text that cannot be read, `Refused` where the change cannot be made without disturbing anything else.
    """
    before = parse(text.encode(), source="playbook").value
    wanted = _with(before, path, value)
    if wanted == before:
        return text
    changed = _changed(text, path, value)
    if parse(changed.encode(), source="playbook").value != wanted:
        raise _not_so(path)
    return changed


def clear(text: str, path: Path) -> str:
    """The text without the value at `path`, and without the mappings of its step that are empty then. Raises as `put`."""
    at: Any = parse(text.encode(), source="playbook").value
    for name in path[:-1]:
        at = (
            at[name]
            if isinstance(at, list) and isinstance(name, int)
            else at.get(name, {})
            if isinstance(at, dict)
            else {}
        )
    alone = len(path) > STEP and isinstance(at, Mapping) and at.keys() == {path[-1]}
    return clear(text, path[:-1]) if alone else put(text, path, None)


def _not_so(path: Path) -> Refused:
    shown = ".".join(str(one) for one in path)
    return Refused(f"{shown} cannot be changed by itself in this text.", hint="Change it in the YAML.")


def _with(value: Any, path: Path, new: Any) -> Any:
    """The plain value as it has to be afterwards."""
    made = copy.deepcopy(value)
    at = made
    try:
        for name in path[:-1]:
            if isinstance(at, dict) and name not in at and new is not None:
                at[name] = {}
            at = at[name]
    except (KeyError, IndexError, TypeError):
        if new is None:
            return made
        raise _not_so(path) from None
    if not isinstance(at, dict):
        raise _not_so(path)
    if new is None:
        at.pop(path[-1], None)
    else:
        at[path[-1]] = new
    return made


def _changed(text: str, path: Path, value: Any) -> str:
    node = cast("yaml.Node", yaml.compose(text, Loader=FAST))  # `parse` has looked at it before
    for depth, name in enumerate(path[:-1]):
        found = child(node, name)
        if found is None:  # a mapping on the way that is not there yet
            for missing in reversed(path[depth + 1 :]):
                value = {missing: value}
            return _insert(text, node, depth, str(name), value)
        node = found
    pair = next(((key, one) for key, one in _pairs(node) if key.value == path[-1]), None)
    if value is None:
        return text if pair is None else _without(text, node, pair)
    if pair is None:
        return _insert(text, node, len(path) - 1, str(path[-1]), value)
    key, old = pair
    start, end = key.end_mark.index, end_of(text, old)
    gap = text[start : old.start_mark.index]
    colon = start + gap.index(":") + 1
    return f"{text[:colon]}{_after_colon(value, key.start_mark.column)}{text[end:]}"


def _pairs(node: yaml.Node) -> list[tuple[yaml.ScalarNode, yaml.Node]]:
    return list(node.value) if isinstance(node, yaml.MappingNode) else []


def child(node: yaml.Node, name: str | int) -> yaml.Node | None:
    """What stands under a name, or at a place of a list; None where nothing does."""
    if isinstance(node, yaml.SequenceNode) and isinstance(name, int):
        found: yaml.Node = node.value[name]
        return found
    return next((one for key, one in _pairs(node) if key.value == name), None)


def end_of(text: str, node: yaml.Node) -> int:
    """Where its characters end. The marks of a block go on over the empty lines and comments behind it, those of its last part do not."""
    if isinstance(node, yaml.MappingNode | yaml.SequenceNode) and not node.flow_style and node.value:
        last = node.value[-1]
        return end_of(text, last[1] if isinstance(last, tuple) else last)
    end = int(node.end_mark.index)
    return int(node.start_mark.index) + len(text[node.start_mark.index : end].rstrip())


def _without(text: str, node: yaml.Node, pair: tuple[yaml.ScalarNode, yaml.Node]) -> str:
    if node.flow_style:  # type: ignore[attr-defined] # a mapping has one
        raise Refused("A field between braces cannot be taken out by itself.", hint="Change it in the YAML.")
    key, old = pair
    names = [one for one, _ in _pairs(node)]
    start, end = int(key.start_mark.index), end_of(text, old)
    line = text.rfind("\n", 0, start) + 1
    if text[line:start].strip():  # it stands behind the dash of a list: the next one moves up
        after = names[names.index(key) + 1 :]
        return text[:start] + text[int(after[0].start_mark.index) :] if after else text
    rest = text.find("\n", end)
    return text[:line] + (text[rest + 1 :] if rest >= 0 else "")


def _insert(text: str, node: yaml.Node, depth: int, name: str, value: Any) -> str:
    """Put a field in behind the last of those that come before it, or at the end of its mapping."""
    pairs = _pairs(node)
    if not pairs or node.flow_style:  # type: ignore[attr-defined]
        raise Refused(f"{name} cannot be put in by itself here.", hint="Change it in the YAML.")
    order = ORDERS.get(depth, [])
    earlier = order[: order.index(name)] if name in order else [key.value for key, _ in pairs]
    before = [pair for pair in pairs if pair[0].value in earlier] or pairs[:1]
    column = pairs[0][0].start_mark.column
    place = end_of(text, before[-1][1])
    rest = text.find("\n", place)
    place = rest if rest >= 0 else len(text)
    return f"{text[:place]}\n{' ' * column}{name}:{_after_colon(value, column)}{text[place:]}"


def _after_colon(value: Any, column: int) -> str:
    """What stands behind `name:`, for a name that begins at `column`."""
    deeper = " " * (column + 2)
    if isinstance(value, Mapping) and value:
        return f"\n{deeper}{item(value, column + 2)}"
    if isinstance(value, list | tuple) and any(isinstance(one, Mapping) for one in value):
        return "".join(f"\n{deeper}- {item(one, column + 4)}" for one in value)
    if (
        isinstance(value, str)
        and "\n" not in value
        and len(value) > WIDE
        and value == value.strip()
        and "  " not in value
    ):
        return f" >-\n{_folded(value, deeper)}"
    if (
        isinstance(value, str)
        and "\n" in value
        and value == value.strip()
        and not re.search(r"[^\S\n]\n|\n\s*\n\s", value)
    ):
        return " |-" + "".join(f"\n{deeper}{line}" if line else "\n" for line in value.split("\n"))
    return f" {flow(value)}"


def item(value: Any, column: int) -> str:
    """A value as it stands behind the dash of a list or on lines of its own, its names from `column` on."""
    if not isinstance(value, Mapping) or not value:
        return flow(value)
    return f"\n{' ' * column}".join(f"{flow(name)}:{_after_colon(one, column)}" for name, one in value.items())


def _folded(value: str, deeper: str) -> str:
    lines = [""]
    for word in value.split(" "):
        if lines[-1] and len(lines[-1]) + len(word) > WIDE:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}" if lines[-1] else word
    return "\n".join(f"{deeper}{line}" for line in lines)


def flow(value: Any) -> str:
    """A value on one line of YAML."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{flow(name)}: {flow(one)}" for name, one in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(flow(one) for one in value) + "]"
    if not isinstance(value, str):
        return json.dumps(value)
    if PLAIN.fullmatch(value) and value.isprintable() and value == value.strip() and yaml.safe_load(value) == value:
        return value
    quoted = json.dumps(value, ensure_ascii=False)
    return re.sub("[\x7f\x85\u2028\u2029\ufeff]", lambda one: f"\\u{ord(one.group()):04x}", quoted)
