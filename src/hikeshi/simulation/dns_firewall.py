"""Route 53 Resolver DNS Firewall, which moto lacks: lists, rule groups, rules and associations are kept; no query is ever answered by them.

Route 53 Resolver API Reference. Simplified: every change is complete at once, there is one page of everything, fail open is off.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any, Final

from hikeshi.simulation import cast
from hikeshi.simulation.shelf import shelf
from hikeshi.simulation.wire import Answer, Call, error_answer, json_answer


def _kept(call: Call, kind: str) -> dict[str, Any]:
    return shelf("route53resolver", call.region, kind)


def _made(call: Call, kind: str, answered: str, **more: Any) -> Answer:
    """The same request again gets the first answer, as with the real one."""
    kept = _kept(call, kind)
    again = next((one for one in kept.values() if one["CreatorRequestId"] == call.params["CreatorRequestId"]), None)
    if again is None:
        made = f"rslvr-{kind}-{secrets.token_hex(8)}"
        again = kept[made] = {**call.params, "Id": made, "OwnerId": cast.ACCOUNT, "Status": "COMPLETE", **more}
    return json_answer({answered: again})


def _listing(kind: str, answered: str, *asked: str) -> Callable[[Call], Answer]:
    def listed(call: Call) -> Answer:
        found = [
            one
            for one in _kept(call, kind).values()
            if all(one.get(name) == call.params[name] for name in asked if name in call.params)
        ]
        return json_answer({answered: [{k: v for k, v in one.items() if k != "Domains"} for one in found]})

    return listed


def _domains(call: Call) -> list[str] | None:
    found = _kept(call, "fdl").get(call.params["FirewallDomainListId"])
    return None if found is None else found.setdefault("Domains", [])


def _list_domains(call: Call) -> Answer:
    domains = _domains(call)
    return _missing(call) if domains is None else json_answer({"Domains": [f"{one}." for one in domains]})


def _update(call: Call) -> Answer:
    domains, given = _domains(call), [one.rstrip(".") for one in call.params["Domains"]]
    if domains is None:
        return _missing(call)
    if call.params["Operation"] == "ADD":
        domains += [one for one in given if one not in domains]
    else:
        domains[:] = [one for one in domains if one not in given]
    return json_answer({"Id": call.params["FirewallDomainListId"], "Status": "UPDATING"})


def _missing(call: Call) -> Answer:
    return error_answer(call, 400, "ResourceNotFoundException", "There is no such thing (simulated).")


def _config(call: Call) -> Answer:
    return json_answer({"FirewallConfig": {"ResourceId": call.params["ResourceId"], "FirewallFailOpen": "DISABLED"}})


OPERATIONS: Final[Mapping[str, Callable[[Call], Answer]]] = {
    "AssociateFirewallRuleGroup": lambda call: _made(call, "frgassoc", "FirewallRuleGroupAssociation"),
    "CreateFirewallDomainList": lambda call: _made(call, "fdl", "FirewallDomainList"),
    "CreateFirewallRule": lambda call: _made(call, "fr", "FirewallRule"),
    "CreateFirewallRuleGroup": lambda call: _made(call, "frg", "FirewallRuleGroup"),
    "GetFirewallConfig": _config,
    "ListFirewallDomainLists": _listing("fdl", "FirewallDomainLists"),
    "ListFirewallDomains": _list_domains,
    "ListFirewallRuleGroupAssociations": _listing(
        "frgassoc", "FirewallRuleGroupAssociations", "FirewallRuleGroupId", "VpcId"
    ),
    "ListFirewallRuleGroups": _listing("frg", "FirewallRuleGroups"),
    "ListFirewallRules": _listing("fr", "FirewallRules", "FirewallRuleGroupId"),
    "UpdateFirewallDomains": _update,
}
