"""The lines beside the steps: what they join, and which are green."""

from __future__ import annotations

from hikeshi.doors.console.lanes import LANES, Node, Row, draw


def looks(row: Row) -> set[str]:
    return {line.look for line in row.lines}


def test_a_chain_keeps_to_one_lane_and_is_green_as_far_as_it_is_done() -> None:
    head, first, second, third = draw([Node("1", clear=True), Node("2", ("1",)), Node("3", ("2",))], begun=True)
    assert [row.lane for row in (head, first, second, third)] == [1, 1, 1, 1]
    assert looks(head) == looks(first) == {"lane-done"}
    assert looks(second) == {"lane-done", ""}
    assert looks(third) == {""}


def test_what_goes_on_side_by_side_has_lanes_of_its_own_and_joins_again() -> None:
    head, first, second, both = draw([Node("1", clear=True), Node("2"), Node("3", ("1", "2"))], begun=True)
    assert (first.lane, second.lane, both.lane) == (1, 2, 2)
    assert any("C" in line.path for line in head.lines)
    assert any("C" in line.path for line in both.lines)


def test_what_has_no_room_stands_without_a_line() -> None:
    rows = draw([Node(str(number)) for number in range(6)], begun=True)
    assert {row.lane for row in rows} <= set(range(1, len(LANES) + 1))
    assert [bool(row.lines) for row in rows[1:]] == [True, True, True, False, False, False]


def test_steps_of_other_phases_and_circles_draw_nothing_wrong() -> None:
    assert len(draw([Node("2.1", ("1.1", "2.2")), Node("2.2", ("2.1",), added=True)], begun=False)) == 3
    assert draw([], begun=False)[0].lines == ()
