"""What moto leaves out of EKS clusters: an update of the configuration keeps what it does not name, and takes a while.

Amazon EKS API Reference, UpdateClusterConfig, DescribeCluster. Simplified: as often as is said on the shelf the cluster is told as UPDATING
and as it was; there is one update at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final

import msgspec

from hikeshi.simulation import cast, kubernetes
from hikeshi.simulation.shelf import shelf
from hikeshi.simulation.wire import Answer, Call, error_answer, json_answer

PassOn = Callable[[], Answer]
DELAY: Final = "delay"
"""On the shelf: how often an update that was just begun is not seen yet."""


def _pending(call: Call) -> dict[str, Any]:
    return shelf("eks", call.region, "updates")


def update(call: Call, pass_on: PassOn) -> Answer:
    """The answer of an update, which is carried out when it has been asked for often enough."""
    cluster = _cluster(call)
    if cluster is None:
        return pass_on()
    if call.params["name"] in _pending(call):
        return error_answer(call, 409, "ResourceInUseException", "Another update is in progress (simulated).")
    wanted = {**cluster.resources_vpc_config, **call.params.get("resourcesVpcConfig", {})}
    _pending(call)[call.params["name"]] = {
        "left": int(shelf("eks", call.region, DELAY).get("times", 0)),
        "wanted": wanted,
    }
    return json_answer({"update": {"id": "simulated", "status": "InProgress", "type": "EndpointAccessUpdate"}})


def describe(call: Call, pass_on: PassOn) -> Answer:
    """A cluster, with its update."""
    cluster, update_ = _cluster(call), _pending(call).get(call.params["name"])
    if cluster is not None and update_ is not None:
        if update_["left"] == 0:
            cluster.resources_vpc_config = update_["wanted"]
            del _pending(call)[call.params["name"]]
        update_["left"] -= 1
    answer = pass_on()
    if answer.status != HTTPStatus.OK:
        return answer
    told = answer.json()
    told["cluster"]["endpoint"] = kubernetes.endpoint(call.host, call.region, call.params["name"])
    if call.params["name"] in _pending(call):
        told["cluster"]["status"] = "UPDATING"
    return msgspec.structs.replace(answer, body=msgspec.json.encode(told))


def _cluster(call: Call) -> Any:
    from moto.eks.models import eks_backends  # moto is there only for drills and tests

    return eks_backends[cast.ACCOUNT][call.region].clusters.get(call.params["name"])
