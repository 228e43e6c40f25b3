"""Zeek: headers that may come again, JSON lines, fields with and without a column."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.parsers import recognise, zeek
from hikeshi.events.reading import parse, read
from hikeshi.events.source import Source

SAMPLES = Path(__file__).parents[2] / "samples" / "zeek"


def sample(name: str) -> list[Event]:
    return [event for event in parse([SAMPLES / name]) if isinstance(event, Event)]


def one(record: dict[str, object]) -> Event | Unreadable:
    (found,) = read(Source.of(msgspec.json.encode(record)), zeek)
    return found


def test_a_connection_is_an_interval_between_two_ends() -> None:
    flow = sample("conn.log")[0]
    assert (flow.ts, flow.ts_end, flow.ts_precision) == (1794061200_125001, 1794061202_625001, "us")
    assert (flow.src_ip, flow.src_port, flow.dst_ip, flow.dst_port) == ("198.51.100.23", 40111, "192.0.2.5", 22)
    assert (flow.category, flow.action, flow.service, flow.bytes, flow.bytes_out) == ("flow", "SF", "ssh", 4600, 3400)
    assert flow.message == "conn 198.51.100.23:40111 -> 192.0.2.5:22 ShAdDaFf"


def test_what_stands_for_nothing_is_nothing() -> None:
    scan = sample("conn.log")[1]
    assert (scan.ts_end, scan.bytes, scan.service, scan.dst_ip) == (None, None, "conn", "2001:db8::5")
    assert scan.ts == 1794061201_500000
    assert msgspec.json.decode(scan.attrs or b"")["history"] == ""


def test_a_header_inside_the_file_changes_the_log() -> None:
    login = sample("conn.log")[2]
    assert (login.source_variant, login.category, login.outcome) == ("ssh/tsv", "login", "success")
    assert login.session_name == "CmadeUp1"


def test_json_lines_are_read_with_both_kinds_of_time() -> None:
    http, dns = sample("http.json.log")
    assert (http.source_variant, http.method, http.url, http.http_status) == ("http/json", "GET", "/.env", 404)
    assert (http.outcome, http.dst_host, http.user_agent) == ("failure", "www.example.com", "curl/8.5.0")
    assert (dns.source_variant, dns.ts, dns.ts_precision) == ("dns/json", 1794010503_250000, "us")
    assert msgspec.json.decode(dns.attrs or b"")["answers"] == ["203.0.113.9"]


@pytest.mark.parametrize("value", [[], {}, None, True, -1, 1e300, "x", 2**70])
def test_values_of_any_type_raise_nothing(value: object) -> None:
    names = (
        "auth_success",
        "status_code",
        "duration",
        "orig_bytes",
        "id.orig_p",
        "id.orig_h",
        "user",
        "query",
        "service",
    )
    found = one({"ts": 1794061200, "_path": "odd", **dict.fromkeys(names, value)})
    assert isinstance(found, Event)
    assert isinstance(one({"ts": value}), Unreadable)


def test_lines_that_cannot_be_read_say_where_and_why() -> None:
    found = list(parse([SAMPLES / "damaged.log"]))
    assert [one.place for one in found if isinstance(one, Unreadable)] == ["line 6", "line 7"]
    assert "3 fields where the header has 7" in str(found[-1])


def test_without_a_header_the_fields_are_not_guessed() -> None:
    (found,) = read(Source.of(b"1794061200.125001\tC1\t198.51.100.23"), zeek)
    assert isinstance(found, Unreadable)
    assert recognise(b'{"ts":1,"level":"info","msg":"hello"}') is None


@pytest.mark.parametrize(("name", "count"), [("rdp", 4122), ("ssl", 49474), ("syslog", 2378)])
def test_real_logs_are_read_to_the_last_line(shared_data: Path, name: str, count: int) -> None:
    path = shared_data / "zeek-wrccdc" / f"{name}.log.gz"
    if not path.is_file():
        pytest.skip("../shared/data/zeek-wrccdc is not here")
    found = list(parse([path]))
    assert len(found) == count
    assert all(isinstance(one, Event) and one.source_variant == f"{name}/tsv" for one in found)
