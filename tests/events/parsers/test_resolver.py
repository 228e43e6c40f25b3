"""Route 53 Resolver: who asked for which name."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.reading import parse, read
from hikeshi.events.source import Source

SAMPLES = Path(__file__).parents[2] / "samples" / "resolver"


def sample(name: str) -> list[Event]:
    return [event for event in parse([SAMPLES / name]) if isinstance(event, Event)]


def test_a_query_says_who_asked_for_which_name() -> None:
    asked = sample("s3.jsonl")[0]
    assert (asked.dst_host, asked.instance, asked.src_ip, asked.src_port) == (
        "shop.example.com",
        "i-0f2a1b2c3d4e50865",
        "10.0.14.23",
        40111,
    )
    assert (asked.category, asked.outcome, asked.proto, asked.vpc) == ("dns", "success", "udp", "vpc-0abc1234def567890")
    assert msgspec.json.decode(asked.attrs or b"")["answers"][0]["Rdata"] == "192.0.2.80"


def test_a_name_that_is_not_there_is_a_failure() -> None:
    missing = sample("s3.jsonl")[1]
    assert (missing.outcome, missing.error_code) == ("failure", "NXDOMAIN")


def test_what_the_firewall_blocked_is_denied() -> None:
    blocked = sample("s3.jsonl")[2]
    assert (blocked.outcome, blocked.instance, blocked.interface) == ("denied", None, "rni-0000000000000001")
    assert blocked.message == "10.0.14.24 asked for pool.miner.example A: NODATA, firewall: BLOCK"


def test_an_export_of_cloudwatch_is_the_same_events_with_their_places() -> None:
    exported, delivered = sample("cloudwatch-export.log"), sample("s3.jsonl")
    assert [event.event_uid for event in exported] == [event.event_uid for event in delivered]
    content = (SAMPLES / "cloudwatch-export.log").read_bytes()
    assert all(content[event.offset :].startswith(event.raw) for event in exported if event.offset is not None)
    assert exported[1].seq == 2


def test_fields_of_another_type_do_not_cost_the_record_and_a_zone_that_is_assumed_is_said() -> None:
    odd, *others = parse([SAMPLES / "damaged.jsonl"])
    assert isinstance(odd, Event)
    assert (odd.instance, odd.src_port, odd.ts_basis, odd.dedup_key) == (None, None, "zone_assumed", None)
    assert [type(other) for other in others] == [Unreadable] * 3


def test_real_queries_are_read(shared_data: Path) -> None:
    if not (shared_data / "ocsf-aws-pairs").is_dir():
        pytest.skip("../shared/data/ocsf-aws-pairs is not here")
    found = list(parse([shared_data / "ocsf-aws-pairs" / "*Route53*.raw"]))
    assert [event.dst_host if isinstance(event, Event) else None for event in found] == [
        "ip-127-0-0-62.alert.firewall.canary"
    ] * 2


def test_copies_of_a_siem_are_read(shared_data: Path) -> None:
    path = shared_data / "panther-analysis-tests" / "AWS.VPCDns.jsonl.gz"
    if not path.exists():
        pytest.skip("../shared/data/panther-analysis-tests is not here")
    content = Source(str(path), path.open("rb")).body()
    logs = [log for line in content.splitlines() if "query_name" in (log := msgspec.json.decode(line)["log"])]
    found = list(read(Source.of(b"\n".join(msgspec.json.encode(log) for log in logs))))
    assert [type(event) for event in found] == [Event] * 13
