"""Evidence that stays where it is: what the place says is recorded, and only what we read ourselves proves anything."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from pytest_django import Settings

from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence import elsewhere, verbs as evidence
from hikeshi.desk.evidence.models import Item
from hikeshi.desk.incidents.models import Incident
from hikeshi.errors import Refused
from hikeshi.simulation.cloud import SimulatedCloud

pytestmark = pytest.mark.django_db
BUCKET, KEY = "too-large-to-move", "images/disk 1.img"
ADDRESS = f"s3://{BUCKET}/{KEY}"
CONTENT = b"a disk that stays" * 1000


@pytest.fixture
def s3(cloud: SimulatedCloud, settings: Settings) -> Any:
    cloud.reset()
    found = cloud.client("s3")
    where = {"LocationConstraint": "ap-northeast-1"}
    found.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True, CreateBucketConfiguration=where)
    until = datetime.now(UTC) + timedelta(days=7)
    found.put_object(
        Bucket=BUCKET, Key=KEY, Body=CONTENT, ChecksumAlgorithm="SHA256",
        ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=until,
    )  # fmt: skip
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, aws_endpoint_url=cloud.endpoint_url)
    return found


def described(item: Item) -> dict[str, Any]:
    with evidence.locker().open(item.sha256) as stream:
        told: dict[str, Any] = json.load(stream)
    return told


def test_what_the_place_says_is_recorded_and_what_was_read_is_ours(s3: Any, incident: Incident, on_it: Actor) -> None:
    item = elsewhere.leave(incident, ADDRESS, actor=on_it, read=True, kind="disk")
    told = described(item)
    assert (told["sha256"], told["size"]) == (hashlib.sha256(CONTENT).hexdigest(), len(CONTENT))
    assert told["version"]
    assert told["etag"] == hashlib.md5(CONTENT, usedforsecurity=False).hexdigest()
    assert "GOVERNANCE until" in item.lock_proof
    assert (item.held_at, item.kind) == (ADDRESS, "disk")
    assert evidence.verify(item, actor=on_it) == "match"


def test_a_later_version_changes_nothing_about_the_one_that_was_recorded(
    s3: Any, incident: Incident, on_it: Actor
) -> None:
    item = elsewhere.leave(incident, ADDRESS, actor=on_it, read=True)
    s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"newer")
    assert evidence.verify(item, actor=on_it) == "match"
    s3.delete_object(Bucket=BUCKET, Key=KEY, VersionId=described(item)["version"], BypassGovernanceRetention=True)
    found = evidence.check(item, actor=on_it)
    assert (found.result, "There is no" in found.reason) == ("could-not-check", True)


def test_without_versions_other_bytes_are_a_mismatch(s3: Any, incident: Incident, on_it: Actor) -> None:
    s3.create_bucket(Bucket="no-versions", CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    s3.put_object(Bucket="no-versions", Key="k", Body=b"before")
    item = elsewhere.leave(incident, "s3://no-versions/k", actor=on_it, read=True)
    s3.put_object(Bucket="no-versions", Key="k", Body=b"after!")
    assert evidence.verify(item, actor=on_it) == "mismatch"


def test_what_was_never_read_is_never_called_the_same(s3: Any, incident: Incident, on_it: Actor) -> None:
    item = elsewhere.leave(incident, ADDRESS, actor=on_it)
    assert described(item)["sha256"] == ""
    found = evidence.check(item, actor=on_it)
    assert (found.result, "never read" in found.reason) == ("could-not-check", True)


def test_what_is_not_there_is_not_recorded(s3: Any, incident: Incident, on_it: Actor, off_it: Actor) -> None:
    for address in (f"s3://{BUCKET}/gone", "s3://no-such-bucket-here/x", "https://example.org/x", "s3://only-a-bucket"):
        with pytest.raises(Refused):
            elsewhere.leave(incident, address, actor=on_it)
    with pytest.raises(Refused, match="may not"):
        elsewhere.leave(incident, ADDRESS, actor=off_it)
    assert not Item.objects.exists()


def test_a_receipt_of_an_action_is_checked_as_before(incident: Incident, on_it: Actor) -> None:
    item = evidence.seal_bytes(incident, b"{}", actor=on_it, title="x", kind="receipt", held_at="snap-1")
    assert evidence.verify(item, actor=on_it) == "match"
