"""Which addresses may be blocked, which numbers the rules get, and that neighbours' rules are left."""

from __future__ import annotations

from typing import Any

import pytest

from actions.account import Cloud, Machine
from actions.worlds import WatchedWorld
from hikeshi.actions.aws.network.block_peer import BlockPeer
from hikeshi.errors import Refused

PEER = "203.0.113.66"


def block(machine: Machine, *peers: str) -> BlockPeer:
    return BlockPeer(instance_id=machine.id, peers=peers or (PEER,))


def acl(cloud: Cloud, machine: Machine) -> dict[str, Any]:
    only = [{"Name": "association.subnet-id", "Values": [machine.subnet]}]
    return dict(cloud.ec2.describe_network_acls(Filters=only)["NetworkAcls"][0])


def rule(cloud: Cloud, machine: Machine, number: int, action: str, block: str, *, egress: bool = False) -> None:
    cloud.ec2.create_network_acl_entry(
        NetworkAclId=acl(cloud, machine)["NetworkAclId"],
        RuleNumber=number,
        Protocol="-1",
        RuleAction=action,
        Egress=egress,
        CidrBlock=block,
    )


def denied(cloud: Cloud, machine: Machine) -> set[tuple[int, bool, str]]:
    entries = acl(cloud, machine)["Entries"]
    return {
        (one["RuleNumber"], one["Egress"], one.get("CidrBlock") or one["Ipv6CidrBlock"])
        for one in entries
        if one["RuleAction"] == "deny" and one["RuleNumber"] < 32767
    }


def test_both_ways_and_both_families_below_the_first_rule_that_allows(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine(1)
    rule(cloud, machine, 1, "deny", "198.51.100.9/32")
    rule(cloud, machine, 3, "allow", "192.0.2.0/24")
    action = block(machine, PEER, "2001:db8:66::66")
    with pytest.raises(Refused, match="no free rule number below 3"):
        action.plan(world)
    one = block(machine)
    one.do(world, one.plan(world))
    assert denied(cloud, machine) == {
        (1, False, "198.51.100.9/32"),
        (2, False, f"{PEER}/32"),
        (1, True, f"{PEER}/32"),
    }


def test_ipv6_peers_are_denied_too(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine(1)
    action = block(machine, "2001:db8:66::66", "::ffff:203.0.113.66")
    action.do(world, action.plan(world))
    assert {block for _, _, block in denied(cloud, machine)} == {"2001:db8:66::66/128", f"{PEER}/32"}


def test_a_number_taken_by_somebody_else_since_the_plan_is_left(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine(1)
    plan = block(machine).plan(world)
    rule(cloud, machine, 1, "deny", "198.51.100.9/32")
    assert block(machine).do(world, plan).outcome == "partial"
    block(machine).undo(world, plan)
    assert denied(cloud, machine) == {(1, False, "198.51.100.9/32")}


def test_a_full_acl_is_refused(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine(1)
    for number in range(200, 218):
        rule(cloud, machine, number, "allow", "192.0.2.0/24")
    with pytest.raises(Refused, match="would have 21 rules"):
        block(machine).plan(world)


def test_what_is_denied_already_is_refused(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine(1)
    block(machine).do(world, block(machine).plan(world))
    with pytest.raises(Refused, match="denied already"):
        block(machine).plan(world)


@pytest.mark.parametrize(
    ("peer", "why"),
    [
        ("10.9.9.9", "private"),
        ("169.254.169.254", "private"),
        ("::ffff:10.0.0.1", "private"),
        ("fd00:ec2::254", "private"),
        ("203.0.113.0/24", "not an IP address"),
        ("52.216.0.7", r"com\.amazonaws\.ap-northeast-1\.s3"),
        ("18.68.0.1", "cloudfront"),
    ],
)
def test_ranges_that_are_ours_or_shared_are_refused(cloud: Cloud, world: WatchedWorld, peer: str, why: str) -> None:
    with pytest.raises(Refused, match=why):
        block(cloud.machine(1), peer).plan(world)


def test_our_own_elastic_address_is_refused(cloud: Cloud, world: WatchedWorld) -> None:
    own = cloud.ec2.allocate_address(Domain="vpc", Address="203.0.113.5")["PublicIp"]
    with pytest.raises(Refused, match="our own elastic addresses"):
        block(cloud.machine(1), own).plan(world)


def test_an_address_of_the_instance_itself_is_refused(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine(1)
    made = cloud.ec2.allocate_address(Domain="vpc", Address="203.0.113.6")
    cloud.ec2.associate_address(AllocationId=made["AllocationId"], InstanceId=machine.id)
    with pytest.raises(Refused, match="the instance itself"):
        block(machine, made["PublicIp"]).plan(world)


def test_a_protected_address_is_refused(cloud: Cloud) -> None:
    with pytest.raises(Refused, match="protected"):
        block(cloud.machine(1)).plan(cloud.world(protected=("203.0.113.*",)))
