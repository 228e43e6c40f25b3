"""Suricata: alerts, flows as intervals, values of a wrong type."""

from __future__ import annotations

from pathlib import Path

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.events.event import Event
from hikeshi.events.parsers import recognise
from hikeshi.events.reading import parse

SAMPLES = Path(__file__).parents[2] / "samples" / "suricata"


def sample(name: str) -> list[Event]:
    return [event for event in parse([SAMPLES / name]) if isinstance(event, Event)]


def test_an_alert_is_a_finding() -> None:
    alert = sample("eve.json")[0]
    assert (alert.category, alert.action, alert.severity) == ("finding", "EXAMPLE shell upload", 90.0)
    assert (alert.finding_id, alert.finding_type) == ("1:2000001:3", "Web Application Attack")
    assert (alert.src_ip, alert.dst_ip, alert.dst_port, alert.url) == ("203.0.113.66", "192.0.2.5", 80, "/upload.php")
    assert (alert.ts, alert.ts_precision, alert.ts_basis) == (1794010502_123456, "us", "offset")


def test_a_flow_is_an_interval() -> None:
    flow = sample("eve.json")[1]
    assert (flow.ts, flow.ts_end, flow.ts_desc) == (1794010502_000000, 1794010504_500000, "window_start")
    assert (flow.bytes, flow.packets, flow.category) == (1400, 10, "flow")


def test_alert_and_flow_share_what_ties_them_together() -> None:
    alert, flow, *_ = sample("eve.json")
    assert alert.session_name == flow.session_name == "1234567890123456"


def test_what_has_no_column_is_kept() -> None:
    dns, stats = sample("eve.json")[2:]
    assert msgspec.json.decode(dns.attrs or b"")["dns"]["rrname"] == "c2.example.net"
    assert (stats.category, stats.message) == ("system", "stats")


def test_files_have_their_hashes() -> None:
    file = sample("files.json")[0]
    assert (file.file_path, file.file_size) == ("/dl/run.exe", 4096)
    assert (file.hash_sha256 or "").startswith("e3b0c442")


def test_a_field_of_a_wrong_type_costs_only_itself() -> None:
    dropped = sample("files.json")[1]
    assert (dropped.dst_port, dropped.outcome, dropped.action) == (None, "denied", "EXAMPLE blocked")


def test_lines_that_cannot_be_read_say_where() -> None:
    found = list(parse([SAMPLES / "damaged.json"]))
    assert sum(isinstance(one, Event) for one in found) == 1
    assert [one.place for one in found if isinstance(one, Unreadable)] == ["record 2", "record 3", "record 4"]


def test_another_log_with_an_event_type_is_not_taken() -> None:
    assert recognise(b'{"event_type":"login","timestamp":"2026-11-07T00:15:05Z","user":"alice"}') is None
