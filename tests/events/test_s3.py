"""Logs in S3, against a real server of moto: listing, fetching, what S3 says of an object, and every way it can refuse."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from hikeshi.aws.failures import CallFailed
from hikeshi.aws.reach import Reach
from hikeshi.errors import Refused, Unreadable
from hikeshi.events import s3
from hikeshi.events.event import Event
from hikeshi.events.reading import parse
from hikeshi.events.s3 import Fetched
from hikeshi.events.source import Limits
from hikeshi.simulation.cast import REGION
from hikeshi.simulation.cloud import SimulatedCloud
from hikeshi.simulation.faults import Fault
from simulated import cloud

__all__ = ["cloud"]

SAMPLE = (Path(__file__).parents[1] / "samples" / "cloudtrail" / "s3.json").read_bytes()
EVENTS = len(list(parse([Path(__file__).parents[1] / "samples" / "cloudtrail" / "s3.json"])))


@pytest.fixture
def bucket(cloud: SimulatedCloud) -> Any:
    """An empty bucket with versions."""
    cloud.reset()
    client = cloud.client("s3")
    client.create_bucket(Bucket="trail", CreateBucketConfiguration={"LocationConstraint": REGION})
    client.put_bucket_versioning(Bucket="trail", VersioningConfiguration={"Status": "Enabled"})
    return client


@pytest.fixture
def reach(cloud: SimulatedCloud) -> Reach:
    return Reach(region=REGION, endpoint_url=cloud.endpoint_url)


def put(bucket: Any, key: str, body: bytes = SAMPLE, **more: Any) -> None:
    bucket.put_object(Bucket="trail", Key=key, Body=body, **more)


def names(found: Iterator[Fetched | Unreadable]) -> list[str]:
    return [one.name for one in found if isinstance(one, Fetched)]


def test_what_s3_says_of_an_object_is_kept_with_the_signature_of_a_digest(
    bucket: Any, reach: Reach, tmp_path: Path
) -> None:
    put(bucket, "AWSLogs/digest.json.gz", Metadata={"signature": "0a1b", "signature-algorithm": "SHA256withRSA"})
    (one,) = s3.fetch(["s3://trail/AWSLogs/"], tmp_path, reach=reach)
    assert isinstance(one, Fetched)
    assert one.name == "s3://trail/AWSLogs/digest.json.gz"
    assert one.metadata == {"signature": "0a1b", "signature-algorithm": "SHA256withRSA"}
    assert (one.sha256, one.size) == (hashlib.sha256(SAMPLE).hexdigest(), len(SAMPLE))
    assert one.version
    assert one.etag == hashlib.md5(SAMPLE).hexdigest()
    assert one.modified.endswith("+00:00")


def test_a_large_listing_is_read_page_by_page_and_in_order(
    bucket: Any, reach: Reach, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3, "PAGE", 10)
    for number in range(23):
        put(bucket, f"many/{number:04d}", b"{}")
    found = names(s3.fetch(["s3://trail/many"], tmp_path, reach=reach))
    assert found == [f"s3://trail/many/{number:04d}" for number in range(23)]


def test_a_key_is_meant_alone_and_a_prefix_with_all_that_begins_so(bucket: Any, reach: Reach, tmp_path: Path) -> None:
    for key in ("a/", "a/log", "a/log2", "b"):
        put(bucket, key, b"" if key == "a/" else b"{}")
    assert names(s3.fetch(["s3://trail/a/log"], tmp_path, reach=reach)) == ["s3://trail/a/log"]
    assert names(s3.fetch(["s3://trail/a/"], tmp_path, reach=reach)) == ["s3://trail/a/log", "s3://trail/a/log2"]
    assert len(names(s3.fetch(["s3://trail", "s3://trail/b"], tmp_path, reach=reach))) == 3


def test_a_key_leads_nowhere_outside_the_folder(bucket: Any, reach: Reach, tmp_path: Path) -> None:
    put(bucket, "x/..%2f..\\\u202eevil" + "n" * 300)
    (one,) = s3.fetch(["s3://trail/x"], tmp_path, reach=reach)
    assert isinstance(one, Fetched)
    assert one.path.parent == tmp_path
    assert one.path.read_bytes() == SAMPLE


def test_events_come_from_s3_under_their_address_and_nothing_stays_on_the_disk(
    bucket: Any, reach: Reach, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    for number in range(30):
        put(bucket, f"AWSLogs/{number}.json")
    most = 0
    found = []
    for one in parse(["s3://trail/AWSLogs"], reach=reach):
        assert isinstance(one, Event)
        found.append(one)
        most = max(most, len(list(tmp_path.rglob("*.json"))))
    assert len(found) == 30 * EVENTS
    assert found[0].path == "s3://trail/AWSLogs/0.json"
    assert found[0].evidence_sha256 == hashlib.sha256(SAMPLE).hexdigest()
    assert most <= s3.AT_ONCE + 2
    assert not list(tmp_path.iterdir())


def test_what_lies_in_glacier_or_is_too_large_is_counted_and_the_rest_is_read(
    bucket: Any, reach: Reach, tmp_path: Path
) -> None:
    put(bucket, "a")
    put(bucket, "b", StorageClass="DEEP_ARCHIVE")
    put(bucket, "c", SAMPLE * 2)
    cold, large = [
        one
        for one in s3.fetch(["s3://trail"], tmp_path, reach=reach, limits=Limits(file=len(SAMPLE)))
        if isinstance(one, Unreadable)
    ]
    assert "Glacier" in cold.message
    assert "s3://trail/b" in cold.message
    assert "limit" in large.message


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("s3://nothere/x", "There is no bucket nothere"),
        ("s3://trail/x", "Nothing in the bucket trail begins with 'x'"),
        ("s3:///x", "is no address in S3"),
        ("s3://UPPER/x", "is no address in S3"),
    ],
)
def test_a_slip_of_the_hand_is_refused(bucket: Any, reach: Reach, tmp_path: Path, address: str, said: str) -> None:
    with pytest.raises(Refused, match=said):
        list(s3.fetch([address], tmp_path, reach=reach))


def test_whoever_may_not_list_is_told_which_permission_is_missing(
    bucket: Any, cloud: SimulatedCloud, reach: Reach, tmp_path: Path
) -> None:
    cloud.switch([Fault(service="s3", operation="GET", error="denied")])
    with pytest.raises(CallFailed) as raised:
        list(s3.fetch(["s3://trail"], tmp_path, reach=reach))
    assert "Grant s3:ListBucket" in raised.value.hint


def test_an_object_that_may_not_be_read_is_counted_with_the_permission(
    bucket: Any, cloud: SimulatedCloud, reach: Reach, tmp_path: Path
) -> None:
    put(bucket, "a")
    cloud.switch([Fault(service="s3", operation="GET"), Fault(service="s3", operation="GET", error="denied")])
    (one,) = s3.fetch(["s3://trail"], tmp_path, reach=reach)
    assert isinstance(one, Unreadable)
    assert "Grant s3:GetObject" in one.hint


def test_an_answer_that_is_lost_is_asked_for_again(
    bucket: Any, cloud: SimulatedCloud, reach: Reach, tmp_path: Path
) -> None:
    put(bucket, "a")
    cloud.switch([Fault(service="s3", operation="GET"), Fault(service="s3", operation="GET", error="500", times=2)])
    assert names(s3.fetch(["s3://trail"], tmp_path, reach=reach)) == ["s3://trail/a"]
