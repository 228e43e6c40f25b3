"""Every error in the table is one that the code really raises, and is said in the reader's language."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import hikeshi
from hikeshi.doors.refusals import SAID, TABLES, japanese, said_of, vocabulary
from hikeshi.doors.refusals.vocabulary import CHOICES
from hikeshi.errors import Unreadable

PLACE = re.compile(r"\{(?::([a-z]+))?\}")
ERRORS = frozenset({"Conflict", "Failed", "NotThere", "Partly", "Refused", "Unreadable", "WrongUsage"})


def said_by_the_code() -> Iterator[str]:
    """The messages and hints of all errors, also hints that have a line of their own, `{}` where something is filled in."""
    for path in Path(hikeshi.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in ERRORS:
                yield from _texts([*node.args[:1], *(one.value for one in node.keywords if one.arg == "hint")])
            elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in ("hint", "_BY_POLICY"):
                yield from _texts([node.value])


def _texts(nodes: list[ast.expr]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.JoinedStr):
            yield "".join(str(one.value) if isinstance(one, ast.Constant) else "{}" for one in node.values)
        elif isinstance(node, ast.Constant):
            yield str(node.value)
        elif isinstance(node, ast.IfExp):
            yield from _texts([node.body, node.orelse])


ENGLISH = frozenset(
    {
        "", "2026-11-07", "22:00", "Append from a verb.", "By {}.", "Chains were written to outside a transaction.", "Give an aware datetime, in UTC if possible.",
        "It was {}.", "Such as {}", "The chain {} was written to outside a transaction.", "The time-stamp request has no nonce.", "There are {}.",
        "There is no {} in {} {}.", "There is no {}.", "{}", "{} belongs to {}.", "{} is in {}.", "{} is not a SHA-256 in lower-case hex.",
        "{} is {} here.", "{} is {}.", "{} {}", "{}.", "{}: {}", "{}: {}. {}。", "{}{}",
    }
)  # fmt: skip
"""For programmers only, or so general that they would fit other messages too; those that need both languages carry them themselves."""


def test_every_error_has_its_japanese() -> None:
    assert sorted(set(said_by_the_code()) - set(SAID) - ENGLISH) == []


def test_every_line_is_said_somewhere_and_stands_in_its_place() -> None:
    assert [list(table) for table in TABLES] == [sorted(table) for table in TABLES]
    assert len(SAID) == sum(map(len, TABLES))
    assert sorted(set(SAID) - set(said_by_the_code())) == []
    assert [one for one, said in SAID.items() if one.count("{}") != len(PLACE.findall(said)) or said.isascii()] == []
    assert {name for said in SAID.values() for name in PLACE.findall(said)} - {""} == {*CHOICES, *vocabulary.SAID}
    assert [list(table) for table in vocabulary.SAID.values()] == [sorted(table) for table in vocabulary.SAID.values()]


def test_kinds_and_states_are_said_in_the_words_of_the_pages() -> None:
    assert japanese("Step 2.1 is undoing now.") == "ステップ 2.1 の状態は「切り戻し中」に変わっています。"
    assert japanese("INC-2026-001 is active; it cannot become closed from there.").startswith(
        "INC-2026-001 は現在「対応中」"
    )
    assert japanese("There is no group 'GRP-9' that you may read.").startswith("グループ 'GRP-9' は")
    assert japanese("Memory of i-0abc") == ""
    lost = japanese("Step 3.1 would lose evidence that is not held: Memory of i-0abc, and 2 more.")
    assert lost.endswith("i-0abc)、ほか 2 件")
    assert "Memory" not in lost
    assert japanese("kim judged GRP-7 false: our scanner") == "kim が GRP-7 を「誤検知」と判定しました: our scanner"


def test_acts_and_things_that_the_code_names_are_in_the_vocabulary() -> None:
    """`{what} needs a reason.` and the like: the word comes from the call."""
    named = {"act": {"reason_of", "said", "said_why"}, "thing": {"_not_there", "_one"}}
    for name, callers in named.items():
        assert set(_named(callers)) <= set(vocabulary.SAID[name])


def _named(callers: set[str]) -> Iterator[str]:
    folders = ("desk/incidents/secrecy", "desk/playbooks/", "desk/runs/", "doors/find", "doors/standing")
    root = Path(hikeshi.__file__).parent
    for path in root.rglob("*.py"):
        if not str(path.relative_to(root)).startswith(folders):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in callers:
                texts = [one.value for one in node.args if isinstance(one, ast.Constant) and isinstance(one.value, str)]
                yield from texts[:1]


def test_what_is_filled_in_is_kept_and_what_is_not_known_is_left_to_english() -> None:
    assert japanese("GRP-7 may be put off by 4 hours at most.") == "GRP-7 を保留できるのは 4 時間までです。"
    assert japanese("A verdict needs a reason.") == "判定には理由が必要です。"
    assert japanese("Something nobody has translated.") == ""
    assert japanese("{0} is not a role.") == "{0} という役割はありません。"


def test_what_cannot_be_read_is_said_after_its_place() -> None:
    problem = Unreadable("is longer than 5 bytes", source="shop.json", place="line 3")
    assert said_of(problem) == "shop.json, line 3: 5 バイトより長くなっています"


def test_errors_of_commands_that_need_no_desk_are_said_without_one() -> None:
    code = (
        "import sys; from hikeshi.doors.refusals import japanese; print(japanese('Undoing needs a reason.'),"
        " japanese('X is closed already.'), 'django' in sys.modules)"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ["理由が必要です(切り戻し)。", "X", "は既に「closed」になっています。", "False"]
