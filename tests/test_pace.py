"""Where time goes is noted only while somebody listens, and adds up."""

from __future__ import annotations

import pytest

from hikeshi.pace import AWS, CLAIM, PAUSE, QUEUE, Span, listening, part, processor, split


def test_parts_are_noted_only_while_somebody_listens() -> None:
    with part("before"):
        pass
    with listening() as spans, part("outer", "x"), part("inner"):
        pass
    with part("after"):
        pass
    assert [(one.part, one.about) for one in spans] == [("inner", ""), ("outer", "x")]
    assert spans[1].began <= spans[0].began <= spans[0].ended <= spans[1].ended


def test_each_moment_counts_once_for_the_innermost_part_of_the_leg_on_the_way() -> None:
    receipt, first = Span("receipt", "", 1, 10, 11, 0.9), Span("step", "2.2", 2, 12, 16, 2.0)
    again, call = Span("step", "2.2", 3, 17, 19, 1.0), Span(AWS, "x", 2, 13, 15, 0.5)
    beside = Span(AWS, "y", 4, 9, 20, 9.0)
    spans, legs = [receipt, call, first, beside, again], [receipt, first, again]
    found = split(spans, legs, 9, 18)
    assert found == {QUEUE: 1, "receipt": 1, CLAIM: 1, "step": 3, AWS: 2, PAUSE: 1}
    assert sum(found.values()) == 18 - 9
    assert processor(spans, legs) == pytest.approx({"receipt": 0.9, "step": 2.5, AWS: 0.5})
