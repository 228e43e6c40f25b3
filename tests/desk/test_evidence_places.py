"""Evidence in S3 and encrypted: sealed, checked and read by the same verbs as in a folder."""

from __future__ import annotations

import hashlib
from pathlib import Path

import msgspec
import pytest
from pytest_django import Settings

from hikeshi.custody.encryption import make_key
from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence import verbs as evidence
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.timelines import verbs as timelines
from hikeshi.doors.cli import health_desk
from hikeshi.errors import Refused
from hikeshi.simulation.cloud import SimulatedCloud

pytestmark = pytest.mark.django_db
SAMPLE = Path(__file__).parents[1] / "samples" / "cloudtrail" / "s3.json"
BUCKET = "locker-of-the-desk"


@pytest.fixture
def in_s3(cloud: SimulatedCloud, settings: Settings, tmp_path: Path) -> None:
    """Evidence goes to a bucket under lock, encrypted."""
    cloud.reset()
    cloud.client("s3").create_bucket(
        Bucket=BUCKET,
        ObjectLockEnabledForBucket=True,
        CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"},
    )
    make_key(tmp_path / "locker.key")
    settings.ENVIRONMENT = msgspec.structs.replace(
        settings.ENVIRONMENT, home=tmp_path / "home", aws_endpoint_url=cloud.endpoint_url, locker=f"s3://{BUCKET}/cases",
        locker_lock=("compliance", 365), locker_key=tmp_path / "locker.key",
    )  # fmt: skip


@pytest.mark.usefixtures("in_s3")
def test_an_item_says_what_s3_says_of_keeping_it(incident: Incident, on_it: Actor) -> None:
    item = evidence.seal_bytes(incident, b"memory", actor=on_it, title="a file", kind="file")
    assert item.lock_proof.startswith(f"s3://{BUCKET}/cases/")
    assert "COMPLIANCE until" in item.lock_proof
    line = evidence.custody(item)[0].data
    assert item.lock_proof in line
    assert '"encrypted":true' in line
    assert evidence.verify(item, actor=on_it) == "match"
    with evidence.hand_out(item, actor=on_it) as stream:
        assert stream.read() == b"memory"


@pytest.mark.usefixtures("in_s3")
def test_a_timeline_reads_what_is_encrypted_in_s3_and_leaves_nothing_plain(
    incident: Incident, on_it: Actor, tmp_path: Path
) -> None:
    item = evidence.seal_files(incident, [SAMPLE], actor=on_it, title="logs", kind="logs")
    timeline = timelines.ask(incident, "main", [item], actor=on_it, now=True)
    built = timelines.build(timeline, actor=on_it)
    assert built.report["events"] > 0
    plain = SAMPLE.read_bytes()
    home = tmp_path / "home"
    left = [path for path in home.rglob("*") if path.is_file() and path.read_bytes() == plain]
    assert left == []


@pytest.mark.usefixtures("in_s3")
def test_the_doctor_tries_to_write_there(settings: Settings) -> None:
    assert health_desk.locker_place().state == "ok"
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, locker_lock=None)
    assert health_desk.locker_place().state == "part"
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, locker="s3://no-such-bucket")
    with pytest.raises(Refused, match="There is no bucket"):
        health_desk.locker_place()


def test_what_was_sealed_before_a_key_and_a_bucket_is_still_read(
    incident: Incident, on_it: Actor, request: pytest.FixtureRequest, settings: Settings, tmp_path: Path
) -> None:
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, home=tmp_path / "home")
    item = evidence.seal_bytes(incident, b"before", actor=on_it, title="a file", kind="file")
    request.getfixturevalue("in_s3")
    assert evidence.verify(item, actor=on_it) == "match"
    assert item.sha256 == hashlib.sha256(b"before").hexdigest()
