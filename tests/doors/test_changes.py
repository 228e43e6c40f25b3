"""What a plan changes, in words."""

from __future__ import annotations

from hikeshi.doors.changes import changes


def test_parts_stand_side_by_side_with_what_is_kept_and_what_is_new() -> None:
    before = {"parts": {"eni-1": {"Groups": ["sg-1", "sg-2"], "Open": False}}, "instance": {"state": "running"}}
    after = {"parts": {"eni-1": {"Groups": ["sg-9"]}}, "rules": {"acl-1 100": {"Deny": {"Cidr": "203.0.113.66/32"}}}}
    assert changes(before, after) == [
        {"part": "eni-1", "before": "Groups: sg-1, sg-2, Open: false", "after": "Groups: sg-9"},
        {"part": "instance state", "before": "running", "after": ""},
        {"part": "rules acl-1 100", "before": "", "after": "Deny: (Cidr: 203.0.113.66/32)"},
    ]


def test_what_is_there_and_empty_is_not_what_is_missing() -> None:
    assert changes({"parts": {"tags": {}}}, {}) == [{"part": "tags", "before": "-", "after": ""}]
