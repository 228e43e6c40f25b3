"""What AWS knows about an instance, kept as one document."""

from __future__ import annotations

import hashlib
from typing import Any

import msgspec
import pytest

from actions.account import BUCKET, Cloud
from actions.worlds import WatchedWorld
from hikeshi.actions.aws.acquisition.metadata import SECTIONS, Metadata


@pytest.fixture
def s3(cloud: Cloud) -> Any:
    return cloud.bucket()


def test_the_document_holds_every_section_and_its_hash_is_told(cloud: Cloud, world: WatchedWorld, s3: Any) -> None:
    machine = cloud.machine(2, UserData="#!/bin/sh\nexport TOKEN=hidden")
    action = Metadata(instance_id=machine.id)
    done = action.do(world, action.plan(world))
    key = done.held_at.removeprefix(f"s3://{BUCKET}/")
    body = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    document = msgspec.json.decode(body)
    assert done.observed["sha256"] == hashlib.sha256(body).hexdigest()
    assert set(SECTIONS) <= set(document)
    assert {one["NetworkInterfaceId"] for one in document["interfaces"]} == set(machine.groups)
    assert len(document["groups"]) == 4
    assert document["user_data"]
    assert "TOKEN" not in str(done) + str(world.record.lines)


def test_a_section_that_cannot_be_read_is_named(cloud: Cloud, world: WatchedWorld, s3: Any) -> None:
    action = Metadata(instance_id=cloud.machine(1).id)
    cloud.layer.refusals = {"DescribeRouteTables": "UnauthorizedOperation"}
    told = action.do(world, action.plan(world))
    assert (told.outcome, told.observed["gaps"]) == ("partial", ["routes"])
    assert "routes could not be read" in told.still_open[0].en
    assert action.do(cloud.world(), action.plan(world)).outcome == "partial"
