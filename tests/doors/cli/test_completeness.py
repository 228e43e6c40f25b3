"""Whether a timeline is whole, at the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from doors.cli.typed import Keyboard
from hikeshi.desk.incidents.models import Incident
from trail_writer import Trail, keys_file


@pytest.fixture
def bucket(tmp_path: Path) -> Path:
    trail = Trail(tmp_path / "bucket")
    digests = [trail.digest(hour) for hour in range(4)]
    digests[1].unlink()
    return tmp_path / "bucket"


def test_digests_among_the_evidence_prove_the_events(
    admin: Keyboard, incident: Incident, bucket: Path, tmp_path: Path
) -> None:
    keys = keys_file(tmp_path / "keys.json")
    built = admin.json("timeline", "build", incident.name, "main", bucket)
    assert (built["integrity"]["logs"], built["integrity"]["keys"]) == ({"hash-ok": 3, "not-covered": 1}, [])
    admin.json("evidence", "add", incident.name, keys)
    item = admin.json("evidence", "list", incident.name)[-1]["name"]
    built = admin.json("timeline", "build", incident.name, "main", item)
    assert (built["integrity"]["logs"], built["integrity"]["differs"]) == ({"valid": 3, "not-covered": 1}, True)
    told = [row["integrity"] for row in admin("timeline", "show", incident.name, "main", "--json").lines]
    assert told == ["digest_valid", "digest_missing", "digest_valid", "digest_valid"]
    assert admin("timeline", "integrity", incident.name, "main").code == 4
    (gap,) = admin.json("timeline", "gaps", incident.name, "main")
    assert (gap["kind"], gap["start"], gap["count"]) == ("digest", "2026-11-06T13:00:00Z", 1)
    assert "ダイジェスト欠落" in admin("timeline", "gaps", incident.name, "main", "--lang", "ja").out


def test_a_list_of_keys_inside_a_bucket_is_not_believed(admin: Keyboard, incident: Incident, bucket: Path) -> None:
    keys_file(bucket / "keys.json")
    built = admin.json("timeline", "build", incident.name, "main", bucket, code=5)
    assert built["integrity"]["keys"] == []


def test_the_count_of_each_source_adds_up(admin: Keyboard, incident: Incident, bucket: Path) -> None:
    twice = next(bucket.glob("AWSLogs/*/CloudTrail/**/*.gz"))
    (bucket / "copy.json.gz").write_bytes(twice.read_bytes() + b"\0")
    admin.json("timeline", "build", incident.name, "main", bucket)
    rows = admin.json("timeline", "sources", incident.name, "main")
    assert all(row["records"] == row["events"] + row["unreadable_count"] for row in rows)
    assert sum(row["duplicates"] for row in rows) == 1
    assert {row["name"].rsplit("/", 1)[-1] for row in rows} >= {"copy.json.gz", twice.name}
    row = admin("timeline", "show", incident.name, "main", "--where", "dup_count=2", "--json").lines[0]
    told = admin.json("timeline", "witnesses", incident.name, "main", row["event_uid"], "--ts", str(row["ts"]))
    assert (told["count"], told["differing"]) == (2, [])


def test_without_digests_integrity_says_how_to_go_on(admin: Keyboard, incident: Incident, tmp_path: Path) -> None:
    Trail(tmp_path / "logs").log(0)
    admin.json("timeline", "build", incident.name, "main", tmp_path / "logs")
    typed = admin("timeline", "integrity", incident.name, "main")
    assert typed.code == 3
    assert "list-public-keys" in typed.err
