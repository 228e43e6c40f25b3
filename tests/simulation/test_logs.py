"""The logs: read again with plain gzip and json, they hold exactly what the truth says."""

from __future__ import annotations

import gzip
import hashlib
import ipaddress
import json
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hikeshi.simulation import cast
from hikeshi.simulation.cloud import SimulatedCloud
from hikeshi.simulation.logs import Truth, write_logs
from hikeshi.simulation.story import build_account
from simulation.stage import NOW, SCENE

ATTACKERS = {cast.ATTACKER, cast.OUTSIDE}
MADE_UP = [
    ipaddress.ip_network(net)
    for net in ("192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24", "2001:db8::/32", "10.0.0.0/8")
]


class Written:
    """What stands in a folder of logs, read without any code of ours."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.trail_files = sorted(folder.rglob("*_CloudTrail_*.json.gz"))
        self.flow_files = sorted(folder.rglob("*_vpcflowlogs_*.log.gz"))
        self.records: list[dict[str, Any]] = [
            record for path in self.trail_files for record in json.loads(gzip.decompress(path.read_bytes()))["Records"]
        ]
        self.events = list({record["eventID"]: record for record in self.records}.values())
        self.flows: list[dict[str, str]] = []
        self.damaged: list[tuple[str, int]] = []
        for path in self.flow_files:
            header, *lines = gzip.decompress(path.read_bytes()).decode().splitlines()
            fields = header.split(" ")
            for number, line in enumerate(lines, start=2):
                values = line.split(" ")
                if len(values) == len(fields):
                    self.flows.append(dict(zip(fields, values, strict=True)))
                else:
                    self.damaged.append((str(path.relative_to(folder)), number))

    def by_attacker(self) -> list[dict[str, Any]]:
        return [event for event in self.events if event["sourceIPAddress"] in ATTACKERS]


@pytest.fixture(scope="module")
def truth(tmp_path_factory: pytest.TempPathFactory) -> tuple[Truth, Path]:
    folder = tmp_path_factory.mktemp("logs")
    return write_logs(SCENE, folder, now=NOW), folder


@pytest.fixture(scope="module")
def written(truth: tuple[Truth, Path]) -> Written:
    return Written(truth[1])


def test_cloudtrail_counts_are_the_truth(truth: tuple[Truth, Path], written: Written) -> None:
    told = truth[0]
    assert told.trail_files == len(written.trail_files)
    assert told.records == len(written.records)
    assert told.unique == len(written.events)
    assert told.duplicates == told.records - told.unique > 300
    assert told.unique > 4000


def test_the_attackers_events_are_the_truth(truth: tuple[Truth, Path], written: Written) -> None:
    told, events = truth[0], written.by_attacker()
    assert told.attacker_by_address == Counter(event["sourceIPAddress"] for event in events)
    assert told.attacker_by_principal == Counter(event["userIdentity"]["arn"] for event in events)
    assert told.denied_to_attacker == sum("errorCode" in event for event in events)
    assert told.attacker_events == len(events)


def test_flow_counts_are_the_truth(truth: tuple[Truth, Path], written: Written) -> None:
    told = truth[0]
    assert told.flow_files == len(written.flow_files)
    assert told.flow_lines == len(written.flows) + len(written.damaged) > 5000
    assert list(told.damaged) == written.damaged
    status = Counter(flow["log-status"] for flow in written.flows)
    assert (told.no_data, told.skip_data) == (status["NODATA"], status["SKIPDATA"])


def test_the_miner_calls_through_both_interfaces(truth: tuple[Truth, Path], written: Written) -> None:
    told = truth[0]
    port = str(cast.POOL_PORT)
    calls = [flow for flow in written.flows if flow["dstport"] == port]
    assert told.mining_by_interface == Counter(flow["interface-id"] for flow in calls if flow["dstaddr"] == cast.POOL)
    assert set(told.mining_by_interface) == set(SCENE.interface_ids)
    assert told.mining_ipv6 == sum(flow["dstaddr"] == cast.POOL_V6 for flow in calls) > 0


def test_the_scan_for_ssh_is_rejected(truth: tuple[Truth, Path], written: Written) -> None:
    scan = [flow for flow in written.flows if flow["srcaddr"] == cast.SCANNER]
    assert truth[0].scan_rejects == len(scan)
    assert {(flow["dstport"], flow["action"]) for flow in scan} == {("22", "REJECT")}


def test_there_is_exactly_one_damaged_line(written: Written) -> None:
    assert len(written.damaged) == 1


def test_everything_happened_in_the_last_26_hours(truth: tuple[Truth, Path], written: Written) -> None:
    told = truth[0]
    assert (told.begins, told.ends) == (NOW - timedelta(hours=26), NOW)
    begin, end = told.begins.strftime("%Y-%m-%dT%H:%M:%SZ"), told.ends.strftime("%Y-%m-%dT%H:%M:%SZ")
    times = [event["eventTime"] for event in written.events]
    assert begin <= min(times)
    assert max(times) <= end
    assert min(int(flow["start"]) for flow in written.flows) >= int(told.begins.timestamp())
    assert max(int(flow["end"]) for flow in written.flows) <= int(told.ends.timestamp())


def test_every_address_is_made_up(written: Written) -> None:
    shown = {flow[side] for flow in written.flows for side in ("srcaddr", "dstaddr")} - {"-"}
    shown |= {event["sourceIPAddress"] for event in written.events if not event["sourceIPAddress"].endswith(".com")}
    for address in map(ipaddress.ip_address, shown):
        assert any(address in net for net in MADE_UP if net.version == address.version), address


def test_files_lie_where_s3_delivery_puts_them(written: Written) -> None:
    for path in written.trail_files:
        account, kind, region, stamp, unique = path.name.split(".")[0].split("_")
        assert (account, kind, len(unique)) == (cast.ACCOUNT, "CloudTrail", 16)
        assert list(path.parts[-5:-1]) == [region, stamp[:4], stamp[4:6], stamp[6:8]]
        assert path.parts[-7:-5] == (cast.ACCOUNT, "CloudTrail")
    records = json.loads(gzip.decompress(written.trail_files[0].read_bytes()))["Records"]
    assert {record["awsRegion"] for record in records} == {written.trail_files[0].parts[-5]}


def test_two_flow_formats_are_told_apart_by_their_headers(written: Written) -> None:
    headers = Counter(gzip.decompress(path.read_bytes()).split(b"\n", 1)[0] for path in written.flow_files)
    assert len(headers) == 2
    assert {len(header.split()) for header in headers} == {14, 23}


def test_a_second_delivery_is_the_same_record(written: Written) -> None:
    seen: dict[str, dict[str, Any]] = {}
    for record in written.records:
        assert seen.setdefault(record["eventID"], record) == record


def test_no_two_flows_are_the_same(written: Written) -> None:
    keys = (
        "interface-id",
        "srcaddr",
        "dstaddr",
        "srcport",
        "dstport",
        "protocol",
        "start",
        "end",
        "action",
        "log-status",
    )
    doubles = [
        key for key, count in Counter(tuple(flow[k] for k in keys) for flow in written.flows).items() if count > 1
    ]
    assert doubles == []


def fingerprint(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    first = write_logs(SCENE, tmp_path / "a", now=NOW, seed=3, scale=0.1)
    second = write_logs(SCENE, tmp_path / "b", now=NOW, seed=3, scale=0.1)
    other = write_logs(SCENE, tmp_path / "c", now=NOW, seed=4, scale=0.1)
    assert first == second != other
    assert fingerprint(tmp_path / "a") == fingerprint(tmp_path / "b") != fingerprint(tmp_path / "c")


@pytest.mark.parametrize("scale", [0.0, 0.05, 0.5])
def test_the_attack_is_the_same_at_any_scale(tmp_path: Path, truth: tuple[Truth, Path], scale: float) -> None:
    told = write_logs(SCENE, tmp_path, now=NOW, scale=scale)
    assert told.attacker_by_principal == truth[0].attacker_by_principal
    assert told.mining_by_interface == truth[0].mining_by_interface
    assert told.records == len(Written(tmp_path).records) < truth[0].records


def test_the_logs_tell_of_the_account_that_stands(cloud: SimulatedCloud, tmp_path: Path) -> None:
    scene = build_account(cloud)
    write_logs(scene, tmp_path, now=NOW, scale=0.1)
    written = Written(tmp_path)
    ec2 = cloud.client("ec2")
    real = {one["NetworkInterfaceId"]: one for one in ec2.describe_network_interfaces()["NetworkInterfaces"]}
    for flow in written.flows:
        if flow["dstaddr"] == cast.POOL:
            assert flow["srcaddr"] == real[flow["interface-id"]]["PrivateIpAddress"]
    sent = [event for event in written.events if event["eventName"] == "SendCommand"]
    assert [event["requestParameters"]["instanceIds"] for event in sent] == [[scene.instance_id]]
    stolen = [event for event in written.events if event["sourceIPAddress"] == cast.OUTSIDE]
    assert {event["userIdentity"]["sessionContext"]["sessionIssuer"]["principalId"] for event in stolen} == {
        scene.role_id
    }
