"""The format of playbooks as JSON Schema (2020-12), made from the structs of `playbook.py`: for editors, and for programs that write playbooks.

Shapes, patterns and limits come from the types, descriptions from the docstrings, and which kind of step has which fields from FIELDS_OF. What a
schema cannot say (names that have to exist, circles, evidence first) `lint` says.
"""

from __future__ import annotations

import ast
import functools
import inspect
import itertools
import textwrap
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from hikeshi.actions import ACTIONS
from hikeshi.playbooks import playbook
from hikeshi.playbooks.playbook import FIELDS_OF, OWN_FIELDS, Kind, Playbook

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
ID: Final = "urn:hikeshi:playbook:1"


@functools.cache
def schema() -> dict[str, Any]:
    """The schema as plain JSON. Do not change what you get."""
    made = msgspec.json.schema(Playbook)
    parts = made["$defs"]
    for name, part in parts.items():
        part["title"] = name
        for field, said in _docstrings(name):
            part["properties"][field]["description"] = said
    parts["StepSpec"]["properties"]["action"]["enum"] = ["", *ACTIONS]
    parts["StepSpec"]["allOf"] = [_of_kind(kind) for kind in FIELDS_OF]
    return {"$schema": DIALECT, "$id": ID, "title": "Hikeshi playbook", **made}


def written() -> bytes:
    """The schema as a file: JSON of two spaces, with a line end."""
    return msgspec.json.format(msgspec.json.encode(schema()), indent=2) + b"\n"


def _of_kind(kind: Kind) -> dict[str, Any]:
    """The fields that a kind of step needs, filled, and those that it has not."""
    needed, allowed = FIELDS_OF[kind]
    fields: dict[str, Any] = {name: _FILLED.get(name, True) for name in sorted(needed)}
    fields |= dict.fromkeys(sorted(OWN_FIELDS - needed - allowed), False)
    return {
        "if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]},
        "then": {"required": sorted(needed), "properties": fields},
    }


_FILLED: Final[dict[str, Any]] = {"action": {"minLength": 1}, "collects": {"minItems": 1}, "options": {"minItems": 1}}


def _docstrings(struct: str) -> Iterator[tuple[str, str]]:
    """What stands below each field of a struct of `playbook.py`, in one line."""
    kind = getattr(playbook, struct, None)
    if kind is None:
        return
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    lines = body.body if isinstance(body, ast.ClassDef) and kind.__module__ == playbook.__name__ else []
    for field, below in itertools.pairwise(lines):
        if (
            isinstance(field, ast.AnnAssign)
            and isinstance(field.target, ast.Name)
            and isinstance(below, ast.Expr)
            and isinstance(below.value, ast.Constant)
        ):
            yield field.target.id, " ".join(str(below.value.value).split())
