"""VPC flow logs: layouts, gaps, empty fields."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.parsers import recognise
from hikeshi.events.reading import parse, read
from hikeshi.events.source import Source

SAMPLES = Path(__file__).parents[2] / "samples" / "vpcflow"
DEFAULT = b"version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n"
LINE = b"2 111122223333 eni-0a1b 198.51.100.23 10.0.14.23 44321 22 6 20 4249 1794061200 1794061260 REJECT OK"


def sample(name: str) -> list[Event]:
    return [event for event in parse([SAMPLES / name]) if isinstance(event, Event)]


def reason(line: bytes) -> str:
    (found,) = read(Source.of(DEFAULT + line))
    assert isinstance(found, Unreadable)
    return found.message


def test_a_flow_is_a_window_between_two_ends() -> None:
    flow = sample("v2-header.log")[0]
    assert (flow.ts, flow.ts_end) == (1794061200_000000, 1794061260_000000)
    assert (flow.ts_precision, flow.ts_desc) == ("window", "window_start")
    assert (flow.src_ip, flow.src_port, flow.dst_ip, flow.dst_port) == ("198.51.100.23", 44321, "10.0.14.23", 22)
    assert (flow.proto, flow.packets, flow.bytes, flow.outcome) == ("tcp", 20, 4249, "denied")


def test_the_default_layout_is_taken_where_no_header_is() -> None:
    with_header, without = sample("v2-header.log"), sample("v2-no-header.log")
    assert [event.event_uid for event in with_header] == [event.event_uid for event in without]


def test_nothing_happened_and_something_was_lost_are_gaps() -> None:
    gaps = [event for event in sample("v2-header.log") if event.category == "gap"]
    assert [gap.action for gap in gaps] == ["NODATA", "SKIPDATA"]
    assert all(gap.src_ip is None and gap.outcome is None for gap in gaps)
    assert "lost" in gaps[1].message


def test_a_header_inside_the_file_changes_the_layout() -> None:
    custom, gap, default = sample("custom-repeated-header.log")
    assert (custom.bytes, custom.packets, custom.tcp_flags, custom.vpc) == (568, 8, 2, "vpc-0abc1234def567890")
    assert gap.category == "gap"
    assert (default.bytes, default.packets) == (4249, 20)


def test_fields_without_a_column_are_kept() -> None:
    assert msgspec.json.decode(sample("custom-repeated-header.log")[0].attrs or b"") == {"pkt-srcaddr": "203.0.113.9"}


def test_all_fields_of_version_5_are_known_by_their_number() -> None:
    (flow,) = sample("v5-no-header.log")
    assert (flow.zone, flow.instance, flow.direction) == ("apne1-az4", "i-0f2a1b2c3d4e50865", "ingress")
    assert msgspec.json.decode(flow.attrs or b"")["pkt-dst-aws-service"] == "CLOUDFRONT"


def test_lines_that_cannot_be_read_say_where() -> None:
    found = list(parse([SAMPLES / "damaged.log"]))
    assert [one.place if isinstance(one, Unreadable) else "event" for one in found] == [
        "event",
        "line 3",
        "line 4",
        "line 5",
    ]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (LINE.replace(b" 22 ", b" 99999 "), "no number that is possible"),
        (LINE.replace(b"1794061200", b"9" * 18), "no number that is possible"),
        (LINE.replace(b"1794061200", b"-"), "no start time"),
        (LINE + b" more", "15 fields where the layout has 14"),
    ],
)
def test_what_is_wrong_is_named(line: bytes, said: str) -> None:
    assert said in reason(line)


def test_a_layout_of_ones_own_without_a_header_is_not_guessed() -> None:
    assert recognise(b"10.0.0.5 10.0.0.62 43416 5001 6 568 8 ACCEPT") is None
    (_, other) = read(Source.of(LINE + b"\n2 10.0.0.5 10.0.0.62 5001 ACCEPT"))
    assert isinstance(other, Unreadable)
    assert "no header" in other.message


def test_flows_are_not_folded_where_the_layout_lacks_what_tells_them_apart() -> None:
    content = b"srcaddr dstaddr start end action bytes\n" + b"192.0.2.1 192.0.2.2 1794061200 1794061260 ACCEPT 10\n" * 2
    first, second = read(Source.of(content))
    assert isinstance(first, Event)
    assert isinstance(second, Event)
    assert first.event_uid != second.event_uid


def test_a_transit_gateways_log_is_another_log() -> None:
    assert (
        recognise(b"version tgw-id tgw-attachment-id srcaddr dstaddr srcport dstport protocol start end log-status\n")
        is None
    )


def test_real_samples_are_read_to_the_last_line(shared_data: Path) -> None:
    if not (shared_data / "vpcflow-samples").is_dir():
        pytest.skip("../shared/data/vpcflow-samples is not here")
    found = list(parse([shared_data / "vpcflow-samples" / "*.log"]))
    assert not [event for event in found if isinstance(event, Unreadable)]
    events = [event for event in found if isinstance(event, Event)]
    assert len(events) == 12
    assert sum(event.category == "gap" for event in events) == 4
    assert {event.flow_status for event in events if event.category == "flow"} == {"OK", "NODATA"}
