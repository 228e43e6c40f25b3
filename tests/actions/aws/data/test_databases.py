"""Databases and secrets: what is special to them."""

from __future__ import annotations

import json
import urllib.request
from typing import Any

import pytest

from actions.account import ACCOUNT, REGION, Cloud, stored
from actions.worlds import WatchedWorld
from hikeshi.actions import action
from hikeshi.errors import Failed, Refused
from hikeshi.simulation.building.data import public_database, rotated_secret
from hikeshi.simulation.lookups import CONTROL


def busy(status: str) -> None:
    from moto.rds.models import rds_backends

    database: Any = rds_backends[ACCOUNT][REGION].databases["orders"]
    database.status = status


def test_a_database_that_is_busy_is_asked_again_later_and_not_touched(cloud: Cloud, world: WatchedWorld) -> None:
    contain = action("aws.rds.contain", public_database(cloud))
    plan = contain.plan(world)
    busy("backing-up")
    with pytest.raises(Failed, match="is backing-up") as told:
        contain.do(world, plan)
    assert (told.value.permanent, world.sent) == (False, [])


def test_what_does_not_show_yet_is_pending_while_rds_is_at_work(cloud: Cloud, world: WatchedWorld) -> None:
    contain = action("aws.rds.contain", public_database(cloud))
    plan = stored(contain.plan(world))
    busy("modifying")
    told = contain.check(world, plan)
    assert (told.outcome, told.again_in) == ("pending", 30.0)
    busy("available")
    assert contain.check(world, plan).outcome == "failed"


def test_the_plan_names_the_group_that_is_to_be_made(cloud: Cloud, world: WatchedWorld) -> None:
    plan = action("aws.rds.contain", public_database(cloud)).plan(world)
    operations = [call.operation for call in plan.calls]
    assert (operations[0], operations[-1]) == ("ec2:CreateSecurityGroup", "rds:ModifyDBInstance")


def test_a_secret_without_a_rotation_is_refused(cloud: Cloud, world: WatchedWorld) -> None:
    cloud.client("secretsmanager").create_secret(Name="by-hand", SecretString="for-a-test-only")
    with pytest.raises(Refused, match="has no rotation"):
        action("aws.secretsmanager.rotate", {"secret_id": "by-hand"}).plan(world)


def test_what_else_the_thief_has_read_is_listed(cloud: Cloud, world: WatchedWorld) -> None:
    record = {
        "eventTime": "2026-11-01T00:00:00Z",
        "eventName": "GetSecretValue",
        "awsRegion": REGION,
        "userIdentity": {"userName": "mallory"},
        "requestParameters": {"secretId": "payroll"},
    }
    body = json.dumps([record]).encode()
    urllib.request.urlopen(urllib.request.Request(cloud.url + CONTROL, data=body, method="POST")).close()
    plan = action("aws.secretsmanager.rotate", rotated_secret(cloud) | {"read_by": "mallory"}).plan(world)
    assert plan.before["also_read"] == ["payroll"]
    assert "payroll" in plan.warnings[0].en
