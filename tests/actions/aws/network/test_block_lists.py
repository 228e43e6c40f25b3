"""Addresses and domains on shared lists: merged, never replaced, and only ours taken out."""

from __future__ import annotations

from typing import Any

import pytest

from actions.account import Cloud, stored
from actions.worlds import WatchedWorld
from hikeshi.actions import action
from hikeshi.actions.aws.network.block_lists import network_of
from hikeshi.errors import Refused
from hikeshi.simulation.building.data import RULES_TEXT, ip_set, prefix_list, rule_group, some_vpc


def addresses(cloud: Cloud, made: dict[str, Any]) -> list[str]:
    told = cloud.client("wafv2").get_ip_set(Name="block", Scope="REGIONAL", Id=made["ip_set_id"])
    return sorted(told["IPSet"]["Addresses"])


def put(cloud: Cloud, made: dict[str, Any], *listed: str) -> None:
    which = {"Name": "block", "Scope": "REGIONAL", "Id": made["ip_set_id"]}
    waf = cloud.client("wafv2")
    waf.update_ip_set(**which, Addresses=list(listed), LockToken=waf.get_ip_set(**which)["LockToken"])


def test_what_others_add_meanwhile_stays_and_only_ours_is_taken_out(cloud: Cloud, world: WatchedWorld) -> None:
    made = ip_set(cloud)
    block = action("aws.waf.block_address", made)
    plan = stored(block.plan(world))
    put(cloud, made, "192.0.2.1/32", "192.0.2.9/32")
    assert block.do(world, plan).outcome == "done"
    assert addresses(cloud, made) == ["192.0.2.1/32", "192.0.2.9/32", "198.51.100.7/32", "203.0.113.0/24"]
    assert block.undo(world, plan).outcome == "done"
    assert addresses(cloud, made) == ["192.0.2.1/32", "192.0.2.9/32"]


def test_a_stale_token_begins_anew(cloud: Cloud, world: WatchedWorld) -> None:
    made = ip_set(cloud)
    block = action("aws.waf.block_address", made)
    plan = block.plan(world)
    cloud.layer.refusals = {"UpdateIPSet": "WAFOptimisticLockException"}
    pauses: list[float] = []

    def wait(seconds: float) -> None:
        pauses.append(seconds)
        cloud.layer.refusals = {}

    assert block.do(cloud.world(sleep=wait), plan).outcome == "done"
    assert len(pauses) == 1


def test_what_was_there_before_is_not_taken_out(cloud: Cloud, world: WatchedWorld) -> None:
    made = ip_set(cloud)
    put(cloud, made, "198.51.100.7/32")
    block = action("aws.waf.block_address", made)
    plan = block.plan(world)
    block.do(world, plan)
    block.undo(world, plan)
    assert addresses(cloud, made) == ["198.51.100.7/32"]


def test_a_list_without_room_is_refused(cloud: Cloud, world: WatchedWorld) -> None:
    many = prefix_list(cloud) | {"addresses": [f"198.51.100.{number}" for number in range(10)]}
    with pytest.raises(Refused, match="11 entries"):
        action("aws.ec2.block_prefix", many).plan(world)


def test_other_lines_of_a_rule_group_stay_byte_for_byte(cloud: Cloud, world: WatchedWorld) -> None:
    block = action("aws.firewall.block", rule_group(cloud))
    plan = block.plan(world)
    block.do(world, plan)
    firewall = cloud.client("network-firewall")

    def text() -> str:
        told = firewall.describe_rule_group(RuleGroupName="block", Type="STATEFUL")
        return str(told["RuleGroup"]["RulesSource"]["RulesString"])

    assert text().startswith(RULES_TEXT)
    assert 'any (msg:"hikeshi block 198.51.100.7/32"; sid:9' in text()
    block.undo(world, plan)
    assert text() == RULES_TEXT


def test_a_second_incident_shares_our_domain_list(cloud: Cloud, world: WatchedWorld) -> None:
    made = some_vpc(cloud)
    first, second = action("aws.dns.block", made), action("aws.dns.block", made | {"domains": ["other.example"]})
    plan = first.plan(world)
    first.do(world, plan)
    later = cloud.world(incident="INC-2026-0002", step="INC-2026-0002/1.1")
    second.do(later, second.plan(later))
    assert [call.operation for call in later.sent] == ["route53resolver:UpdateFirewallDomains"]
    first.undo(world, plan)
    dns = cloud.client("route53resolver")
    (ours,) = dns.list_firewall_domain_lists()["FirewallDomainLists"]
    assert dns.list_firewall_domains(FirewallDomainListId=ours["Id"])["Domains"] == [
        "*.other.example.",
        "other.example.",
    ]


@pytest.mark.parametrize("address", ["10.0.0.1", "0.0.0.0/0", "fd00::1", "127.0.0.1", "8.0.0.0/8", "nonsense", "::/0"])
def test_what_must_not_be_blocked_is_refused(address: str) -> None:
    with pytest.raises(Refused):
        network_of(address)
