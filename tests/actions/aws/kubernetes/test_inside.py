"""Inside a cluster: what is special to pods, nodes and bindings."""

from __future__ import annotations

from typing import Any

import pytest

from actions.account import REGION, Cloud
from actions.worlds import WatchedWorld
from hikeshi.actions import action
from hikeshi.actions.aws.kubernetes.inside import selects
from hikeshi.actions.aws.kubernetes.isolate_pod import LABEL
from hikeshi.aws.kubernetes import Api
from hikeshi.errors import HikeshiError, Refused
from hikeshi.simulation import kubernetes
from hikeshi.simulation.building.data import NODE, POD, inside_a_cluster


@pytest.fixture
def api(cloud: Cloud) -> Api:
    """What a person with kubectl would see."""
    inside_a_cluster(cloud)
    told = cloud.client("eks").describe_cluster(name="prod")["cluster"]
    return Api(lambda _: told, cloud.client("sts"), simulated_at=cloud.url)


def _pod(api: Api) -> dict[str, Any]:
    found: dict[str, Any] = api.get_pod(cluster="prod", namespace="shop", name=POD)
    return found


def isolate(cluster: str = "prod", pod: str = POD) -> Any:
    return action("aws.eks.isolate_pod", {"cluster": cluster, "namespace": "shop", "pod": pod})


def test_the_policy_is_there_before_the_labels_go_and_fits_this_pod_alone(api: Api, world: WatchedWorld) -> None:
    plan = isolate().plan(world)
    isolate().do(world, plan)
    assert world.record.operations == ["kubernetes:CreateNetworkPolicy", "kubernetes:PatchPod"]
    pod = _pod(api)
    assert pod["metadata"]["labels"] == {LABEL: pod["metadata"]["uid"]}
    name = f"hikeshi-{pod['metadata']['uid']}"
    spec = api.get_network_policy(cluster="prod", namespace="shop", name=name)["spec"]
    assert selects(spec["podSelector"], pod["metadata"]["labels"])
    assert not selects(spec["podSelector"], {"app": "web"})
    assert "ingress" not in spec
    assert "egress" not in spec


def test_who_starts_another_and_what_still_lets_through_is_said(api: Api, world: WatchedWorld) -> None:
    del api
    plan = isolate().plan(world)
    assert "ReplicaSet web-6d4cf56db6 starts another pod" in plan.dependants[0].en
    assert "The NetworkPolicy names fits every pod" in plan.will_not_stop[0].en
    assert plan.before["saved"]["Running"]["serviceAccount"] == "web"


def test_no_token_is_written_down(api: Api, world: WatchedWorld) -> None:
    del api
    plan = isolate().plan(world)
    isolate().do(world, plan)
    assert "k8s-aws-v1" not in f"{world.record.lines} {plan}"


def test_a_pod_that_was_replaced_under_its_name_is_left_alone(api: Api, world: WatchedWorld) -> None:
    plan = isolate().plan(world)
    api.delete_pod(cluster="prod", namespace="shop", name=POD)
    labels = {"app": "web", "pod-template-hash": "6d4cf56db6"}
    kubernetes.put(REGION, "prod", {"kind": "Pod", "metadata": {"name": POD, "namespace": "shop", "labels": labels}})
    with pytest.raises(Refused, match="somebody else"):
        isolate().do(world, plan)
    assert world.record.operations == []
    assert _pod(api)["metadata"]["labels"] == labels


def test_undoing_leaves_no_policy_behind_when_the_pod_is_gone(api: Api, world: WatchedWorld) -> None:
    plan = isolate().plan(world)
    isolate().do(world, plan)
    api.delete_pod(cluster="prod", namespace="shop", name=POD)
    assert [isolate().undo(world, plan).outcome for _ in range(2)] == ["done", "already-done"]
    left = api.list_network_policy(cluster="prod", namespace="shop")["items"]
    assert [one["metadata"]["name"] for one in left] == ["names"]


def test_a_heartbeat_in_between_is_no_reason_to_give_up(
    api: Api, cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    cordon = action("aws.eks.cordon_node", {"cluster": "prod", "node": NODE})
    world = cloud.world()
    plan, send = cordon.plan(world), world.send
    beats: list[Any] = []

    def beaten(call: Any, **more: Any) -> Any:
        if not beats:
            beats.append(api.patch_node(cluster="prod", name=NODE, body={"status": {"seen": "now"}}))
        return send(call, **more)

    monkeypatch.setattr(world, "send", beaten)
    assert cordon.do(world, plan).outcome == "done"
    assert world.record.operations == ["kubernetes:PatchNode"] * 2
    told = api.get_node(cluster="prod", name=NODE)
    assert (told["spec"]["unschedulable"], told["status"]) == (True, {"seen": "now"})


def test_a_node_somebody_else_has_cordoned_stays_so(api: Api, world: WatchedWorld) -> None:
    api.patch_node(cluster="prod", name=NODE, body={"spec": {"unschedulable": True}})
    cordon = action("aws.eks.cordon_node", {"cluster": "prod", "node": NODE})
    plan = cordon.plan(world)
    cordon.do(world, plan)
    cordon.undo(world, plan)
    told = api.get_node(cluster="prod", name=NODE)
    assert (told["spec"]["unschedulable"], told["metadata"].get("annotations")) == (True, None)


def test_a_binding_comes_back_as_it_was(api: Api, world: WatchedWorld) -> None:
    remove = action("aws.eks.remove_binding", {"cluster": "prod", "binding": "debug-admin"})
    plan = remove.plan(world)
    assert plan.dependants[0].en == "ServiceAccount web loses the role cluster-admin."
    remove.do(world, plan)
    remove.undo(world, plan)
    told = api.get_cluster_role_binding(cluster="prod", name="debug-admin")
    assert told["subjects"] == [{"kind": "ServiceAccount", "name": "web", "namespace": "shop"}]


@pytest.mark.parametrize(
    ("name", "inputs"),
    [
        ("aws.eks.cordon_node", {"node": "gone"}), ("aws.eks.isolate_pod", {"namespace": "shop", "pod": "gone"}),
        ("aws.eks.remove_binding", {"binding": "gone"}), ("aws.eks.remove_binding", {"binding": "gone", "namespace": "shop"}),
    ],
)  # fmt: skip
def test_what_is_not_there_is_refused(api: Api, world: WatchedWorld, name: str, inputs: dict[str, str]) -> None:
    del api
    for cluster in ("prod", "none"):
        with pytest.raises(Refused, match="There is no"):
            action(name, {"cluster": cluster, **inputs}).plan(world)


@pytest.mark.parametrize("binding", ["system:node", "eks:node-manager", "hikeshi-contain"])
def test_what_the_cluster_lives_by_is_left(api: Api, world: WatchedWorld, binding: str) -> None:
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "x"}
    kubernetes.put(REGION, "prod", {"kind": "ClusterRoleBinding", "metadata": {"name": binding}, "roleRef": role})
    with pytest.raises(Refused, match="lives by"):
        action("aws.eks.remove_binding", {"cluster": "prod", "binding": binding}).plan(world)


def test_who_does_not_sign_in_is_told_nothing(cloud: Cloud, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    del api
    monkeypatch.setattr("hikeshi.aws.kubernetes.token", lambda _sts, _cluster: "stolen")
    with pytest.raises(HikeshiError, match="not permitted"):
        isolate().plan(cloud.world())


@pytest.mark.parametrize(
    ("selector", "fits"),
    [
        ({}, True), ({"matchLabels": {"a": "1"}}, True), ({"matchLabels": {"a": "2"}}, False),
        ({"matchExpressions": [{"key": "a", "operator": "In", "values": ["1"]}]}, True),
        ({"matchExpressions": [{"key": "a", "operator": "NotIn", "values": ["1"]}]}, False),
        ({"matchExpressions": [{"key": "b", "operator": "DoesNotExist"}]}, True),
        ({"matchExpressions": [{"key": "b", "operator": "Exists"}]}, False),
    ],
)  # fmt: skip
def test_selectors_fit_as_in_kubernetes(selector: Any, fits: bool) -> None:
    assert selects(selector, {"a": "1"}) is fits
