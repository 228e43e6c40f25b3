"""The console: what is kept of it, and a crash that is forced once."""

from __future__ import annotations

import pytest

from actions.account import Cloud, stored
from hikeshi.actions import action
from hikeshi.errors import Refused
from hikeshi.simulation.building.instance import one


def test_text_and_picture_are_kept_with_their_hashes(cloud: Cloud) -> None:
    console = action("aws.ec2.console", one(cloud))
    told = console.do(cloud.world(), stored(console.plan(cloud.world())))
    assert "Linux version" in told.observed["text"]
    assert told.observed["picture_bytes"] > 0
    assert len(told.observed["picture_sha256"]) == 64


def test_without_a_picture_the_text_is_kept_and_the_rest_said(cloud: Cloud) -> None:
    inputs = one(cloud)
    console = action("aws.ec2.console", inputs)
    plan = stored(console.plan(cloud.world()))
    cloud.ec2.stop_instances(InstanceIds=[inputs["instance_id"]])
    told = console.do(cloud.world(), plan)
    assert (told.outcome, "IncorrectInstanceState" in told.still_open[0].en) == ("partial", True)


def test_a_crash_is_proven_by_the_console_and_not_forced_twice(cloud: Cloud) -> None:
    dump = action("aws.ec2.crash_dump", one(cloud))
    plan = stored(dump.plan(cloud.world()))
    assert dump.check(cloud.world(), plan).outcome == "unknown"
    assert dump.do(cloud.world(), plan).grade == "effect-proven"
    world = cloud.world()
    assert (dump.do(world, plan).outcome, world.sent) == ("already-done", [])
    with pytest.raises(Refused, match="nothing to undo"):
        dump.undo(cloud.world(), plan)


def test_what_does_not_run_has_nothing_to_dump(cloud: Cloud) -> None:
    inputs = one(cloud)
    cloud.ec2.stop_instances(InstanceIds=[inputs["instance_id"]])
    with pytest.raises(Refused, match="no memory"):
        action("aws.ec2.crash_dump", inputs).plan(cloud.world())
