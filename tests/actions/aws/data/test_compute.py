"""Functions, services and clusters: what is special to them."""

from __future__ import annotations

import json

import pytest

from actions.account import REGION, Cloud
from actions.worlds import WatchedWorld
from hikeshi.actions import action
from hikeshi.errors import Failed, Refused
from hikeshi.simulation.building.data import (
    FUNCTION,
    backdoored_function,
    busy_function,
    cluster_admin,
    layered_function,
    open_cluster,
    scaled_service,
)
from hikeshi.simulation.clusters import DELAY
from hikeshi.simulation.shelf import shelf


def test_no_reservation_is_another_state_than_none_at_all(cloud: Cloud, world: WatchedWorld) -> None:
    freeze = action("aws.lambda.freeze", busy_function(cloud))
    plan = freeze.plan(world)
    assert plan.before["parts"]["Concurrency"] is None
    freeze.do(world, plan)
    functions = cloud.client("lambda")
    assert functions.get_function_concurrency(FunctionName=FUNCTION)["ReservedConcurrentExecutions"] == 0
    left = json.loads(functions.get_policy(FunctionName=FUNCTION)["Policy"])["Statement"]
    assert [one["Sid"] for one in left] == ["files"]
    freeze.undo(world, plan)
    assert "ReservedConcurrentExecutions" not in functions.get_function_concurrency(FunctionName=FUNCTION)


def test_code_that_no_version_has_is_kept_as_one_before_it_is_replaced(cloud: Cloud, world: WatchedWorld) -> None:
    restore, functions = action("aws.lambda.restore_code", backdoored_function(cloud)), cloud.client("lambda")
    theirs = functions.get_function_configuration(FunctionName=FUNCTION)["CodeSha256"]
    plan = restore.plan(world)
    restore.do(world, plan)
    kept = functions.list_versions_by_function(FunctionName=FUNCTION)["Versions"]
    assert theirs in [one["CodeSha256"] for one in kept if one["Version"] != "$LATEST"]
    assert [call.operation for call in world.sent[:2]] == ["lambda:PublishVersion", "lambda:UpdateFunctionCode"]
    assert set(world.sent[1].params["ZipFile"]) == {"bytes", "sha256"}


def test_the_plan_says_which_variables_and_role_are_not_put_back(cloud: Cloud, world: WatchedWorld) -> None:
    functions = cloud.client("lambda")
    layered_function(cloud)
    functions.update_function_configuration(FunctionName=FUNCTION, Environment={"Variables": {"WRAPPER": "/opt/evil"}})
    plan = action("aws.lambda.restore_code", {"function": FUNCTION, "version": "1"}).plan(world)
    told = " ".join(one.en for one in plan.warnings)
    assert "WRAPPER" in told
    assert "/opt/evil" not in plan.canonical.decode()


def test_what_was_kept_and_is_gone_is_not_put_back(cloud: Cloud, world: WatchedWorld) -> None:
    restore, functions = action("aws.lambda.restore_code", backdoored_function(cloud)), cloud.client("lambda")
    plan = restore.plan(world)
    restore.do(world, plan)
    for one in ("2", "3"):
        functions.delete_function(FunctionName=FUNCTION, Qualifier=one)
    told = restore.undo(world, plan)
    assert told.outcome == "partial"
    assert "any more" in told.still_open[0].en


@pytest.mark.parametrize(
    ("more", "why"), [({"version": "9"}, "no version 9"), ({"aliases": ["test"]}, "no alias test")]
)
def test_only_versions_and_aliases_that_there_are(
    cloud: Cloud, world: WatchedWorld, more: dict[str, object], why: str
) -> None:
    with pytest.raises(Refused, match=why):
        action("aws.lambda.restore_code", backdoored_function(cloud) | more).plan(world)


def test_scaling_is_suspended_before_the_tasks_are_stopped(cloud: Cloud, world: WatchedWorld) -> None:
    contain = action("aws.ecs.contain", scaled_service(cloud))
    contain.do(world, contain.plan(world))
    assert [call.operation for call in world.sent] == [
        "application-autoscaling:RegisterScalableTarget",
        "ecs:UpdateService",
    ]


def test_the_access_entry_stays_and_is_empty(cloud: Cloud, world: WatchedWorld) -> None:
    made = cluster_admin(cloud)
    contain = action("aws.eks.contain", made)
    contain.do(world, contain.plan(world))
    which = {"clusterName": "prod", "principalArn": made["principal_arn"]}
    assert cloud.client("eks").describe_access_entry(**which)["accessEntry"]["kubernetesGroups"] == []


def test_an_endpoint_is_pending_while_the_cluster_is_updated(cloud: Cloud, world: WatchedWorld) -> None:
    restrict = action("aws.eks.restrict_endpoint", open_cluster(cloud) | {"cidrs": ["192.0.2.0/24"]})
    plan = restrict.plan(world)
    shelf("eks", REGION, DELAY)["times"] = 20
    told = restrict.do(world, plan)
    assert (told.outcome, told.again_in > 0) == ("pending", True)
    with pytest.raises(Failed, match="UPDATING"):  # another worker does not send it again
        restrict.do(cloud.world(), plan)
    while told.outcome == "pending":
        told = restrict.check(cloud.world(), plan)
    assert told.outcome == "done"
    assert cloud.client("eks").describe_cluster(name="prod")["cluster"]["resourcesVpcConfig"]["endpointPrivateAccess"]


@pytest.mark.parametrize("cidr", ["0.0.0.0/0", "192.0.2.1/24", "999.0.0.0/8"])
def test_an_endpoint_is_not_opened_to_everybody(cloud: Cloud, world: WatchedWorld, cidr: str) -> None:
    restrict = action("aws.eks.restrict_endpoint", open_cluster(cloud) | {"cidrs": [cidr]})
    with pytest.raises(Refused):
        restrict.plan(world)


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("aws.ecs.contain", {"cluster": "none", "service": "none"}),
        ("aws.eks.contain", {"cluster": "none", "principal_arn": "arn:aws:iam::111122223333:role/nobody"}),
        ("aws.eks.restrict_endpoint", {"cluster": "none"}),
        ("aws.lambda.freeze", {"function": "none"}),
        ("aws.lambda.restore_code", {"function": "none", "version": "1"}),
    ],
)
def test_what_is_not_there_is_refused(world: WatchedWorld, name: str, inputs: dict[str, str]) -> None:
    with pytest.raises(Refused, match="no"):
        action(name, inputs).plan(world)
