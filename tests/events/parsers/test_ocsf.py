"""OCSF: fields of many classes back in our columns."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.reading import parse, read
from hikeshi.events.source import Source

SAMPLES = Path(__file__).parents[2] / "samples" / "ocsf"


def sample(name: str = "lake.jsonl") -> list[Event]:
    return [event for event in parse([SAMPLES / name]) if isinstance(event, Event)]


def test_every_class_has_its_category() -> None:
    assert [event.category for event in sample()] == ["api", "flow", "dns", "web", "finding", "login", "event"]
    assert {event.ts_precision for event in sample()} == {"ms"}


def test_a_call_says_who_did_what_and_what_became_of_it() -> None:
    call = sample()[0]
    assert (call.service, call.action, call.outcome, call.error_code) == (
        "iam",
        "CreateAccessKey",
        "denied",
        "AccessDenied",
    )
    assert (call.actor_type, call.actor_name, call.session_name) == ("AssumedRole", "web-app", "i-0f2a1b2c3d4e50865")
    assert (call.session_issuer, call.mfa) == ("arn:aws:iam::111122223333:role/web-app", False)
    assert (call.src_ip, call.account, call.region) == ("198.51.100.23", "111122223333", "ap-northeast-1")
    assert call.message == "CloudTrail: web-app CreateAccessKey from 198.51.100.23"


def test_a_connection_is_a_window_between_two_ends() -> None:
    flow = sample()[1]
    assert (flow.action, flow.flow_action, flow.flow_status, flow.outcome) == ("REJECT", "REJECT", "OK", "denied")
    assert (flow.src_ip, flow.src_port, flow.dst_ip, flow.dst_port, flow.proto) == (
        "198.51.100.23",
        44321,
        "10.0.14.23",
        22,
        "tcp",
    )
    assert flow.ts_end == flow.ts + 60_000_000
    assert (flow.bytes, flow.packets, flow.direction, flow.src_service) == (40, 1, "ingress", None)


def test_a_query_and_a_web_request_say_what_was_asked_for() -> None:
    dns, web = sample()[2:4]
    assert (dns.dst_host, dns.outcome, dns.error_code, dns.proto) == ("c2.example.net", "failure", "NXDomain", "udp")
    assert (web.url, web.method, web.outcome) == ("https://shop.example.com/orders?id=1", "GET", "denied")
    assert (web.http_status, web.src_ip) == (403, "2001:db8::7")


def test_a_finding_lasts_from_first_to_last_seen_and_has_guardduties_names() -> None:
    finding = sample()[4]
    assert (finding.finding_id, finding.finding_type) == (
        "a6c556fcbc9bea427a19f8b787099a0b",
        "Backdoor:EC2/C&CActivity.B",
    )
    assert finding.ts_end == finding.ts + 60 * 1_000_000
    assert (finding.src_ip, finding.dst_ip, finding.severity) == ("10.0.14.23", "198.51.100.23", 70)


def test_a_sample_is_marked_and_what_is_real_is_not() -> None:
    finding = msgspec.json.decode((SAMPLES / "single.json").read_bytes())
    made_up, real = read(
        Source.of(msgspec.json.encode([finding | {"unmapped": {"Sample": mark}} for mark in ("true", "false")]))
    )
    assert isinstance(made_up, Event)
    assert isinstance(real, Event)
    assert (made_up.sample, real.sample) == (True, None)


def test_a_login_and_a_process_are_read() -> None:
    login, process = sample()[5:]
    assert (login.actor_name, login.mfa, login.outcome) == ("alice", True, "success")
    assert (login.src_ip, login.src_service) == (None, "signin.amazonaws.com")
    assert (process.host, process.process, process.pid, process.cmdline) == ("web-0", "sh", 4242, "sh -c id")


def test_everything_without_a_column_is_kept() -> None:
    assert msgspec.json.decode(sample()[0].attrs or b"")["unmapped"] == {"eventSource": "x", "eventName": "y"}


def test_the_same_event_is_the_same_in_every_shape() -> None:
    assert sample("array.json")[0].event_uid == sample()[0].event_uid
    assert sample("single.json")[0].event_uid == sample()[4].event_uid


def test_fields_of_another_type_do_not_cost_the_record() -> None:
    odd, *others = parse([SAMPLES / "damaged.jsonl"])
    assert isinstance(odd, Event)
    assert (odd.action, odd.src_ip, odd.actor_name) == ("CreateAccessKey", None, None)
    assert [type(other) for other in others] == [Unreadable] * 3


ALWAYS = ("outcome", "src_ip", "src_port", "user_agent")
SAME = {
    "CloudTrail": ("ts", "action", "service", "actor_type", "actor_id", "actor_name", "account", "access_key", "session_name",
                   "session_issuer", "region", "src_service", "invoked_by"),
    "EKS": ("action", "service", "actor_name", "access_key", "url", "http_status", "resource_type"),
    "Route53": ("ts", "action", "service", "dst_host", "vpc", "account", "region", "proto"),
    "Security_Hub": ("ts", "ts_end", "action", "service", "finding_id", "finding_type", "resource_ids", "account"),
    "v1.1.0__WAF": ("ts", "service", "method", "url", "http_status", "dst_host"),
}  # fmt: skip
"""Columns in which an event and its OCSF twin agree."""


@pytest.mark.parametrize("kind", SAME)
def test_a_twin_says_the_same_as_the_record_it_was_made_from(shared_data: Path, kind: str) -> None:
    if not (shared_data / "ocsf-aws-pairs").is_dir():
        pytest.skip("../shared/data/ocsf-aws-pairs is not here")
    compared = 0
    for path in sorted((shared_data / "ocsf-aws-pairs").glob(f"*{kind}*.ocsf")):
        (twin,), (record,) = read(Source.of(path.read_bytes())), parse([path.with_suffix(".raw")])
        assert isinstance(record, Event)
        if isinstance(twin, Event):
            compared += 1
            for field in (*ALWAYS, *SAME[kind]):
                assert getattr(twin, field) == getattr(record, field), (path.name, field)
    assert compared


def test_real_twins_are_read_except_those_that_are_no_json(shared_data: Path) -> None:
    if not (shared_data / "ocsf-aws-pairs").is_dir():
        pytest.skip("../shared/data/ocsf-aws-pairs is not here")
    found = [one for one in parse([shared_data / "ocsf-aws-pairs" / "*.ocsf"]) if isinstance(one, Event)]
    assert {event.source_kind for event in found} == {"ocsf"}
    assert len(found) == 14
