"""Conditions: what they can see, and what is refused before it runs."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from hypothesis import given, strategies as st

from hikeshi.errors import Refused
from hikeshi.playbooks.conditions import condition

WORLD: dict[str, Any] = {
    "alert": {"instance_id": "i-1"}, "incident": {"severity": 2}, "fact": {"hosts": ["a", "b"], "sessions": 2, "leaked": False},
    "choice": {"1.4": "rebuild"}, "state": {"2.1": "failed"}, "item": "a",
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("incident.severity <= 2", True),
        ('choice["1.4"] == "rebuild" && state["2.1"] in ["failed", "unknown"]', True),
        ("size(fact.hosts) > 2", False),
        ('fact.hosts.exists(host, host.startsWith("b"))', True),
        ("fact.leaked", False),
        ('item == "a"', True),
        ('alert.instance_id.matches("^i-[0-9a-f]+$") // an instance', True),
    ],
)
def test_it_sees_facts_choices_and_states(text: str, answer: bool) -> None:
    assert condition(text).holds(WORLD) is answer


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("incident.severity <", "Syntax error"),
        ("severity == 2", "nothing called severity"),
        ('open("/etc/passwd")', "the function open is not allowed"),
        ("(" * 30 + "true" + ")" * 30, "nested deeper than 20"),
        ("true && " * 100 + "true", "longer than 500"),
        ("fact.a.all(x, fact.a.all(y, fact.a.all(z, true)))", "more than 2 times"),
    ],
)
def test_what_could_not_or_must_not_run_is_refused_before(text: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        condition(text)


@pytest.mark.parametrize("text", ["fact.nothing == 1", "fact.sessions", 'fact.sessions + "x" == "2x"', "1 / 0 == 1"])
def test_what_cannot_be_said_is_said_so(text: str) -> None:
    with pytest.raises(Refused, match="cannot be used"):
        condition(text).holds(WORLD)


def test_it_names_what_it_looks_at() -> None:
    text = 'fact.hosts.exists(h, h == alert.instance_id) || choice["1.4"] == "state.9.9" || state[\'2.1\'] == "x"'
    assert condition(text).names == {"fact.hosts", "alert.instance_id", "choice.1.4", "state.2.1"}


@given(st.text(max_size=80))
def test_whatever_is_written_is_refused_or_answered(text: str) -> None:
    with contextlib.suppress(Refused):
        assert condition(text).holds(WORLD) in {True, False}
