"""What decides how an action behaves, as one number: where it changes, what was simulated with the action is not what runs now.

SHA-256 over the action's inputs, effect, reversibility, permissions and needed evidence, and the text of its module, of the modules of
ours that it is built on (bases and what it imports from the packages of actions, and so on), and of the scripts beside them. What
carries every action (`action.py`, the world, the recorder) is left out: it has tests of its own, and changes with every release.
"""

from __future__ import annotations

import functools
import hashlib
import re
from pathlib import Path
from typing import Any, Final

import msgspec
import rfc8785

from hikeshi.actions import ACTIONS
from hikeshi.errors import Refused

ROOT: Final = Path(__file__).parents[1]
IMPORT: Final = re.compile(r"^\s*from (hikeshi\.actions[\w.]*) import (\([^)]*\)|.*)", re.MULTILINE)
WORD: Final = re.compile(r"\w+")
CARRIERS: Final = frozenset({"hikeshi.actions.action", "hikeshi.actions.aws.recorder", "hikeshi.actions.aws.world"})


@functools.cache
def fingerprint(name: str) -> str:
    """64 hex digits. Raises `Refused` for an action that is none."""
    if name not in ACTIONS:
        raise Refused(f"There is no action called {name!r}.")
    kind = ACTIONS[name]
    declared: dict[str, Any] = {
        "effect": kind.effect, "inputs": msgspec.json.schema(kind), "needs_evidence": list(kind.needs_evidence),
        "permissions": list(kind.permissions), "reversible": kind.reversible,
        "sources": {one: _text(one) for one in sorted(modules(kind.__module__))},
    }  # fmt: skip
    return hashlib.sha256(rfc8785.dumps(declared)).hexdigest()


def modules(first: str) -> frozenset[str]:
    """The module and those of the packages of actions that it imports, and what they import."""
    found, waiting = set(), [first]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(_imported(name))
    return frozenset(found)


@functools.cache
def _imported(name: str) -> tuple[str, ...]:
    named = {
        one
        for module, names in IMPORT.findall(_file(name).read_text())
        for one in (module, *(f"{module}.{word}" for word in WORD.findall(names)))
    }
    return tuple(one for one in named if one not in CARRIERS and _file(one).is_file())


def _file(module: str) -> Path:
    return ROOT.joinpath(*module.split(".")[1:]).with_suffix(".py")


@functools.cache
def _text(module: str) -> str:
    """The SHA-256 of the module's text and of the scripts that are named after it."""
    file = _file(module)
    scripts = sorted(one for one in file.parent.glob(f"{file.stem}*") if one.suffix in {".ps1", ".sh"})
    digest = hashlib.sha256()
    for one in (file, *scripts):
        digest.update(one.read_bytes().replace(b"\r\n", b"\n") + b"\0")
    return digest.hexdigest()
