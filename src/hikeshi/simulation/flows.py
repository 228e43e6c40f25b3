"""VPC flow log lines: a shop's ordinary traffic, a miner on the victim, a scan for SSH, and one damaged line.

Shapes: "Flow log records" in the VPC user guide. The front subnet is logged in the default format (version 2), the back subnet in a
custom one with version 5 fields, whose order only its header tells. A line is a window of up to a minute.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from hikeshi.simulation import cast
from hikeshi.simulation.scene import Interface, Machine, Scene

V2: Final = [
    "version",
    "account-id",
    "interface-id",
    "srcaddr",
    "dstaddr",
    "srcport",
    "dstport",
    "protocol",
    "packets",
    "bytes",
    "start",
    "end",
    "action",
    "log-status",
]
V5: Final = [
    "version",
    "vpc-id",
    "subnet-id",
    "instance-id",
    "interface-id",
    "account-id",
    "type",
    "srcaddr",
    "dstaddr",
    "srcport",
    "dstport",
    "pkt-srcaddr",
    "pkt-dstaddr",
    "protocol",
    "bytes",
    "packets",
    "start",
    "end",
    "action",
    "tcp-flags",
    "flow-direction",
    "traffic-path",
    "log-status",
]
TCP: Final = 6
MINING_BEGINS: Final = 540 * 60
"""Seconds before the finding."""
SCAN_BEGINS: Final = 1000 * 60
SCAN_LINES: Final = 240
SILENT: Final = 0.006
"""Share of windows with no traffic (NODATA)."""
SKIPPED: Final = 3
"""Windows of which records were lost inside AWS (SKIPDATA)."""


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """One window of one flow on one interface; times are epoch seconds. `status` other than OK means there is no traffic to tell of."""

    machine: Machine
    interface: Interface
    start: int
    end: int
    source: str = "-"
    target: str = "-"
    source_port: int = 0
    target_port: int = 0
    protocol: int = TCP
    packets: int = 0
    size: int = 0
    action: str = "ACCEPT"
    status: str = "OK"


def line(scene: Scene, flow: Flow, fields: list[str]) -> str:
    """The flow as a line of the given fields, in their order; a field without a value is `-`."""
    told: dict[str, Any] = {
        "version": 2 if fields is V2 else 5,
        "account-id": scene.account,
        "interface-id": flow.interface.id,
        "start": flow.start,
        "end": flow.end,
        "log-status": flow.status,
        "vpc-id": scene.vpc,
        "subnet-id": flow.interface.subnet,
        "instance-id": flow.machine.id,
    }
    if flow.status == "OK":
        outward = flow.source in (flow.interface.private, flow.interface.ipv6)
        told |= {
            "srcaddr": flow.source,
            "dstaddr": flow.target,
            "pkt-srcaddr": flow.source,
            "pkt-dstaddr": flow.target,
            "srcport": flow.source_port,
            "dstport": flow.target_port,
            "protocol": flow.protocol,
            "packets": flow.packets,
            "bytes": flow.size,
            "action": flow.action,
            "type": "IPv6" if ":" in flow.source else "IPv4",
            "tcp-flags": 3 if flow.protocol == TCP else 0,
            "flow-direction": "egress" if outward else "ingress",
            "traffic-path": 8 if outward else "-",
        }
    return " ".join(str(told.get(field, "-")) for field in fields)


def mining(scene: Scene, chance: random.Random, now: int) -> Iterator[Flow]:
    """The miner calls its pool: every two minutes in front, every ten at the back, once an hour over IPv6, until the finding."""
    front, back = scene.victim.interfaces
    for interface, every, over_v6 in ((front, 120, False), (back, 600, False), (front, 3600, True)):
        source, target = (interface.ipv6, cast.POOL_V6) if over_v6 else (interface.private, cast.POOL)
        for start in range(now - MINING_BEGINS, now - 60, every):
            yield Flow(
                machine=scene.victim,
                interface=interface,
                start=start,
                end=start + chance.randrange(20, 60),
                source=source,
                target=target,
                source_port=chance.randrange(32768, 61000),
                target_port=cast.POOL_PORT,
                packets=chance.randrange(8, 20),
                size=chance.randrange(1200, 4000),
            )


def scan(scene: Scene, chance: random.Random, now: int) -> Iterator[Flow]:
    """One address knocks at port 22 of both web servers and is rejected."""
    fronts = [(machine, machine.interfaces[0]) for machine in scene.machines[:2]]
    for place in range(SCAN_LINES):
        machine, interface = fronts[place % 2]
        start = now - SCAN_BEGINS + place * 20
        yield Flow(
            machine=machine,
            interface=interface,
            start=start,
            end=start + 1,
            source=cast.SCANNER,
            target=interface.private,
            source_port=chance.randrange(32768, 61000),
            target_port=22,
            packets=1,
            size=40,
            action="REJECT",
        )


def gaps(scene: Scene, chance: random.Random, *, begin: int, end: int, silent: int) -> Iterator[Flow]:
    """Windows without traffic, and a few whose records were lost."""
    for status in ["NODATA"] * silent + ["SKIPDATA"] * SKIPPED:
        machine = chance.choice(scene.machines)
        start = chance.randrange(begin, end - 60)
        yield Flow(
            machine=machine, interface=chance.choice(machine.interfaces), start=start, end=start + 59, status=status
        )


def traffic(scene: Scene, chance: random.Random, *, begin: int, end: int, count: int) -> Iterator[Flow]:
    """`count` ordinary windows: visitors, the shop's database, stray knocks from the internet."""
    webs = [(machine, machine.interfaces[0]) for machine in scene.machines[:2]]
    victim_back, database = scene.victim.interfaces[-1], scene.bystanders[-1]
    for _ in range(count):
        start = chance.randrange(begin, end - 60)
        packets = 2 + int(chance.random() ** 4 * 300)
        sized: dict[str, Any] = {"start": start, "end": start + chance.randrange(1, 60), "packets": packets}
        sized["size"] = packets * chance.randrange(60, 1200)
        port, draw = chance.randrange(32768, 61000), chance.random()
        if draw < 0.7:
            machine, interface = chance.choice(webs)
            yield _visit(chance, machine, interface, port, sized)
        elif draw < 0.94:
            yield _query(scene.victim, victim_back, database, port, sized, at_database=draw < 0.82)
        else:
            machine, interface = chance.choice(webs)
            knock = {
                **sized,
                "packets": 1,
                "size": 44,
                "action": "REJECT",
                "target_port": chance.choice([23, 445, 3389, 8080]),
            }
            yield Flow(
                machine=machine,
                interface=interface,
                source=_visitor(chance),
                target=interface.private,
                source_port=port,
                **knock,
            )


def _visit(chance: random.Random, machine: Machine, interface: Interface, port: int, sized: dict[str, Any]) -> Flow:
    visitor, own = _visitor(chance), interface.private
    if chance.random() < 0.5:
        return Flow(
            machine=machine, interface=interface, source=visitor, target=own, source_port=port, target_port=443, **sized
        )
    return Flow(
        machine=machine, interface=interface, source=own, target=visitor, source_port=443, target_port=port, **sized
    )


def _query(
    victim: Machine, back: Interface, database: Machine, port: int, sized: dict[str, Any], *, at_database: bool
) -> Flow:
    """The victim asks the database; each of the two interfaces sees it and logs it for itself."""
    server = database.interfaces[0]
    machine, interface = (database, server) if at_database else (victim, back)
    ends: dict[str, Any] = {"source": back.private, "target": server.private, "source_port": port, "target_port": 5432}
    return Flow(machine=machine, interface=interface, **ends, **sized)


def _visitor(chance: random.Random) -> str:
    """Somebody on the internet: a documentation address above 100, so never one of the story's."""
    return f"{chance.choice(['192.0.2', '198.51.100', '203.0.113'])}.{chance.randrange(101, 255)}"
