"""The graph of steps: who stands beside whom, and no box on another."""

from __future__ import annotations

import time
from itertools import combinations

import pytest

from hikeshi.doors.graph import ROOM, Box, Drawing, Node, draw
from hikeshi.playbooks.flow import waits_for
from hikeshi.playbooks.playbook import Playbook
from hikeshi.playbooks.shelf import library


def apart(one: Box, other: Box) -> bool:
    beside = one.x + one.width <= other.x or other.x + other.width <= one.x
    return beside or one.y + one.height <= other.y or other.y + other.height <= one.y


def of(**after: str) -> Drawing:
    return draw(Node(key, tuple(needs.split()), key) for key, needs in after.items())


def test_nothing_is_drawn_of_nothing() -> None:
    assert draw([]) == Drawing(1, 1, (), (), ())


def test_a_step_stands_right_of_all_it_waits_for_and_beside_what_goes_on_with_it() -> None:
    drawing = of(a="", b="a", c="a", d="b c", e="")
    assert drawing.columns == (("a", "e"), ("b", "c"), ("d",))
    assert len(drawing.lines) == 4


def test_lines_that_follow_from_others_are_left_out() -> None:
    assert len(of(a="", b="a", c="a b").lines) == 2


def test_a_line_that_passes_a_column_has_room_of_its_own() -> None:
    drawing = of(a="", b="a", c="b", d="c", e="a", f="e d")
    assert drawing.columns[-1] == ("f",)
    assert any(" H" in line.d for line in drawing.lines)


def test_a_circle_and_strangers_are_drawn_all_the_same() -> None:
    drawing = of(a="c nobody a", b="a", c="b")
    assert sorted(box.key for box in drawing.boxes) == ["a", "b", "c"]


@pytest.mark.parametrize("playbook", library().values(), ids=lambda book: book.name)
def test_no_box_lies_on_another(playbook: Playbook) -> None:
    drawing = draw(Node(step.key, waits_for(playbook, step), step.title.ja) for step in playbook.steps)
    assert len(drawing.boxes) == len(playbook.steps)
    assert all(apart(one, other) for one, other in combinations(drawing.boxes, 2))
    assert all(0 <= box.x < drawing.width and 0 <= box.y < drawing.height for box in drawing.boxes)


def test_titles_are_shortened_by_their_width() -> None:
    (box,) = draw([Node("2.1", (), "対象の端末をネットワークから切り離して証拠を保全する")]).boxes
    assert box.label.endswith("\u2026")
    assert len(box.label) < ROOM / 2 + 4
    assert "保全する" in box.whole


def test_five_hundred_steps_are_drawn_in_a_moment() -> None:
    began = time.process_time()
    drawing = draw(Node(f"{n}", (f"{n - 1}", f"{n // 2}"), "step") for n in range(500))
    assert len(drawing.boxes) == 500
    assert time.process_time() - began < 5
