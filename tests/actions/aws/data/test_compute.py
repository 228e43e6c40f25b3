"""Functions, services and clusters: what is special to them."""

from __future__ import annotations

import json

import pytest

from actions.account import Cloud
from actions.worlds import WatchedWorld
from hikeshi.actions import action
from hikeshi.errors import Refused
from hikeshi.simulation.building.data import FUNCTION, busy_function, cluster_admin, scaled_service


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


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("aws.ecs.contain", {"cluster": "none", "service": "none"}),
        ("aws.eks.contain", {"cluster": "none", "principal_arn": "arn:aws:iam::111122223333:role/nobody"}),
        ("aws.lambda.freeze", {"function": "none"}),
    ],
)
def test_what_is_not_there_is_refused(world: WatchedWorld, name: str, inputs: dict[str, str]) -> None:
    with pytest.raises(Refused, match="no"):
        action(name, inputs).plan(world)
