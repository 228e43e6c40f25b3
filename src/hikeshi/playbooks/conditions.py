"""Conditions of playbooks: small expressions in CEL, checked before a playbook is published and safe to evaluate.

The language is the Common Expression Language (github.com/google/cel-spec): no loops without an end, no side effects, no access to
anything but the values it is given. What a condition can name:

    alert.instance_id         facts of the alert and the incident (`facts.py`)
    incident.severity
    fact.key_id               facts that the playbook declares; empty while they are not known
    choice["1.4"]             the option chosen in a decision step; "" while it is not taken
    state["2.1"]              the state of a step, such as "done", "failed", "skipped"
    item                      the target at hand, in a step with `for_each`
"""

from __future__ import annotations

import functools
import re
import sys
from collections.abc import Iterator, Mapping
from types import ModuleType
from typing import Any, Final

from hikeshi.errors import Refused

# The package imports a command line of its own, with prompt_toolkit and Rich behind it: half of our start, and never used here.
sys.modules.setdefault("cel.cli", ModuleType("cel.cli"))
import cel  # noqa: E402

LONGEST: Final = 500
"""Characters of one condition."""
DEEPEST: Final = 20
"""Brackets within brackets."""
MOST_LOOPS: Final = 2
"""`all`, `exists` and the like in one condition: each goes over a list once, so that two can go over it as often as it is long."""
ROOTS: Final = frozenset({"alert", "choice", "fact", "incident", "item", "state"})
FUNCTIONS: Final = frozenset({"contains", "endsWith", "matches", "size", "startsWith"})
"""What may be called beside operators and the loops below."""
LOOPS: Final = frozenset({"all", "exists", "exists_one", "filter", "map"})

_TOKEN: Final = re.compile(
    r"""(?P<space>\s+)|(?P<comment>//[^\n]*)"""
    r"""|(?P<text>[rRbB]{0,2}(?:\"\"\"(?:\\.|[^\\])*?\"\"\"|'''(?:\\.|[^\\])*?'''|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'))"""
    r"""|(?P<name>[A-Za-z_]\w*)|(?P<sign>.)""",
    re.DOTALL,
)


class Condition:
    """One condition that can be evaluated. `names` are the facts, choices and states it looks at: "fact.key_id", "choice.1.4".

    `compared` holds what a name is compared with in so many words: ("choice.1.4", "yes") of `choice["1.4"] == "yes"`.
    """

    def __init__(self, text: str) -> None:
        self.text = text
        tokens = _tokens(text)
        _refuse_bombs(text, tokens)
        try:
            self._program = cel.compile(text)
        except (ValueError, RuntimeError) as problem:
            raise _wrong(text, _first_line(problem)) from None
        self._refuse_strangers(tokens)
        self.names = frozenset(name for name, _ in _names(tokens))
        self.compared = frozenset(_compared(tokens))

    def holds(self, world: Mapping[str, Any]) -> bool:
        """Whether it is true now. `world` has a mapping for each of ROOTS but `item`, which is a text.

        Raises `Refused` where it cannot be said: a name that is not there, types that do not fit, a result that is not true or false.
        """
        try:
            answer = self._program.execute(self._part(world))
        except Exception as problem:  # noqa: BLE001 - the library raises whatever fits: KeyError, TypeError, OverflowError, ...
            raise _wrong(self.text, _first_line(problem)) from None
        if not isinstance(answer, bool):
            raise _wrong(self.text, f"it comes to {answer!r}, and has to come to true or false")
        return answer

    def _part(self, world: Mapping[str, Any]) -> dict[str, Any]:
        """What it names of the world: all of it, for five hundred steps, would be carried over to the language each time."""
        part: dict[str, Any] = {}
        for name in self.names:
            root, _, rest = name.partition(".")
            if not rest:
                part[root] = world[root]
            elif rest in world[root]:
                part.setdefault(root, {})[rest] = world[root][rest]
            else:
                part.setdefault(root, {})
        return part

    def _refuse_strangers(self, tokens: list[tuple[str, str]]) -> None:
        named = self._program.references()
        bound = {tokens[place + 2][1] for place in _loops(tokens)}
        if strange := sorted(set(named["variables"]) - ROOTS - bound):
            raise _wrong(self.text, f"there is nothing called {strange[0]}; it can name {', '.join(sorted(ROOTS))}")
        called = {name for name in named["functions"] if name.isidentifier() and not name.startswith("_")}
        if strange := sorted(called - FUNCTIONS - LOOPS):
            raise _wrong(
                self.text, f"the function {strange[0]} is not allowed; there are {', '.join(sorted(FUNCTIONS | LOOPS))}"
            )


@functools.lru_cache(maxsize=4096)
def condition(text: str) -> Condition:
    """The condition, checked and compiled once. Raises `Refused` naming what is wrong with it."""
    return Condition(text)


def _tokens(text: str) -> list[tuple[str, str]]:
    found = ((str(one.lastgroup), one.group()) for one in _TOKEN.finditer(text))
    return [pair for pair in found if pair[0] not in {"space", "comment"}]


def _refuse_bombs(text: str, tokens: list[tuple[str, str]]) -> None:
    if len(text) > LONGEST:
        raise _wrong(text, f"it is longer than {LONGEST} characters")
    depth = deepest = 0
    for kind, sign in tokens:
        depth += (kind == "sign" and sign in "([{") - (kind == "sign" and sign in ")]}")
        deepest = max(deepest, depth)
    if deepest > DEEPEST:
        raise _wrong(text, f"it is nested deeper than {DEEPEST} brackets")
    if len(list(_loops(tokens))) > MOST_LOOPS:
        raise _wrong(text, f"it goes over lists more than {MOST_LOOPS} times ({', '.join(sorted(LOOPS))})")


def _loops(tokens: list[tuple[str, str]]) -> Iterator[int]:
    """Places of the names of loops that are called with a variable of their own."""
    for place in range(1, len(tokens) - 2):
        before, name, bracket = tokens[place - 1][1], tokens[place][1], tokens[place + 1][1]
        if before == "." and name in LOOPS and bracket == "(":
            yield place


def _names(tokens: list[tuple[str, str]]) -> Iterator[tuple[str, int]]:
    """`alert.x` and `choice["1.4"]` as they stand, with the place after them; a key that is not written down as a text is not followed."""
    for place, (kind, root) in enumerate(tokens):
        if kind != "name" or root not in ROOTS or (place and tokens[place - 1][1] == "."):
            continue
        after = tokens[place + 1 : place + 3]
        if root == "item" or len(after) < 2:
            yield root, place + 1
        elif after[0][1] == "." and after[1][0] == "name":
            yield f"{root}.{after[1][1]}", place + 3
        elif after[0][1] == "[" and after[1][0] == "text":
            yield f"{root}.{_said(after[1])}", place + 4
        else:
            yield root, place + 1


def _compared(tokens: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Texts after `==`, `!=` and `in [`. The other way round (`"yes" == ...`) is allowed and not followed."""
    for name, place in _names(tokens):
        sign = "".join(part for _, part in tokens[place : place + 2])
        if sign in {"==", "!="} and tokens[place + 2 : place + 3] and tokens[place + 2][0] == "text":
            yield name, _said(tokens[place + 2])
        elif sign == "in[":
            for token in tokens[place + 2 :]:
                if token[1] == "]":
                    break
                if token[0] == "text":
                    yield name, _said(token)


def _said(token: tuple[str, str]) -> str:
    return token[1].strip(chr(34) + chr(39))


def _first_line(problem: Exception) -> str:
    said = str(problem).splitlines()[0] if str(problem) else type(problem).__name__
    return said.removeprefix("Failed to parse expression ").strip()[:300]


def _wrong(text: str, what: str) -> Refused:
    shown = text if len(text) <= 80 else f"{text[:77]}..."
    return Refused(
        f"The condition `{shown}` cannot be used: {what}.", hint="Conditions are CEL; docs/playbooks.md has examples."
    )
