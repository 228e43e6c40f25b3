"""The table of actions and the decoding of inputs."""

from __future__ import annotations

import pytest

from hikeshi.actions import ACTIONS, action
from hikeshi.actions.action import inputs_of
from hikeshi.errors import Refused

GOOD = {"instance_id": "i-0123456789abcdef0"}


def test_the_table_is_alphabetical() -> None:
    assert list(ACTIONS) == sorted(ACTIONS)


def test_inputs_are_decoded_and_defaults_filled() -> None:
    made = action("aws.ssm.capture_memory", GOOD)
    assert inputs_of(made) == {**GOOD, "start_deadline_seconds": 120, "finish_deadline_seconds": 900, "tool": "auto"}


def test_an_unknown_action_is_refused_with_the_known_ones() -> None:
    with pytest.raises(Refused, match=r"no action called 'aws\.ec2\.explode'") as refused:
        action("aws.ec2.explode", GOOD)
    assert "aws.ec2.isolate" in refused.value.hint


@pytest.mark.parametrize(
    ("inputs", "named"),
    [
        ({}, "instance_id"),
        ({"instance_id": 7}, "instance_id"),
        ({"instance_id": "i-XYZ"}, "instance_id"),
        ({"instance_id": "i-0123456789abcdef0; rm"}, "instance_id"),
        ({**GOOD, "force": True}, "force"),
        ({**GOOD, "start_deadline_seconds": "120"}, "start_deadline_seconds"),
        ({**GOOD, "start_deadline_seconds": 5}, "start_deadline_seconds"),
    ],
)
def test_a_wrong_input_is_refused_by_name(inputs: dict[str, object], named: str) -> None:
    with pytest.raises(Refused, match=named):
        action("aws.ssm.capture_memory", inputs)
