"""Access entries of EKS clusters, which moto lacks: kept and told; no request to Kubernetes is ever judged by them.

Amazon EKS API Reference: CreateAccessEntry, DescribeAccessEntry, ListAccessEntries, UpdateAccessEntry, AssociateAccessPolicy,
DisassociateAccessPolicy, ListAssociatedAccessPolicies. Simplified: clusters are not looked up, and there is one page of everything.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from hikeshi.simulation.shelf import shelf
from hikeshi.simulation.wire import Answer, Call, error_answer, json_answer

Entry = dict[str, Any]


def _entries(call: Call) -> dict[str, Entry]:
    """The cluster's entries by principal. The label of the address is `name`."""
    found: dict[str, Entry] = shelf("eks", call.region, "access").setdefault(call.params["name"], {})
    return found


def _create(call: Call) -> Answer:
    principal = call.params["principalArn"]
    groups = list(call.params.get("kubernetesGroups", ()))
    told = {"clusterName": call.params["name"], "principalArn": principal, "kubernetesGroups": groups}
    _entries(call)[principal] = {"entry": {**told, "type": "STANDARD", "username": principal}, "policies": {}}
    return json_answer({"accessEntry": _entries(call)[principal]["entry"]})


def _on_entry(answer: Callable[[Call, Entry], Mapping[str, Any]]) -> Callable[[Call], Answer]:
    def answered(call: Call) -> Answer:
        entry = _entries(call).get(call.params["principalArn"])
        if entry is None:
            return error_answer(call, 404, "ResourceNotFoundException", "There is no such access entry (simulated).")
        return json_answer(answer(call, entry))

    return answered


def _update(call: Call, entry: Entry) -> Mapping[str, Any]:
    if "kubernetesGroups" in call.params:
        entry["entry"]["kubernetesGroups"] = list(call.params["kubernetesGroups"])
    return {"accessEntry": entry["entry"]}


def _associate(call: Call, entry: Entry) -> Mapping[str, Any]:
    told = {"policyArn": call.params["policyArn"], "accessScope": call.params["accessScope"]}
    entry["policies"][call.params["policyArn"]] = told
    return {"associatedAccessPolicy": told}


def _disassociate(call: Call, entry: Entry) -> Mapping[str, Any]:
    entry["policies"].pop(call.params["policyArn"], None)
    return {}


OPERATIONS: Final[Mapping[str, Callable[[Call], Answer]]] = {
    "AssociateAccessPolicy": _on_entry(_associate),
    "CreateAccessEntry": _create,
    "DescribeAccessEntry": _on_entry(lambda _call, entry: {"accessEntry": entry["entry"]}),
    "DisassociateAccessPolicy": _on_entry(_disassociate),
    "ListAccessEntries": lambda call: json_answer({"accessEntries": list(_entries(call))}),
    "ListAssociatedAccessPolicies": _on_entry(
        lambda _call, entry: {"associatedAccessPolicies": list(entry["policies"].values())}
    ),
    "UpdateAccessEntry": _on_entry(_update),
}
