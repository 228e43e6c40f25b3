"""What an action takes, read from its class, and what people type, read for it."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import msgspec
import pytest

from hikeshi.actions import ACTIONS
from hikeshi.actions.action import Action
from hikeshi.actions.catalogue import LABELS, inputs, read_inputs
from hikeshi.errors import Refused


class Made(Action[Any], frozen=True, kw_only=True):
    """One input of each kind."""

    name: ClassVar = "aws.made.up"

    instance_id: str
    addresses: tuple[str, ...] = ()
    mode: Literal["short", "long"] = "short"
    seconds: int = 60
    sure: bool = False
    until: float | None = None


def test_each_input_says_how_it_is_asked_for() -> None:
    found = {one.name: one for one in inputs(Made)}
    asked = {name: one.asked for name, one in found.items()}
    assert asked == {
        "instance_id": "text", "addresses": "list", "mode": "choice", "seconds": "number", "sure": "yes-no", "until": "number",
    }  # fmt: skip
    assert found["mode"].choices == ("long", "short")
    assert [name for name, one in found.items() if one.required] == ["instance_id"]


def test_what_is_typed_becomes_what_the_action_takes() -> None:
    typed = {"instance_id": " i-1 ", "addresses": "1.2.3.4, 5.6.7.8\n9.9.9.9", "seconds": "90", "sure": "yes", "until": "", "mode": "long"}  # fmt: skip
    made = msgspec.convert(read_inputs(Made, typed), Made)
    assert made == Made(
        instance_id="i-1", addresses=("1.2.3.4", "5.6.7.8", "9.9.9.9"), seconds=90, sure=True, mode="long"
    )


def test_what_is_no_number_is_left_for_the_action_to_refuse() -> None:
    with pytest.raises(msgspec.ValidationError, match="seconds"):
        msgspec.convert(read_inputs(Made, {"instance_id": "i-1", "seconds": "soon"}), Made)


def test_an_input_that_there_is_not_is_named() -> None:
    with pytest.raises(Refused, match="'colour'"):
        read_inputs(Made, {"colour": "red"})


def test_every_input_and_target_has_words_in_both_languages() -> None:
    asked = {one.name for kind in ACTIONS.values() for one in inputs(kind)}
    assert sorted(asked - set(LABELS)) == []
    assert list(LABELS) == sorted(LABELS)
