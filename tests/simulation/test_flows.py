"""Flow log lines: the fields in the order of their header, and a dash for what there is not."""

from __future__ import annotations

import itertools
import random
from typing import Any

import pytest
from hypothesis import given, strategies as st

from hikeshi.simulation import cast
from hikeshi.simulation.flows import V2, V5, Flow, gaps, line, mining, scan, traffic
from simulation.stage import NOW, SCENE

END = int(NOW.timestamp())
BEGIN = END - 26 * 3600


def flow(**fields: Any) -> Flow:
    front = SCENE.victim.interfaces[0]
    made: dict[str, Any] = {
        "machine": SCENE.victim,
        "interface": front,
        "start": END - 60,
        "end": END,
        "source": front.private,
        "target": cast.POOL,
        "source_port": 40000,
        "target_port": cast.POOL_PORT,
        "packets": 9,
        "size": 1400,
    }
    return Flow(**{**made, **fields})


def read(made: Flow, fields: list[str]) -> dict[str, str]:
    return dict(zip(fields, line(SCENE, made, fields).split(" "), strict=True))


def test_the_default_format_is_read_by_position() -> None:
    expected = f"2 {cast.ACCOUNT} {SCENE.interface_ids[0]} 10.20.1.10 {cast.POOL} 40000 3333 6 9 1400 {END - 60} {END} ACCEPT OK"
    assert line(SCENE, flow(), V2) == expected


def test_the_custom_format_has_more_to_tell() -> None:
    told = read(flow(), V5)
    assert (told["version"], told["instance-id"], told["flow-direction"]) == ("5", SCENE.instance_id, "egress")
    assert (told["bytes"], told["packets"], told["type"]) == ("1400", "9", "IPv4")


def test_what_comes_in_is_ingress() -> None:
    told = read(flow(source=cast.SCANNER, target=SCENE.private_addresses[0], action="REJECT"), V5)
    assert (told["flow-direction"], told["traffic-path"], told["action"]) == ("ingress", "-", "REJECT")


@pytest.mark.parametrize("status", ["NODATA", "SKIPDATA"])
def test_a_gap_has_times_and_dashes(status: str) -> None:
    told = read(flow(status=status), V2)
    assert {told[field] for field in ("srcaddr", "dstaddr", "srcport", "protocol", "packets", "bytes", "action")} == {
        "-"
    }
    assert (told["start"], told["log-status"]) == (str(END - 60), status)


@given(st.integers(min_value=0), st.integers(min_value=0, max_value=2**63 - 1))
def test_a_line_always_has_as_many_values_as_its_header(packets: int, size: int) -> None:
    for fields in (V2, V5):
        assert len(line(SCENE, flow(packets=packets, size=size), fields).split(" ")) == len(fields)


def test_the_miner_never_rests_until_the_finding() -> None:
    calls = [
        one
        for one in mining(SCENE, random.Random(1), END)
        if one.interface.id == SCENE.interface_ids[0] and one.target == cast.POOL
    ]
    steps = {later.start - earlier.start for earlier, later in itertools.pairwise(calls)}
    assert steps == {120}
    assert END - 240 < calls[-1].end <= END


def test_the_miner_also_speaks_ipv6() -> None:
    over_v6 = [one for one in mining(SCENE, random.Random(1), END) if one.target == cast.POOL_V6]
    assert over_v6
    assert {one.source for one in over_v6} == {SCENE.victim.interfaces[0].ipv6}
    assert read(over_v6[0], V5)["type"] == "IPv6"


def test_the_scan_knocks_at_both_web_servers() -> None:
    assert {one.target for one in scan(SCENE, random.Random(1), END)} == {"10.20.1.10", "10.20.1.11"}


def test_gaps_are_as_many_as_asked_and_some_are_losses() -> None:
    made = list(gaps(SCENE, random.Random(1), begin=BEGIN, end=END, silent=10))
    assert [one.status for one in made].count("NODATA") == 10
    assert any(one.status == "SKIPDATA" for one in made)


def test_ordinary_traffic_never_touches_the_pool_or_the_scanner() -> None:
    made = list(traffic(SCENE, random.Random(1), begin=BEGIN, end=END, count=1000))
    assert len(made) == 1000
    seen = {one.source for one in made} | {one.target for one in made}
    assert not seen & {cast.POOL, cast.SCANNER, cast.ATTACKER, cast.OUTSIDE}
    assert all(BEGIN <= one.start < one.end <= END for one in made)
