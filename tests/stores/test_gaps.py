"""What a timeline does not hold and should."""

from __future__ import annotations

import gzip
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from evtx_samples import LOGON, WRITTEN
from evtx_writer import Chunk, event, file_of
from hikeshi.events.digest_files import Given, public_keys
from hikeshi.stores.duck import DuckStore
from hikeshi.stores.gaps import FINDERS, KINDS, Gap, gaps
from hikeshi.stores.integrity import prove
from hikeshi.stores.store import Query
from trail_writer import BEGIN, Trail, keys_file


def call(minute: int, action: str = "ListUsers", **parameters: str) -> dict[str, Any]:
    return {
        "eventVersion": "1.11", "eventID": f"{minute:08d}-{action}", "eventTime": f"{BEGIN + timedelta(minutes=minute):%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "cloudtrail.amazonaws.com", "eventName": action, "awsRegion": "ap-northeast-1", "recipientAccountId": "111122223333",
        "userIdentity": {"type": "IAMUser", "userName": "mallory"}, "sourceIPAddress": "192.0.2.7", "requestParameters": parameters or None,
    }  # fmt: skip


def found(tmp_path: Path, name: str, content: str | bytes, kind: str) -> list[Gap]:
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    store = DuckStore(tmp_path / "store")
    assert store.build([tmp_path / name]).events
    return [gap for gap in gaps(store) if gap.kind == kind]


def minutes(gap: Gap) -> tuple[int, int]:
    begin = int(BEGIN.timestamp()) * 1_000_000
    return (gap.start_us - begin) // 60_000_000, (gap.end_us - begin) // 60_000_000


def test_every_kind_has_a_name() -> None:
    assert list(FINDERS) == sorted(FINDERS) == list(KINDS)


def test_a_stopped_trail_is_a_gap_until_it_is_started_again(tmp_path: Path) -> None:
    calls = [
        call(0), call(10, "StopLogging", name="arn:aws:cloudtrail:ap-northeast-1:111122223333:trail/main"),
        call(20, "StartLogging", name="other"), call(40, "StartLogging", name="main"), call(50, "DeleteTrail", name="main"), call(90),
    ]  # fmt: skip
    stopped = found(tmp_path, "calls.json", json.dumps({"Records": calls}), "stopped")
    assert [minutes(gap) for gap in stopped] == [(10, 40), (50, 90)]
    assert "mallory called StopLogging" in stopped[0].reason.en
    assert "再開されていません" in stopped[1].reason.ja


def test_a_call_that_was_denied_stopped_nothing(tmp_path: Path) -> None:
    calls = [call(10, "StopLogging", name="main") | {"errorCode": "AccessDenied"}, call(20)]
    assert not found(tmp_path, "calls.json", json.dumps({"Records": calls}), "stopped")


def test_windows_without_flows_are_one_gap_each_as_long_as_they_last(tmp_path: Path) -> None:
    head = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n"
    begin = int(BEGIN.timestamp())
    lines = [
        f"2 111122223333 eni-1 - - - - - - - {begin + 600 * n} {begin + 600 * n + 598} - NODATA\n" for n in (0, 1, 2, 7)
    ]
    lines.append(f"2 111122223333 eni-1 - - - - - - - {begin + 6000} {begin + 6600} - SKIPDATA\n")
    told = found(tmp_path, "flows.log", head + "".join(lines), "flow")
    assert [(gap.count, gap.stream) for gap in told] == [(3, "eni-1"), (1, "eni-1"), (1, "eni-1")]
    assert "lost" in told[2].reason.en


def evtx(*records: int) -> bytes:
    chunk = Chunk(records[0])
    for record in records:
        chunk.add(event(4624, f"2026-11-07T02:31:{record % 60:02d}.000000Z", LOGON, record=record), WRITTEN)
    return file_of(chunk.bytes())


def test_missing_record_numbers_are_found_per_channel(tmp_path: Path) -> None:
    (told,) = found(tmp_path, "security.evtx", evtx(41, 42, 45, 46), "numbers")
    assert (told.count, told.stream, told.end_us - told.start_us) == (2, "srv1.corp.example Security", 3_000_000)


def test_numbers_without_holes_are_no_gap(tmp_path: Path) -> None:
    assert not found(tmp_path, "security.evtx", evtx(41, 42, 43), "numbers")


def rotated(tmp_path: Path, **files: str) -> list[Gap]:
    """Files of a rotated log by what stands behind auth.log, each with lines of one day in November."""
    (tmp_path / "log").mkdir()
    for behind, day in files.items():
        lines = "".join(
            f"2026-11-{day}T0{hour}:00:00Z srv1 sshd[7]: Server listening on :: port 22.\n" for hour in range(3)
        )
        name = "auth.log" + behind.replace("_", ".").removeprefix(".now")
        content = lines.encode()
        (tmp_path / "log" / name).write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    store = DuckStore(tmp_path / "store")
    assert store.build([tmp_path / "log"]).events == 3 * len(files)
    return [gap for gap in gaps(store) if gap.kind == "rotation"]


def test_a_number_missing_in_a_rotated_series_is_a_gap_between_its_neighbours(tmp_path: Path) -> None:
    (gap,) = rotated(tmp_path, _now="20", _1="19", _4_gz="12", _5_gz="11")
    assert (gap.count, gap.stream, gap.source_kind) == (2, "auth.log", "syslog")
    assert (gap.end_us - gap.start_us) // 3_600_000_000 == 7 * 24 - 2
    assert "auth.log.4.gz and auth.log.1" in gap.reason.en


def test_a_whole_series_and_names_that_end_in_an_address_are_no_gap(tmp_path: Path) -> None:
    assert rotated(tmp_path, _now="20", _1="19", _2_gz="18", **{"_10.0.0.1": "01", "_10.0.0.7": "02"}) == []


def test_a_stream_that_falls_silent_is_a_gap(tmp_path: Path) -> None:
    calls = [call(minute) for minute in [*range(0, 300, 10), *range(600, 700, 10)]]
    assert [minutes(gap) for gap in found(tmp_path, "calls.json", json.dumps({"Records": calls}), "silence")] == [
        (300, 600)
    ]


def test_a_stream_that_often_pauses_is_not_silent(tmp_path: Path) -> None:
    calls = [call(minute) for minute in range(0, 4000, 300)]
    assert not found(tmp_path, "calls.json", json.dumps({"Records": calls}), "silence")


def test_an_empty_store_has_no_gaps(tmp_path: Path) -> None:
    assert gaps(DuckStore(tmp_path)) == []


def test_events_bear_what_digests_prove_and_missing_hours_are_gaps(tmp_path: Path) -> None:
    trail = Trail(tmp_path / "bucket")
    digests = [trail.digest(hour) for hour in range(5)]
    digests[1].unlink()
    digests[2].unlink()
    logs = sorted((tmp_path / "bucket").glob("AWSLogs/*/CloudTrail/**/*.gz"), key=lambda path: path.name)
    logs[0].write_bytes(gzip.compress(gzip.decompress(logs[0].read_bytes()).replace(b"ListUsers", b"LostUsers")))
    store = DuckStore(tmp_path / "store")
    built = store.build(logs)
    assert {row["integrity"] for row in store.events(Query())} == {"unknown"}
    files = [Given(str(path), path.name) for path in (tmp_path / "bucket").rglob("*") if path.is_file()]
    prove(
        store.folder, files, {row.path: row.sha256 for row in built.sources}, public_keys(keys_file(tmp_path / "keys"))
    )
    told = [row["integrity"] for row in store.events(Query())]
    assert told == ["digest_mismatch", "digest_missing", "digest_missing", "digest_valid", "digest_valid"]
    (gap,) = gaps(store)
    assert (gap.kind, minutes(gap), gap.count) == ("digest", (60, 180), 2)
    assert gap.stream == "111122223333/ap-northeast-1/main_ap-northeast-1"
    assert gaps(store) == [gap]  # kept
