from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from evtx_samples import FOLDER, MD5, SHA1, SHA256, TIME, WRITTEN, samples, security
from evtx_writer import CHUNK, Chunk, event, file_of, filetime
from hikeshi.errors import Unreadable
from hikeshi.events.columns import batch
from hikeshi.events.event import Event
from hikeshi.events.parsers import evtx
from hikeshi.events.reading import parse, read
from hikeshi.events.source import Source
from hikeshi.events.times import instant

SHARED = Path(__file__).parents[3] / ".." / "shared" / "data"


def found(content: bytes) -> tuple[list[Event], list[Unreadable]]:
    both = list(read(Source.of(content), evtx))
    return [e for e in both if isinstance(e, Event)], [u for u in both if isinstance(u, Unreadable)]


def one(content: bytes) -> Event:
    events, unreadable = found(content)
    assert not unreadable
    assert len(events) == 1
    return events[0]


def alone(
    number: int, fields: dict[str, str], *, time: str = TIME, written: int = WRITTEN, keywords: str = "0x0"
) -> Event:
    chunk = Chunk()
    chunk.add(event(number, time, fields, keywords=keywords), written)
    return one(file_of(chunk.bytes()))


def test_the_samples_are_what_the_writer_writes() -> None:
    assert {path.name: path.read_bytes() for path in FOLDER.iterdir()} == samples()


def test_a_logon_over_the_network_has_its_user_and_address() -> None:
    logon = found(file_of(security().bytes()))[0][0]
    assert (logon.action, logon.category, logon.outcome) == ("4624", "login", "success")
    assert (logon.actor_name, logon.actor_account, logon.actor_id) == ("alice", "CORP", "S-1-5-21-1-2-3-1104")
    assert (logon.src_ip, logon.src_port, logon.src_host) == ("192.0.2.7", 50123, "PC-7")
    assert (logon.host, logon.source_variant, logon.resource_ids) == ("srv1.corp.example", "Security", ["CORP\\alice"])
    assert logon.message == "Security-Auditing 4624: TargetUserName=alice, IpAddress=::ffff:192.0.2.7"


def test_a_failed_logon_has_its_reason() -> None:
    failed = found(file_of(security().bytes()))[0][1]
    assert (failed.outcome, failed.error_code, failed.src_ip, failed.src_port) == (
        "failure", "0xc000006a", "203.0.113.9", None,
    )  # fmt: skip


def test_a_new_process_has_its_command_line_and_parent() -> None:
    process = found(file_of(security().bytes()))[0][2]
    assert (process.process, process.pid) == (r"C:\Windows\System32\cmd.exe", 0x1A2C)
    assert (process.cmdline, process.parent) == ("cmd.exe /c whoami", r"C:\Windows\explorer.exe")
    assert (process.actor_name, process.category) == ("alice", "process")


def test_sysmon_gives_hashes_and_both_ends_of_a_connection() -> None:
    started, connected, _ = found(samples()["two-chunks.evtx"])[0]
    assert (started.hash_md5, started.hash_sha1, started.hash_sha256) == (MD5.lower(), SHA1.lower(), SHA256.lower())
    assert (started.actor_name, started.actor_account, started.severity) == ("alice", "CORP", 10)
    assert (connected.src_ip, connected.src_port, connected.proto) == ("198.51.100.4", 50200, "tcp")
    assert (connected.dst_ip, connected.dst_port) == ("203.0.113.66", 443)


def test_every_field_is_kept_under_its_own_name() -> None:
    kept = json.loads(alone(4104, {"ScriptBlockText": "whoami", "Path": ""}).attrs or b"")
    assert kept["ScriptBlockText"] == "whoami"
    assert kept["System"]["Channel"] == "Security"


def test_user_data_is_read_like_event_data_also_in_a_carved_chunk_of_1601() -> None:
    session = one(samples()["carved-chunk.evtx"])
    assert (session.actor_name, session.src_ip) == ("bob", "192.0.2.30")
    assert (session.ts, session.ts_sub) == (-11_644_473_600_000_000 + 1, 200)


def test_times_are_kept_to_100_ns() -> None:
    assert (alone(1, {}).ts_precision, alone(1, {}).ts_sub) == ("100ns", 700)


def test_a_time_that_cannot_be_read_is_when_the_record_was_written() -> None:
    at = alone(1, {}, time="soon")
    assert (at.ts, at.ts_sub, at.ts_raw) == (1_794_018_667_123_456, 700, "soon")
    first = alone(1, {}, time="", written=0)
    assert batch([first])["ts"][0].as_py() == -11_644_473_600_000_000


def test_a_record_written_in_the_year_60056_is_counted() -> None:
    chunk = Chunk(9)
    chunk.add(event(1, TIME, {}), (1 << 64) - 1)
    events, unreadable = found(file_of(chunk.bytes()))
    assert len(events) + len(unreadable) == 1


def test_records_before_and_behind_a_hole_are_read_and_the_hole_is_named() -> None:
    events, unreadable = found(samples()["damaged.evtx"])
    assert [event.action for event in events] == ["4624", "4688"]
    assert [trouble.place for trouble in unreadable] == ["record id 42 in chunk 0"]


def test_a_damaged_chunk_costs_no_other() -> None:
    content = file_of(b"garbage!" * (CHUNK // 8), security().bytes(padded=True))
    events, unreadable = found(content)
    assert len(events) == 3
    assert [trouble.place for trouble in unreadable] == ["chunk 0, byte 4,096"]


def test_what_was_cut_off_is_counted_by_the_chunks_own_header() -> None:
    chunk = security()
    content = file_of(chunk.bytes())
    events, unreadable = found(content[: 4096 + chunk.starts[1] + 40])
    assert [event.action for event in events] == ["4624"]
    assert [trouble.place for trouble in unreadable] == [f"record id {number} in chunk 0" for number in (42, 43)]


def test_chunks_never_used_are_nothing_and_changed_ones_are_noted() -> None:
    chunk = bytearray(security().bytes(padded=True))
    spot = chunk.find("whoami".encode("utf-16-le"))
    chunk[spot] = ord("W")
    source = Source.of(file_of(bytes(chunk)) + bytes(2 * CHUNK))
    assert len(list(read(source, evtx))) == 3
    assert "1 chunks do not match their checksums" in source.note
    intact = Source.of(file_of(security().bytes(padded=True)))
    assert len(list(read(intact))) == 3
    assert not intact.note


def test_a_list_of_strings_that_leads_back_to_itself_does_not_hold_us() -> None:
    chunk = bytearray(security().bytes())
    chunk[128:512] = (600).to_bytes(4, "little") * 96
    chunk[600:604] = (600).to_bytes(4, "little")
    assert len(found(file_of(bytes(chunk)))[0]) + len(found(file_of(bytes(chunk)))[1]) == 3


@settings(max_examples=60, deadline=None)
@given(hits=st.lists(st.tuples(st.integers(0, 4000), st.binary(min_size=1, max_size=6)), min_size=1, max_size=8))
def test_every_record_of_a_damaged_chunk_is_an_event_or_unreadable(hits: list[tuple[int, bytes]]) -> None:
    chunk = security()
    content = bytearray(chunk.bytes())
    for at, data in hits:
        content[512 + at : 512 + at + len(data)] = data
    events, unreadable = found(file_of(bytes(content)))
    assert len(events) + len(unreadable) >= 3
    batch(events)


def real(name: str) -> tuple[list[Event], list[Unreadable]]:
    path = SHARED / name
    if not path.exists():
        pytest.skip(f"../shared/data/{name} is not here")
    both = list(parse([path]))
    return [e for e in both if isinstance(e, Event)], [u for u in both if isinstance(u, Unreadable)]


@pytest.mark.parametrize(
    ("name", "events", "unreadable"),
    [
        ("2-vss_0-Microsoft-Windows-TerminalServices-RemoteConnectionManager-Operational", 1795, 33),
        ("Microsoft-Windows-LanguagePackSetup-Operational", 16, 4),  # the sectors of the last four were never written
        ("MSExchange_Management_wec", 1, 0),
        ("Security_with_size_t", 636, 0),
        ("sample-with-zero-data-size-event", 449, 1),
        ("sysmon", 358, 8),
        ("system", 1881, 0),
    ],
)
def test_odd_and_damaged_files_are_read_around_the_damage(name: str, events: int, unreadable: int) -> None:
    good, bad = real(f"evtx-robustness/{name}.evtx.gz")
    assert (len(good), len(bad)) == (events, unreadable)


def test_real_attacks_have_the_fields_to_search_for() -> None:
    good, _ = real("evtx-to-mitre")
    assert sum(event.source_kind == "evtx" for event in good) == 4837
    assert all((event.hash_sha256 is not None) == (b"SHA256=" in event.raw) for event in good)
    assert sum(event.outcome == "failure" for event in good) > 20
    assert sum(event.src_ip is not None for event in good) > 400
    assert all(event.ts_raw is None or (read := instant(event.ts_raw)) is None or read.us == event.ts for event in good)
    assert filetime(TIME.replace("Z", "+00:00"))
