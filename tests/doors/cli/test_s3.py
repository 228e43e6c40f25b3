"""s3://bucket/prefix wherever the command line takes paths, against a real server of moto."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from doors.cli.typed import Keyboard
from hikeshi.desk.evidence import verbs as evidence
from hikeshi.desk.incidents.models import Incident
from hikeshi.simulation.cast import REGION
from hikeshi.simulation.cloud import SimulatedCloud
from trail_writer import Trail, keys_file

SAMPLES = Path(__file__).parents[2] / "samples"
SAMPLE = (SAMPLES / "cloudtrail" / "s3.json").read_bytes()


@pytest.fixture(autouse=True)
def bucket(cloud: SimulatedCloud, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Two readable logs and one in Glacier."""
    cloud.reset()
    monkeypatch.setenv("HIKESHI_AWS_ENDPOINT_URL", cloud.endpoint_url)
    client = cloud.client("s3")
    client.create_bucket(Bucket="trail", CreateBucketConfiguration={"LocationConstraint": REGION})
    client.put_object(Bucket="trail", Key="logs/a.json", Body=SAMPLE, Metadata={"signature": "0a1b"})
    client.put_object(Bucket="trail", Key="logs/b.json", Body=SAMPLE + b"\n")
    client.put_object(Bucket="trail", Key="logs/cold.json", Body=SAMPLE, StorageClass="GLACIER")
    return client


def test_events_are_parsed_from_s3(keyboard: Keyboard) -> None:
    typed = keyboard("events", "parse", "s3://trail/logs/a.json", "--json")
    assert typed.code == 0, typed.err
    assert {line["path"] for line in typed.lines} == {"s3://trail/logs/a.json"}
    assert len(typed.lines) == len(keyboard("events", "parse", SAMPLES / "cloudtrail" / "s3.json", "--json").lines)


def test_what_cannot_be_fetched_is_said_and_counted(keyboard: Keyboard) -> None:
    for words in (("parse",), ("detect", "--rules", str(SAMPLES / "sigma"))):
        typed = keyboard("events", words[0], "s3://trail/logs", *words[1:], "--json")
        assert typed.code == 5
        assert "s3://trail/logs/cold.json: it lies in Glacier" in typed.err


def test_a_bucket_that_is_not_there_is_refused(keyboard: Keyboard) -> None:
    typed = keyboard("events", "parse", "s3://nothere/logs", "--json")
    assert (typed.code, typed.out) == (3, "")
    assert "There is no bucket nothere" in typed.err


def test_a_timeline_of_s3_is_built_of_sealed_copies_and_what_s3_said_is_sealed_too(
    admin: Keyboard, incident: Incident
) -> None:
    built = admin.json("timeline", "build", incident.name, "main", "s3://trail/logs", code=5)
    assert (built["evidence"], built["files"], built["not_recognised_count"]) == (["EV-001"], 2, 0)
    logs, receipt = incident.evidence.order_by("name")
    assert (logs.source, logs.files, receipt.source) == ("s3://trail/logs", 2, "s3://trail/logs")
    told = json.loads(evidence.locker().open(receipt.sha256).read())
    assert [one["name"] for one in told["objects"]] == ["s3://trail/logs/a.json", "s3://trail/logs/b.json"]
    assert told["objects"][0]["metadata"] == {"signature": "0a1b"}
    assert set(evidence.files_of(logs)) == {one["sha256"] for one in told["objects"]}
    assert "Glacier" in told["missed"][0]


def test_digests_are_checked_where_they_lie_with_the_signatures_of_their_metadata(
    keyboard: Keyboard, bucket: Any, tmp_path: Path
) -> None:
    written = Trail(tmp_path / "bucket")
    for hour in range(2):
        written.digest(hour)
    for path in (tmp_path / "bucket").rglob("*.gz"):
        beside = path.with_name(f"{path.name}.metadata.json")
        said = json.loads(beside.read_text()) if beside.exists() else {}
        bucket.put_object(
            Bucket="trail", Key=path.relative_to(tmp_path / "bucket").as_posix(), Body=path.read_bytes(),
            Metadata=said.get("Metadata", said),
        )  # fmt: skip
    keys = keys_file(tmp_path / "keys.json")
    told = keyboard.json("events", "digests", "s3://trail/AWSLogs", "--keys", keys)
    assert (told["digest_count"], told["log_count"], told["differs"]) == ({"signed": 2}, {"valid": 2}, False)
    logs = [
        one["Key"]
        for one in bucket.list_objects_v2(Bucket="trail", Prefix="AWSLogs")["Contents"]
        if "/CloudTrail/" in one["Key"]
    ]
    bucket.put_object(Bucket="trail", Key=logs[0], Body=b"{}")
    assert keyboard("events", "digests", "s3://trail/AWSLogs", "--keys", keys).code == 4
