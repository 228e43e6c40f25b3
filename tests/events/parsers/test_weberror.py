"""Error logs of Apache and nginx."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.reading import parse
from hikeshi.events.times import utc

SAMPLES = Path(__file__).parents[2] / "samples" / "weberror"


def sample(name: str) -> list[Event]:
    return [event for event in parse([SAMPLES / name]) if isinstance(event, Event)]


def test_apache_says_who_was_denied_what() -> None:
    start, denied, _ = sample("apache24.log")
    assert (start.action, start.src_ip, start.pid) == ("notice", None, 35)
    assert (denied.src_ip, denied.src_port, denied.outcome) == ("203.0.113.66", 40022, "denied")
    assert (denied.error_code, denied.severity, denied.referer) == ("AH01630", 70.0, "https://www.example.com/")
    assert msgspec.json.decode(denied.attrs or b"") == {"module": "authz_core", "thread": "140002"}


def test_the_zone_is_assumed_and_said_to_be() -> None:
    start = sample("apache24.log")[0]
    assert str(utc(start.ts)) == "2026-11-07 09:15:02.123456+00:00"
    assert (start.ts_precision, start.ts_basis) == ("us", "zone_assumed")
    assert start.ts_raw == "Sat Nov 07 09:15:02.123456 2026"


def test_a_trace_belongs_to_its_error() -> None:
    crash = sample("apache24.log")[2]
    assert crash.message.endswith("a.php:3\n  #0 {main}")
    assert (crash.src_ip, crash.src_port) == ("2001:db8::66", 40022)


def test_old_apache_has_neither_process_nor_module() -> None:
    notice, forbidden = sample("apache22.log")
    assert (notice.service, notice.category, notice.ts_precision) == ("apache", "system", "s")
    assert (forbidden.src_ip, forbidden.outcome) == ("198.51.100.23", "denied")


def test_nginx_says_what_was_asked() -> None:
    start, missing = sample("nginx.log")
    assert (start.service, start.action, start.pid) == ("nginx", "notice", 1)
    assert (missing.src_ip, missing.method, missing.url) == ("203.0.113.66", "GET", "/.env")
    assert (missing.dst_host, missing.referer) == ("www.example.com", "https://www.example.com/")


def test_lines_that_cannot_be_read_say_where() -> None:
    found = list(parse([SAMPLES / "damaged.log"]))
    assert [one.place for one in found if isinstance(one, Unreadable)] == ["line 2", "line 3"]
    first = next(one for one in found if isinstance(one, Event))
    assert first.src_ip == "2001:db8::17"
    assert msgspec.json.decode(first.attrs or b"")["upstream"] == "http://192.0.2.9:80/x"


def test_a_real_log_is_read_to_the_last_line(shared_data: Path) -> None:
    path = shared_data / "loghub-2k" / "Apache_2k.log.gz"
    if not path.is_file():
        pytest.skip("../shared/data/loghub-2k is not here")
    found = [event for event in parse([path]) if isinstance(event, Event)]
    assert len(found) == 2000
    assert sum(event.outcome == "denied" for event in found) == 32
