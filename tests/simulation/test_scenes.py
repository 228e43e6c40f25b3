"""Scenes: each gives what it says, and they stand beside each other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from hikeshi.errors import Refused
from hikeshi.simulation.account import Account, running_account
from hikeshi.simulation.scenes import EVERYWHERE, SCENES, build, giving

PAGE = Path(__file__).parents[2] / "docs/playbook-simulation.md"


@pytest.fixture(scope="module")
def account() -> Iterator[Account]:
    with running_account() as account:
        yield account


def test_each_gives_what_it_says_beside_the_others(account: Account) -> None:
    for name in sorted(SCENES, key=lambda one: one == "organization"):  # its root user signs what comes after
        found = build(account, [name])
        assert set(found) == {*SCENES[name].gives, *EVERYWHERE}, name
        assert all(isinstance(value, str) and value for value in found.values()), name


def test_the_fewest_scenes_that_give_what_is_wanted_are_found() -> None:
    assert giving(["instance_id", "role"]) == ("instance",)
    assert set(giving(["access_key_id", "bucket", "account_id"])) == {"access-key", "public-bucket"}
    assert giving(["nothing"]) == ()


def test_a_scene_that_is_none_is_refused(account: Account) -> None:
    with pytest.raises(Refused, match="no scene 'moon'"):
        build(account, ["moon"])


def test_the_table_is_in_alphabetical_order_and_the_page_tells_it_all() -> None:
    assert list(SCENES) == sorted(SCENES)
    assert all(list(scene.gives) == sorted(scene.gives) for scene in SCENES.values())
    told = re.findall(r"^\| `([a-z-]+)` \| (.*?) \| (.*) \|$", PAGE.read_text(), re.MULTILINE)
    given = {name: ", ".join(f"`<{one}>`" for one in scene.gives) for name, scene in SCENES.items()}
    assert told == [(name, scene.what.en, given[name]) for name, scene in SCENES.items()]
