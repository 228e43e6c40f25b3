"""Network load balancers: TLS connections."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.parsers import nlb
from hikeshi.events.reading import parse

SAMPLES = Path(__file__).parents[2] / "samples" / "nlb"


def sample(name: str) -> list[Event]:
    return [event for event in parse([SAMPLES / name]) if isinstance(event, Event)]


def test_a_connection_lasts_from_its_start_to_its_end_and_times_without_a_zone_are_utc() -> None:
    good = sample("v2.log")[0]
    assert (good.ts_raw, good.ts_basis, good.ts_desc) == ("2026-11-06T14:20:35", "utc", "connected")
    assert good.ts_end == good.ts + 5_000_000
    assert good.duration_ms == 5000


def test_a_connection_has_two_ends_and_a_name() -> None:
    good = sample("v2.log")[0]
    assert (good.src_ip, good.src_port, good.dst_ip, good.dst_port) == ("198.51.100.23", 2817, "10.0.14.23", 993)
    assert (good.dst_host, good.bytes, good.bytes_out) == ("mail.example.com", 98, 246)
    assert (good.account, good.region) == ("111122223333", "ap-northeast-1")
    assert msgspec.json.decode(good.attrs or b"")["tls_protocol_version"] == "tlsv12"


def test_without_a_cipher_the_connection_failed() -> None:
    failed = sample("v2.log")[1]
    assert (failed.outcome, failed.error_code, failed.dst_ip) == ("failure", "40", None)
    assert "no cipher" in failed.message


def test_the_first_version_knows_only_the_end() -> None:
    (old,) = sample("v1.log")
    assert (old.ts_desc, old.ts_end, old.source_variant, old.src_ip) == ("disconnected", None, "tls 1.0", "2001:db8::7")


def test_lines_that_cannot_be_read_say_where() -> None:
    found = list(parse([SAMPLES / "damaged.log"]))
    places = [one.place if isinstance(one, Unreadable) else "event" for one in found]
    assert places == ["event", "line 2", "line 3", "line 4"]


def test_the_real_line_among_others_is_read(shared_data: Path) -> None:
    path = shared_data / "aws-service-log-samples" / "elastic-alb-nlb-edge-cases.log"
    if not path.exists():
        pytest.skip("../shared/data/aws-service-log-samples is not here")
    (event,) = [one for one in parse([path], parser=nlb) if isinstance(one, Event)]
    assert (event.src_ip, event.ts_raw, event.account) == ("192.168.131.39", "2018-12-20T02:59:30", "671290407336")
