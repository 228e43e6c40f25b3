"""Lint of texts: lines, what is no playbook at all, and input that was made to hurt."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from hikeshi.errors import Unreadable
from hikeshi.playbooks.lint import review, review_files
from hikeshi.playbooks.playbook import loads
from hikeshi.playbooks.shelf import FOLDER, LIBRARY

HEAD = b"""name: test
version: 1
severity: SEV-2
title: {en: words, ja: "\xe8\xa8\x80\xe8\x91\x89"}
summary: {en: words, ja: "\xe8\xa8\x80\xe8\x91\x89"}
"""
STEP = """  - key: "2.{0}"
    phase: containment
    kind: manual
    role: responder
    title: {{en: words, ja: 言葉}}
    text: {{en: words, ja: 言葉}}
"""


def text(*steps: str) -> bytes:
    body = "".join(STEP.format(number + 1) + extra for number, extra in enumerate(steps))
    return HEAD + b"steps:\n" + body.encode()


def seen(content: bytes) -> list[tuple[int, str, str]]:
    return [(one.line, one.place, one.field) for one in review(content)]


def test_every_problem_names_its_line() -> None:
    content = text("    when: fact.x > 1\n    after: ['9.9']\n", "    effect: contain\n    attack: [T1486, T1562]\n")
    assert seen(content) == [
        (13, "step 2.1", "when"),
        (14, "step 2.1", "after.0"),
        (15, "step 2.2", "keep_for"),
        (15, "step 2.2", "undo"),
        (22, "step 2.2", "attack.1"),
    ]


def test_one_mistake_in_the_format_does_not_hide_the_next() -> None:
    content = text(
        "    rolle: x\n", "    due_within: soon\n", "    options: []\n    draft: {to: []}\n", "    wait: {seconds: 1}\n"
    )
    found = review(content.replace(b"SEV-2", b"SEV-9") + b"colour: red\n")
    assert [(one.line, one.place, one.field) for one in found] == [
        (3, "severity", "severity"),
        (13, "step 2.1", "rolle"),
        (20, "step 2.2", "due_within"),
        (28, "step 2.3", "draft.to"),
        (29, "step 2.4", ""),
        (36, "colour", "colour"),
    ]  # fmt: skip
    assert "expected SEV-1, SEV-2, SEV-3, SEV-4" in found[0].what.en
    assert "expected: key, phase, title" in found[1].what.en
    assert "A step of kind `manual` has no `wait`" in found[4].what.en


def test_what_is_missing_is_named_where_it_belongs() -> None:
    content = text("", "").replace(b"    role: responder\n", b"", 1).replace(b"version: 1\n", b"")
    found = review(content + b"simulations:\n  - name: first\n    scenes: x\n")
    assert [(one.line, one.place, one.field) for one in found] == [
        (1, "version", "version"), (6, "step 2.1", "role"), (19, "simulation first", "scenes"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", 1), (b"\xff", 0), (b"- 1", 1), (b"a: &x [1]\nb: *x", 1), (b"name: [", 2), (b"steps: {}\n", 1), (b"[" * 100_000, 1),
        (b"a: " + b"[1," * 50_000, 1), (b"x" * 300_000, 0),
    ],
)  # fmt: skip
def test_what_is_no_playbook_is_said_at_once(content: bytes, line: int) -> None:
    began = time.process_time()
    found = review(content)
    assert found[0].level == "error"
    assert found[0].line == line
    assert time.process_time() - began < 2


def test_a_broken_file_does_not_hide_the_good_ones(tmp_path: Path) -> None:
    files = {"good.yaml": text(""), "torn.yaml": b"a: [", "wrong.yaml": text("    after: ['9.9']\n")}
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    found = review_files([*map(tmp_path.joinpath, files), tmp_path / "none.yaml"])
    assert [len(problems) for problems in found.values()] == [0, 1, 1, 1]


def test_a_playbook_may_run_those_beside_it(tmp_path: Path) -> None:
    within = text("").replace(b"manual", b"playbook").replace(b"name: test", b"name: outer")
    (tmp_path / "outer.yaml").write_bytes(within + b"    playbook: test\n")
    (tmp_path / "test.yaml").write_bytes(text(""))
    assert not any(review_files([tmp_path / "outer.yaml", tmp_path / "test.yaml"]).values())
    (alone,) = review_files([tmp_path / "outer.yaml"]).values()
    assert "no playbook test" in alone[0].what.en


def full(extra: str, number: int = 500) -> bytes:
    """As large as the format allows."""
    short = "  - {{key: '2.{0}', phase: containment, kind: manual, role: responder, title: {{en: x, ja: 言}}, text: {{en: x, ja: 言}}, {1}}}\n"
    return HEAD + b"steps:\n" + "".join(short.format(one + 1, extra.format(one)) for one in range(number)).encode()


@pytest.mark.parametrize(
    "extra",
    [
        "group: a, after: [a]",
        "group: g{0}, after: [g1, g2, g3, g4, g5]",
        "after: ['2.1'], when: 'state[\"2.1\"] == \"done\" && fact.x{0}'",
        'when: \'incident.severity > {0} && state["2.1"] != state["2.2"]\'',
        "on_failure: '2.{0}'",
    ],
)
def test_five_hundred_steps_are_judged_in_time(extra: str) -> None:
    began = time.process_time()
    assert review(full(extra))
    assert time.process_time() - began < 10


def test_more_steps_than_the_format_allows_are_refused() -> None:
    (found,) = review(full("group: a", 501))
    assert (found.place, "<= 500" in found.what.en) == ("steps", True)


BOMBS = [
    "(" * 200 + "1" + ")" * 200, "!" * 400 + "true", "1" + " + 1" * 120, "[" * 100, '"a".matches("(a{1000}){1000}")',
    "fact.l.map(a, fact.l.map(b, fact.l.map(c, fact.l))) == []", "-" * 400 + "1 > 0", "true ? " * 60 + "true", "fact.l" + "[0]" * 150,
    '"' + "\\\\x" * 150, "{" * 250, "a." * 240, "9" * 400 + " > 1", "size(" * 19 + "fact.l" + ")" * 19,
]  # fmt: skip


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_bomb_for_a_condition_is_a_problem_and_nothing_more(bomb: str) -> None:
    quoted = bomb.replace("\\", "\\\\").replace('"', '\\"')
    began = time.process_time()
    assert any(one.place == "step 2.1" for one in review(text(f'    when: "{quoted}"\n')))
    assert time.process_time() - began < 2


WORDS = st.sampled_from(
    [
        "",
        "  ",
        "-",
        ":",
        "[",
        "{",
        "'",
        '"',
        "0",
        "true",
        "null",
        "$item",
        "${x}",
        "\\",
        "2.1",
        "&a",
        "*a",
        "\t",
        "\ufeff",
        "火",
    ]
)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    """A playbook of the library with a few lines taken out, doubled, swapped or written over."""
    lines = (FOLDER / f"{draw(st.sampled_from(LIBRARY))}.yaml").read_text().splitlines()
    start = draw(st.integers(0, max(0, len(lines) - 150)))
    lines = lines[:25] + lines[start : start + 150]
    for _ in range(draw(st.integers(1, 4))):
        place, other = draw(st.integers(0, len(lines) - 1)), draw(st.integers(0, len(lines) - 1))
        change = draw(st.integers(0, 3))
        if change == 0:
            del lines[place : place + 1 + other % 3]
        elif change == 1:
            lines[place:place] = [lines[other]]
        elif change == 2:
            lines[place], lines[other] = lines[other], lines[place]
        else:
            at = draw(st.integers(0, len(lines[place])))
            lines[place] = lines[place][:at] + draw(WORDS) + lines[place][at:]
        lines = lines or ["x"]
    return "\n".join(lines).encode()


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(mutated())
def test_whatever_is_done_to_a_playbook_lint_says_it_or_it_is_unreadable(content: bytes) -> None:
    found = review(content)
    assert all(one.what.en and one.what.ja and one.line >= 0 for one in found)
    try:
        loads(content)
    except Unreadable:
        assert any(one.level == "error" for one in found)


@given(st.binary(max_size=200))
@settings(max_examples=50, deadline=None)
def test_bytes_are_never_more_than_a_problem(content: bytes) -> None:
    assert review(content)
