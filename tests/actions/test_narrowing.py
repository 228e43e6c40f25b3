"""Less of a plan: fewer parts, the calls for those alone, and a digest of its own; what is left out is neither done nor undone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import pytest

from hikeshi.actions.action import Call
from hikeshi.actions.aws.recorder import ListRecorder
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Parts, Setting
from hikeshi.errors import Refused
from hikeshi.text import Text

LAMPS = {"front": "on", "back": "on", "roof": "off"}
WHY = Text("Put it out.", "消す。")


class LampsOut(Setting[Any], frozen=True, kw_only=True):
    """Puts lamps out: the smallest thing with parts."""

    name: ClassVar = "test.lamps"
    reversible: ClassVar = "yes"

    def read(self, world: Any) -> dict[str, Any]:
        return dict(LAMPS)

    def wanted(self, world: Any, before: Parts) -> dict[str, Any]:
        return dict.fromkeys(before, "off")

    def calls(self, world: Any, part: str, now: Any, new: Any) -> Iterable[Call]:
        yield Call("lamp:Set", {"lamp": part, "to": new}, WHY)

    def resources(self, before: Parts) -> tuple[str, ...]:
        return ("house", *before)


@pytest.fixture
def world() -> AwsWorld:
    return AwsWorld(incident="INC-2026-001", step="s", account="1", region="r", record=ListRecorder())


def test_less_of_it_has_the_calls_for_what_is_left_alone(world: AwsWorld) -> None:
    action = LampsOut()
    whole = action.plan(world)
    assert action.parts(whole) == ("front", "back", "roof")
    less = action.narrowed(world, whole, ["back", "roof"])
    assert [call.params["lamp"] for call in less.calls] == ["back"]
    assert (less.resources, action.parts(less)) == (("house", "back", "roof"), ("back", "roof"))
    assert less.before == whole.before
    assert less.digest != whole.digest


def test_nothing_left_is_refused(world: AwsWorld) -> None:
    action = LampsOut()
    with pytest.raises(Refused, match="None of the parts"):
        action.narrowed(world, action.plan(world), ["gone"])
