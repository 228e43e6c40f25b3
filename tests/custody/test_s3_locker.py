"""The locker in S3, on a real server of moto's: versioned, locked, and nothing half sealed whatever breaks."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import pytest

from hikeshi.aws.clients import client
from hikeshi.aws.failures import CallFailed
from hikeshi.custody import s3_parts
from hikeshi.custody.encryption import Keys, make_key
from hikeshi.custody.locker import Locker
from hikeshi.custody.s3_bucket import ATTEMPTS, SECONDS
from hikeshi.custody.s3_locker import S3Locker
from hikeshi.custody.s3_place import Place
from hikeshi.errors import Failed, Refused
from hikeshi.simulation.cloud import SimulatedCloud
from hikeshi.simulation.faults import Fault
from simulated import cloud

__all__ = ["cloud"]
MEBIBYTE = 1024 * 1024
BUCKET = "evidence-of-tests"


def bucket(cloud: SimulatedCloud, name: str, *, lock: bool) -> None:
    where = {"LocationConstraint": "ap-northeast-1"}
    cloud.client("s3").create_bucket(Bucket=name, ObjectLockEnabledForBucket=lock, CreateBucketConfiguration=where)


@pytest.fixture
def place(cloud: SimulatedCloud) -> Place:
    cloud.reset()
    bucket(cloud, BUCKET, lock=True)
    return Place(
        bucket=BUCKET, prefix="locker", region="ap-northeast-1", endpoint_url=cloud.endpoint_url,
        mode="governance", days=30,
    )  # fmt: skip


@pytest.fixture
def box(place: Place, tmp_path: Path) -> S3Locker:
    return S3Locker(place, tmp_path / "staging", encrypt=False)


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(s3_parts, "PART", 5 * MEBIBYTE)


def staged(box: S3Locker) -> list[Path]:
    return [path for path in box.root.rglob("*") if path.is_file() and path.name != "recipients"]


def objects(cloud: SimulatedCloud) -> list[str]:
    found = cloud.client("s3").list_objects_v2(Bucket=BUCKET).get("Contents", ())
    return [one["Key"] for one in found]


def key_of(sha256: str, ending: str = "") -> str:
    return f"locker/{sha256[:2]}/{sha256[2:4]}/{sha256}{ending}"


def test_bytes_are_an_object_under_their_hash_versioned_and_locked(box: S3Locker, cloud: SimulatedCloud) -> None:
    sealed = box.seal(BytesIO(b"memory"))
    said = cloud.client("s3").head_object(Bucket=BUCKET, Key=key_of(sealed.sha256))
    assert said["ObjectLockMode"] == "GOVERNANCE"
    assert said["ObjectLockRetainUntilDate"] > datetime.now(UTC) + timedelta(days=29)
    assert said["VersionId"] in sealed.lock_proof
    assert "GOVERNANCE until" in sealed.lock_proof
    assert box.address(sealed.sha256) == f"s3://{BUCKET}/{key_of(sealed.sha256)}"
    with box.open(sealed.sha256) as stream:
        assert stream.read() == b"memory"
    assert box.verify(sealed.sha256) == "match"
    assert staged(box) == []


def test_the_same_bytes_are_sent_once(box: S3Locker, cloud: SimulatedCloud) -> None:
    assert box.seal(BytesIO(b"twice")) == box.seal(BytesIO(b"twice"))
    versions = cloud.client("s3").list_object_versions(Bucket=BUCKET)["Versions"]
    assert len(versions) == 1


def test_large_files_go_in_parts(box: S3Locker, tmp_path: Path, small_parts: None) -> None:
    (tmp_path / "disk.img").write_bytes(os.urandom(12 * MEBIBYTE + 17))
    sealed = box.seal(tmp_path / "disk.img")
    assert (sealed.size, sealed.source_changed) == (12 * MEBIBYTE + 17, False)
    assert "GOVERNANCE until" in sealed.lock_proof
    assert box.verify(sealed.sha256) == "match"
    assert box.seal(tmp_path / "disk.img") == sealed
    assert staged(box) == []


def test_a_folder_becomes_objects_and_a_manifest(box: S3Locker, cloud: SimulatedCloud, tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    for name in ("a", "b"):
        (tmp_path / "logs" / name).write_text(name)
    sealed, manifest = box.seal_tree(tmp_path / "logs")
    assert sorted(objects(cloud)) == sorted(
        key_of(sha256) for sha256 in (sealed.sha256, *(one.sha256 for one in manifest.entries))
    )


def test_what_is_encrypted_leaves_this_machine_encrypted(place: Place, cloud: SimulatedCloud, tmp_path: Path) -> None:
    make_key(tmp_path / "key")
    keys = Keys(tmp_path / "key")
    box = S3Locker(place, tmp_path / "staging", keys, encrypt=True)
    sealed = box.seal(BytesIO(b"secret" * 1000))
    body = cloud.client("s3").get_object(Bucket=BUCKET, Key=key_of(sealed.sha256, ".age"))["Body"].read()
    assert body.startswith(b"age-encryption.org/v1")
    assert box.verify(sealed.sha256) == "match"
    with box.open(sealed.sha256) as stream:
        assert stream.read() == b"secret" * 1000
    assert box.seal(BytesIO(b"secret" * 1000)).lock_proof == sealed.lock_proof
    without = S3Locker(place, tmp_path / "staging", encrypt=False)
    assert "no key is configured" in without.check(sealed.sha256).reason
    make_key(tmp_path / "other")
    wrong = S3Locker(place, tmp_path / "staging", Keys(tmp_path / "other"), encrypt=True)
    assert wrong.verify(sealed.sha256) == "could-not-check"
    with box.plain([sealed.sha256]) as files:
        assert files[sealed.sha256].read_bytes() == b"secret" * 1000


def test_each_bit_that_flips_is_found(place: Place, cloud: SimulatedCloud, tmp_path: Path) -> None:
    make_key(tmp_path / "key")
    box = S3Locker(place, tmp_path / "staging", Keys(tmp_path / "key"), encrypt=True)
    sealed, s3 = box.seal(BytesIO(b"x")), cloud.client("s3")
    key = key_of(sealed.sha256, ".age")
    content = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    for bit in range(0, len(content) * 8, 61):
        flipped = bytearray(content)
        flipped[bit // 8] ^= 1 << bit % 8
        s3.put_object(Bucket=BUCKET, Key=key, Body=bytes(flipped))
        assert box.verify(sealed.sha256) == "mismatch", f"bit {bit}"


def test_what_was_written_over_or_hidden_is_told_and_never_taken_for_sealed(
    box: S3Locker, cloud: SimulatedCloud
) -> None:
    sealed, s3 = box.seal(BytesIO(b"original")), cloud.client("s3")
    s3.put_object(Bucket=BUCKET, Key=key_of(sealed.sha256), Body=b"0riginal")
    assert box.verify(sealed.sha256) == "mismatch"
    with pytest.raises(Failed, match="not as it was sealed"):
        box.seal(BytesIO(b"original"))
    s3.delete_object(Bucket=BUCKET, Key=key_of(sealed.sha256))
    assert box.verify(sealed.sha256) == "could-not-check"
    with pytest.raises(Refused, match="does not hold"):
        box.open(sealed.sha256)


def test_a_bucket_that_does_not_keep_things_is_refused_with_what_to_do(
    place: Place, cloud: SimulatedCloud, tmp_path: Path
) -> None:
    bucket(cloud, "plain-bucket", lock=False)
    plain = msgspec.structs.replace(place, bucket="plain-bucket")
    with pytest.raises(Refused, match="keeps no versions") as problem:
        S3Locker(plain, tmp_path / "s", encrypt=False).seal(BytesIO(b"x"))
    assert "put-bucket-versioning" in problem.value.hint
    cloud.client("s3").put_bucket_versioning(Bucket="plain-bucket", VersioningConfiguration={"Status": "Enabled"})
    with pytest.raises(Refused, match="has no Object Lock") as problem:
        S3Locker(plain, tmp_path / "s", encrypt=False).seal(BytesIO(b"x"))
    assert "put-object-lock-configuration" in problem.value.hint
    unlocked = S3Locker(msgspec.structs.replace(plain, mode=""), tmp_path / "s", encrypt=False)
    assert unlocked.seal(BytesIO(b"x")).lock_proof.endswith("not locked")
    gone = S3Locker(msgspec.structs.replace(place, bucket="no-such-bucket"), tmp_path / "s", encrypt=False)
    with pytest.raises(Refused, match="There is no bucket"):
        gone.seal(BytesIO(b"x"))
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_lock_is_lengthened_when_more_is_asked_for_and_never_weakened(place: Place, tmp_path: Path) -> None:
    def seal(mode: str, days: int) -> str:
        asked = msgspec.structs.replace(place, mode=mode, days=days)
        return S3Locker(asked, tmp_path / "s", encrypt=False).seal(BytesIO(b"kept")).lock_proof

    proofs = [seal("governance", 10), seal("governance", 100), seal("compliance", 50), seal("governance", 1)]
    until = [datetime.fromisoformat(proof.rpartition(" ")[2]) for proof in proofs]
    assert until[0] < until[1] == until[2] == until[3]
    assert ["COMPLIANCE" in proof for proof in proofs] == [False, False, True, True]


def test_a_locked_object_cannot_be_taken_out_before_its_time(box: S3Locker, place: Place, tmp_path: Path) -> None:
    sealed = box.seal(BytesIO(b"kept"))
    with pytest.raises(Refused, match="Object Lock keeps it"):
        box.remove(sealed.sha256)
    free = S3Locker(msgspec.structs.replace(place, mode=""), tmp_path / "s", encrypt=False)
    other = free.seal(BytesIO(b"free"))
    assert free.remove(other.sha256)
    assert not free.remove(other.sha256)
    assert free.verify(other.sha256) == "could-not-check"


@pytest.mark.parametrize("error", ["denied", "500"])
def test_refused_or_broken_writes_leave_nothing_sealed_and_go_on_later(
    box: S3Locker, cloud: SimulatedCloud, error: Any
) -> None:
    cloud.switch([Fault(service="s3", operation="PUT", error=error, times=99)])
    with pytest.raises(CallFailed, match="s3:PutObject") as problem:
        box.seal(BytesIO(b"memory"))
    assert "Nothing was half sealed" in problem.value.hint
    cloud.switch([])
    assert objects(cloud) == []
    assert box.verify(hashlib.sha256(b"memory").hexdigest()) == "could-not-check"
    assert box.verify(box.seal(BytesIO(b"memory")).sha256) == "match"


def test_an_answer_that_is_lost_after_the_bytes_arrived_is_no_failure(box: S3Locker, cloud: SimulatedCloud) -> None:
    cloud.switch([Fault(service="s3", operation="PUT", error="timeout", times=ATTEMPTS)])
    sealed = box.seal(BytesIO(b"memory"))
    cloud.switch([])
    assert box.verify(sealed.sha256) == "match"
    assert staged(box) == []


def test_an_unreachable_s3_could_not_be_checked(place: Place, tmp_path: Path) -> None:
    away = msgspec.structs.replace(place, endpoint_url="http://127.0.0.1:9")
    found = S3Locker(away, tmp_path / "s", encrypt=False).check("0" * 64)
    assert (found.result, "network" in found.reason) == ("could-not-check", True)


def test_what_was_sealed_before_is_read_from_where_it_is(place: Place, tmp_path: Path) -> None:
    earlier = Locker(tmp_path / "locker")
    sealed = earlier.seal(BytesIO(b"before"))
    box = S3Locker(place, tmp_path / "staging", encrypt=False, earlier=earlier)
    assert box.verify(sealed.sha256) == "match"
    assert box.address(sealed.sha256) == str(sealed.path)
    with box.open(sealed.sha256) as stream:
        assert stream.read() == b"before"


def test_trying_the_right_to_write_leaves_nothing(box: S3Locker, cloud: SimulatedCloud) -> None:
    box.bucket.try_writing()
    assert objects(cloud) == []
    cloud.switch([Fault(service="s3", operation="POST", error="denied", times=9)])
    with pytest.raises(CallFailed, match="not permitted"):
        box.bucket.try_writing()
    cloud.switch([])


SEAL = """
import sys
from pathlib import Path
import msgspec
from hikeshi.custody import s3_parts
from hikeshi.custody.s3_locker import S3Locker
from hikeshi.custody.s3_place import Place
s3_parts.PART = 5 * 1024 * 1024
S3Locker(msgspec.json.decode(sys.argv[1], type=Place), Path(sys.argv[2]), encrypt=False).seal(Path(sys.argv[3]))
"""


def test_kill_9_in_the_middle_of_an_upload_leaves_nothing_sealed_and_the_next_run_finishes(
    box: S3Locker, cloud: SimulatedCloud, tmp_path: Path, small_parts: None
) -> None:
    source = tmp_path / "disk.img"
    source.write_bytes(os.urandom(32 * MEBIBYTE))
    sha256 = hashlib.sha256(source.read_bytes()).hexdigest()
    cloud.switch([Fault(service="s3", operation="PUT", seconds=0.3, times=99)])
    command = [sys.executable, "-c", SEAL, msgspec.json.encode(box.place).decode(), str(box.root), str(source)]
    s3, arrived = cloud.client("s3"), 0
    with subprocess.Popen(command) as child:
        while not arrived and child.poll() is None:
            time.sleep(0.05)
            for upload in s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads", ()):
                names = {"Bucket": BUCKET, "Key": upload["Key"], "UploadId": upload["UploadId"]}
                arrived = len(s3.list_parts(**names).get("Parts", ()))
        child.send_signal(signal.SIGKILL)
    cloud.switch([])
    assert 0 < arrived < 7
    assert objects(cloud) == []
    assert box.verify(sha256) == "could-not-check"
    sent: list[Any] = []
    ours = client("s3", box.place.region, box.place.endpoint_url, SECONDS, attempts=ATTEMPTS)
    ours.meta.events.register("before-call.s3.UploadPart", lambda **said: sent.append(said))
    sealed = box.seal(source)
    assert (sealed.sha256, box.verify(sha256)) == (sha256, "match")
    assert 0 < len(sent) <= 7 - arrived  # the parts that had arrived were not sent again
    assert not s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads")
    assert staged(box) == []


def test_what_nobody_went_on_with_is_swept_after_a_day(box: S3Locker, cloud: SimulatedCloud) -> None:
    left = box.path("0" * 64)
    left.parent.mkdir(parents=True)
    left.write_bytes(b"left")
    cloud.client("s3").create_multipart_upload(Bucket=BUCKET, Key="locker/00/00/left")  # moto says it is from 2010
    assert box.sweep() == 1
    os.utime(left, (0, 0))
    assert box.sweep() == 1
    assert not left.exists()
