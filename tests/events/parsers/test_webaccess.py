"""Web access logs: both formats, what is no request, quotes nobody escaped."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import msgspec
import pytest

from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.parsers import webaccess
from hikeshi.events.reading import parse, read
from hikeshi.events.source import Source
from hikeshi.events.times import utc

SAMPLES = Path(__file__).parents[2] / "samples" / "webaccess"


def sample(name: str) -> list[Event]:
    return [event for event in parse([SAMPLES / name]) if isinstance(event, Event)]


def one(line: str) -> Event:
    (event,) = read(Source.of(line.encode()), webaccess)
    assert isinstance(event, Event)
    return event


def test_a_request_is_an_event_in_utc() -> None:
    page = sample("combined.log")[0]
    assert str(utc(page.ts)) == "2026-11-07 00:15:02+00:00"
    assert (page.ts_basis, page.ts_raw) == ("offset", "07/Nov/2026:09:15:02 +0900")
    assert (page.src_ip, page.method, page.url, page.http_status) == ("198.51.100.23", "GET", "/index.html", 200)
    assert (page.bytes_out, page.referer, page.outcome) == (5120, "https://www.example.com/", "success")
    assert page.message == "198.51.100.23 GET /index.html: 200"


def test_a_refused_user_is_named() -> None:
    login = sample("combined.log")[1]
    assert (login.actor_name, login.outcome, login.referer) == ("alice", "denied", None)


def test_what_is_no_request_is_an_event_of_its_own_kind() -> None:
    nothing, handshake = sample("combined.log")[3:5]
    assert (nothing.action, nothing.http_status, nothing.bytes_out) == ("malformed request", 408, None)
    assert (handshake.action, handshake.url, handshake.method) == ("malformed request", r"\x16\x03\x01\x02", None)


def test_escaped_quotes_end_no_field() -> None:
    quoted = sample("combined.log")[5]
    assert (quoted.url, quoted.user_agent) == (r"/?q=\"quoted\"", r"say \"hello\" twice")


def test_spaces_in_the_path_and_more_fields_behind_are_kept() -> None:
    spaces = sample("combined.log")[6]
    assert (spaces.url, spaces.action, spaces.user_agent) == ("/a file with spaces.php", "GET", "scanner/1.0")
    assert msgspec.json.decode(spaces.attrs or b"") == {"protocol": "HTTP/1.0", "more": "192.0.2.8 0.004"}


def test_the_virtual_host_in_front_is_where_it_went() -> None:
    health, leap, named = sample("common-vhost.log")
    assert (health.dst_host, health.dst_port, health.actor_name) == ("www.example.com", 443, "frank")
    assert leap.ts == health.ts
    assert (named.src_ip, named.src_host) == (None, "gateway.example.net")


def test_a_line_in_one_more_pair_of_quotes_is_read_inside_it() -> None:
    script, plain, empty = sample("quoted-unescaped.log")
    assert script.url == '/?name="><script>alert("x")</script>'
    assert (plain.referer, plain.user_agent) == ("http://198.51.100.9/x", "Mozilla/5.0 (Windows NT 6.1)")
    assert (empty.action, empty.http_status) == ("malformed request", 400)


def test_lines_that_cannot_be_read_say_where_and_a_cut_one_is_kept() -> None:
    found = list(parse([SAMPLES / "damaged.log"]))
    assert [one.place for one in found if isinstance(one, Unreadable)] == ["line 2", "line 3"]
    assert isinstance(found[-1], Event)
    assert found[-1].user_agent == "Mozilla/5.0 (compatible; cut"


@pytest.mark.parametrize(
    ("request_line", "action"),
    [
        ("OPTIONS * HTTP/1.1", "OPTIONS"),
        ("CONNECT 192.0.2.1:443 HTTP/1.1", "CONNECT"),
        ("GET /old", "GET"),
        ("PRI * HTTP/2.0", "PRI"),
        ("t3 12.1.2", "malformed request"),
        ("", "malformed request"),
    ],
)
def test_what_counts_as_a_request(request_line: str, action: str) -> None:
    assert one(f'192.0.2.1 - - [07/Nov/2026:09:15:02 +0000] "{request_line}" 400 0').action == action


def test_a_line_written_to_be_slow_is_read_quickly() -> None:
    hostile = '192.0.2.1 - - [07/Nov/2026:09:15:02 +0000] "' + '" 200 1x' * 20_000
    (found,) = read(Source.of(hostile.encode()), webaccess)
    assert isinstance(found, Unreadable)


@pytest.mark.parametrize(
    ("name", "count"),
    [("apache-combined-semicomplete.log.gz", 7000), ("scanner-acunetix.txt.gz", 6539), ("scanner-w3af.txt.gz", 3996)],
)
def test_real_logs_are_read_to_the_last_line(shared_data: Path, name: str, count: int) -> None:
    path = shared_data / "web-access-logs" / name
    if not path.is_file():
        pytest.skip("../shared/data/web-access-logs is not here")
    found = [event for event in parse([path]) if isinstance(event, Event)]
    assert len(found) == count
    if name.startswith("scanner"):
        addresses = Counter(event.src_ip for event in found)
        assert addresses.most_common(1)[0][0] == ("192.168.4.25" if "acunetix" in name else "192.168.4.163")
