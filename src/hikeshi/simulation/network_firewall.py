"""Rule groups of AWS Network Firewall, which moto lacks: kept with their update token; no packet ever meets them.

AWS Network Firewall API Reference: CreateRuleGroup, DescribeRuleGroup, ListRuleGroups, UpdateRuleGroup. Simplified: rules are not parsed.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final

from hikeshi.simulation.shelf import shelf
from hikeshi.simulation.wire import Answer, Call, error_answer, json_answer


def _groups(call: Call) -> dict[str, Any]:
    return shelf("network-firewall", call.region, "rule_groups")


def _create(call: Call) -> Answer:
    name = call.params["RuleGroupName"]
    response = {"RuleGroupName": name, "RuleGroupArn": name, "RuleGroupId": name, "RuleGroupStatus": "ACTIVE"}
    told = {key: call.params[key] for key in ("Capacity", "Description", "Type") if key in call.params}
    group = {"UpdateToken": secrets.token_hex(16), "RuleGroup": call.params["RuleGroup"]}
    _groups(call)[name] = {**group, "RuleGroupResponse": {**response, **told}}
    return json_answer(_groups(call)[name])


def _describe(call: Call) -> Answer:
    group = _groups(call).get(call.params["RuleGroupName"])
    return json_answer(group) if group else _missing(call)


def _update(call: Call) -> Answer:
    group = _groups(call).get(call.params["RuleGroupName"])
    if group is None:
        return _missing(call)
    if call.params["UpdateToken"] != group["UpdateToken"]:
        return error_answer(call, 400, "InvalidTokenException", "Your token is out of date (simulated).")
    group |= {"UpdateToken": secrets.token_hex(16), "RuleGroup": call.params["RuleGroup"]}
    if call.params.get("Description") != group["RuleGroupResponse"].get("Description"):
        group["RuleGroupResponse"]["Description"] = call.params.get("Description", "")
    return json_answer(group)


def _missing(call: Call) -> Answer:
    return error_answer(call, 400, "ResourceNotFoundException", "There is no such rule group (simulated).")


OPERATIONS: Final[Mapping[str, Callable[[Call], Answer]]] = {
    "CreateRuleGroup": _create,
    "DescribeRuleGroup": _describe,
    "ListRuleGroups": lambda call: json_answer({"RuleGroups": [{"Name": n, "Arn": n} for n in _groups(call)]}),
    "UpdateRuleGroup": _update,
}
