"""Which rungs are chosen for which finding on which ways, and that what is left is said."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from actions.account import Cloud
from actions.worlds import WatchedWorld
from hikeshi.actions import ACTIONS, action
from hikeshi.actions.aws.network.ladder import DNS_BLOCK, Facts, Ladder, advise, climb, facts_of
from hikeshi.actions.aws.network.paths import Hop, Path
from hikeshi.actions.aws.network.survey import PERMISSIONS, Survey
from hikeshi.actions.aws.world import permission_for
from hikeshi.simulation.building.network import with_addresses, with_endpoints

INSTANCE = "i-0123456789abcdef0"
ALL = set(ACTIONS)
PEER = "203.0.113.66"
C2 = Facts(kind="Backdoor:EC2/C&CActivity.B", role="ACTOR", remotes=(PEER,), ports=(443,))
RUNTIME = Facts(kind="Execution:Runtime/ReverseShell", role="ACTOR")
NAT = Path(interface="eni-1", subnet="subnet-1", table="rtb-1", hops=(Hop("nat-1", "NatGatewayId"),))
PUBLIC = Path(interface="eni-1", subnet="subnet-1", table="rtb-1", public="192.0.2.80", direct=True)
V6 = Path(interface="eni-1", subnet="subnet-1", table="rtb-1", direct=True, direct_ipv6=True)
INSIDE = Path(interface="eni-1", subnet="subnet-1", table="rtb-1")


def seen(*paths: Path, **more: Any) -> Survey:
    return Survey(instance_id=INSTANCE, vpcs=("vpc-1",), paths=paths, **{"ssm_endpoints": True, **more})


def names(ladder: Ladder) -> list[str]:
    return [rung.action.rpartition(".")[2] for rung in ladder.rungs]


def left(ladder: Ladder) -> str:
    return " ".join(text.en for text in ladder.left)


@pytest.mark.parametrize(
    ("facts", "survey", "rungs"),
    [
        (C2, seen(NAT), ["isolate_ssm", "shrink_tracking", "block_peer"]),
        (C2, seen(PUBLIC), ["isolate_ssm", "shrink_tracking", "block_peer"]),
        (C2, seen(NAT, ssm_endpoints=False), ["isolate", "shrink_tracking", "block_peer"]),
        (RUNTIME, seen(PUBLIC), ["remove_public", "untrack", "shrink_tracking"]),
        (RUNTIME, seen(INSIDE), ["untrack", "shrink_tracking"]),
        (RUNTIME, seen(V6), ["isolate_ssm", "shrink_tracking"]),
        (RUNTIME, seen(NAT), ["isolate_ssm", "shrink_tracking"]),
        (RUNTIME, seen(NAT, agent_online=True), ["isolate_ssm", "shrink_tracking", "host_firewall"]),
        (
            RUNTIME,
            seen(NAT, agent_online=True, ssm_endpoints=False),
            ["host_firewall", "isolate", "shrink_tracking"],
        ),
        (
            Facts(kind="Backdoor:EC2/DenialOfService.Udp", role="ACTOR", remotes=(PEER,)),
            seen(PUBLIC),
            ["remove_public", "untrack", "shrink_tracking", "block_peer"],
        ),
        (
            Facts(kind="Trojan:EC2/DNSDataExfiltration", role="ACTOR", domains=("exfil.example",)),
            seen(NAT),
            ["block", "isolate_ssm", "shrink_tracking"],
        ),
        (
            Facts(kind="Recon:EC2/PortProbeUnprotectedPort", role="TARGET", remotes=(PEER,)),
            seen(PUBLIC),
            ["block_peer"],
        ),
        (Facts(kind="UnauthorizedAccess:EC2/SSHBruteForce", role="TARGET"), seen(PUBLIC), []),
    ],
)
def test_the_cheapest_rungs_that_suffice_are_chosen(facts: Facts, survey: Survey, rungs: list[str]) -> None:
    assert names(climb(facts, survey, ALL)) == rungs


def test_every_rung_that_exists_takes_its_inputs_and_has_its_reason_in_both_languages() -> None:
    path = Path(interface="eni-1", subnet="subnet-0123456789abcdef0", table="rtb-0123456789abcdef0", hops=NAT.hops)
    more = {"network_balancers": ("front",), "agent_online": True, "vpcs": ("vpc-0123456789abcdef0",)}
    for facts in (C2, RUNTIME, Facts(role="ACTOR", domains=("exfil.example",))):
        ladder = climb(facts, msgspec.structs.replace(seen(path, path), **more), ALL)
        for rung in (*ladder.rungs, *ladder.further):
            action(rung.action, rung.inputs)
            assert rung.why.en.isascii()
            assert not rung.why.ja.isascii()


def test_what_is_left_is_said_by_way() -> None:
    said = left(climb(C2, seen(NAT), ALL))
    assert f"a NAT gateway (nat-1) to anyone but {PEER}" in said
    assert all(word in said for word in ("DNS", "metadata", "same subnet", "endpoints left open"))
    assert "nat-1" in left(climb(RUNTIME, seen(NAT), ALL))
    assert "Prove it by flow logs" in left(climb(RUNTIME, seen(INSIDE), ALL))
    assert "front" in left(climb(C2, seen(INSIDE, network_balancers=("front",)), ALL))


def test_a_dns_channel_that_nothing_blocks_is_the_first_thing_said() -> None:
    facts = Facts(kind="Trojan:EC2/DNSDataExfiltration", role="ACTOR", domains=("exfil.example",))
    ladder = climb(facts, seen(NAT), ALL - {DNS_BLOCK})
    assert DNS_BLOCK not in {rung.action for rung in ladder.rungs}
    assert "THE CHANNEL ITSELF" in left(ladder)
    assert any(DNS_BLOCK in note.en for note in ladder.notes)
    assert "but exfil.example" in left(climb(facts, seen(NAT), ALL))


def test_an_attacked_instance_is_never_isolated() -> None:
    ladder = climb(Facts(role="TARGET", remotes=(PEER,)), seen(PUBLIC), ALL)
    assert "off switch" in ladder.notes[0].en
    assert not ladder.further


def test_addresses_inside_and_too_many_are_not_blocked_and_said() -> None:
    remotes = ("10.1.1.9", "not an address", *(f"203.0.113.{number}" for number in range(1, 11)))
    ladder = climb(Facts(role="ACTOR", remotes=remotes), seen(NAT), ALL)
    (block,) = [rung for rung in ladder.rungs if rung.action.endswith("block_peer")]
    assert len(block.inputs["peers"]) == 8
    assert sum("is not blocked" in note.en for note in ladder.notes) == 4


def test_an_address_of_the_instance_itself_is_no_peer() -> None:
    ladder = climb(Facts(role="ACTOR", remotes=("192.0.2.80", PEER)), seen(PUBLIC), ALL)
    assert [rung.inputs["peers"] for rung in ladder.rungs if "peers" in rung.inputs] == [[PEER]]


def test_facts_come_from_an_alerts_observables() -> None:
    observables = [("address", PEER), ("domain", "c2.example"), ("instance", INSTANCE), ("address", PEER)]
    facts = facts_of("Backdoor:EC2/C&CActivity.B!DNS", "ACTOR", observables)
    assert (facts.remotes, facts.domains, facts.by_dns) == ((PEER,), ("c2.example",), True)


def test_an_account_is_surveyed_without_being_changed(cloud: Cloud, world: WatchedWorld) -> None:
    ladder = advise(world, with_endpoints(cloud)["instance_id"], C2, ALL)
    assert names(ladder) == ["isolate_ssm", "shrink_tracking", "block_peer"]
    assert len(ladder.ways) == 2
    assert world.sent == []
    assert world.used <= set(PERMISSIONS)
    assert permission_for("elbv2", "DescribeTargetHealth") in PERMISSIONS


def test_what_cannot_be_read_is_said_and_no_obstacle(cloud: Cloud, world: WatchedWorld) -> None:
    instance = with_addresses(cloud)["instance_id"]
    cloud.layer.faults = [("DescribeVpcEndpoints", "denied"), ("DescribeRouteTables", "denied")]
    ladder = advise(world, instance, C2, ALL)
    assert names(ladder) == ["isolate", "shrink_tracking", "block_peer"]
    assert any("endpoints could not be read" in note.en for note in ladder.notes)
    assert "routes of" in left(ladder)
