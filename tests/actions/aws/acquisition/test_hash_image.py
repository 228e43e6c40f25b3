"""The hash of a whole image through the EBS direct APIs."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import Any

import msgspec
import pytest

from actions.account import ACCOUNT, BUCKET, REGION, Cloud, stored
from actions.worlds import DyingRecorder, Killed, WatchedWorld
from hikeshi.actions.aws.acquisition import hash_image, hash_manifest, snapshot_blocks
from hikeshi.actions.aws.acquisition.hash_image import HashImage
from hikeshi.actions.aws.acquisition.snapshot_set import SnapshotSet
from hikeshi.errors import Failed, Refused
from hikeshi.hash_tree import Roots, leaf_hash
from hikeshi.simulation import blocks

BLOCKS = 64


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """A "GiB" of 64 blocks: the same code on images of 32 MiB, in parts of 16 blocks."""
    monkeypatch.setattr(snapshot_blocks, "GIBIBYTE", BLOCKS * blocks.BLOCK)
    monkeypatch.setattr(blocks, "BLOCKS_A_GIBIBYTE", BLOCKS)
    monkeypatch.setattr(hash_manifest, "PART_BLOCKS", 16)
    monkeypatch.setattr(hash_image, "PART_BLOCKS", 16)


@pytest.fixture
def s3(cloud: Cloud) -> Any:
    return cloud.bucket()


def snapshot(cloud: Cloud) -> tuple[str, str]:
    volume = cloud.ec2.create_volume(Size=1, AvailabilityZone=f"{REGION}a")["VolumeId"]
    return volume, cloud.ec2.create_snapshot(VolumeId=volume)["SnapshotId"]


def image_of(volume: str) -> list[bytes]:
    """The image, made without any of the code under test."""
    there = set(blocks.image_blocks(volume, 1))
    return [blocks.image_block(volume, index) if index in there else bytes(blocks.BLOCK) for index in range(BLOCKS)]


def root_of(image: list[bytes]) -> str:
    tree = Roots()
    for block in image:
        tree.add(leaf_hash(hashlib.sha256(block).digest()))
    return tree.root().hex()


def test_the_hash_is_that_of_the_whole_image_zeros_included(cloud: Cloud, world: WatchedWorld, s3: Any) -> None:
    volume, name = snapshot(cloud)
    action = HashImage(evidence_of=name)
    plan = stored(action.plan(world))
    done = action.do(world, plan)
    image = image_of(volume)
    [record] = done.observed["images"]
    assert (done.outcome, done.grade) == ("done", "effect-proven")
    assert record["sha256"] == hashlib.sha256(b"".join(image)).hexdigest()
    assert record["merkle_root"] == root_of(image)
    assert (record["blocks"], record["present"]) == (BLOCKS, blocks.PRESENT)
    assert record["sha256"] in done.summary.ja
    assert action.check(cloud.world(), plan).outcome == "already-done"
    assert action.do(cloud.world(), plan).held_at == done.held_at


def test_the_manifest_has_every_block_and_its_parts_are_chained(cloud: Cloud, world: WatchedWorld, s3: Any) -> None:
    volume, name = snapshot(cloud)
    action = HashImage(evidence_of=name)
    action.do(world, action.plan(world))
    folder = f"hikeshi/{world.incident}/{world.step}/ebs-{name}"
    parts = [s3.get_object(Bucket=BUCKET, Key=f"{folder}/blocks-{n:06d}.txt")["Body"].read() for n in range(4)]
    told = dict(line.split() for part in parts for line in part.decode().splitlines()[1:])
    assert told == {
        str(index): hashlib.sha256(blocks.image_block(volume, index)).hexdigest()
        for index in blocks.image_blocks(volume, 1)
    }
    headers = [msgspec.json.decode(part.partition(b"\n")[0]) for part in parts]
    assert [one["previous"] for one in headers] == ["", *(hashlib.sha256(part).hexdigest() for part in parts[:-1])]


def test_a_worker_that_dies_anywhere_is_carried_on_without_reading_again(cloud: Cloud, s3: Any) -> None:
    volume, name = snapshot(cloud)
    action = HashImage(evidence_of=name)
    plan = action.plan(cloud.world())
    for sent in (True, False):
        for call in range(1, 7):
            with suppress(Killed):
                action.do(cloud.world(record=DyingRecorder(1 if sent else call, sent=sent)), plan)
    told = action.do(cloud.world(), plan)
    assert told.observed["images"][0]["sha256"] == hashlib.sha256(b"".join(image_of(volume))).hexdigest()


def test_a_long_hash_is_pending_and_each_turn_goes_on(
    cloud: Cloud, world: WatchedWorld, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hash_image, "SLICE_SECONDS", 0.0)
    volume, name = snapshot(cloud)
    action = HashImage(evidence_of=name)
    plan = action.plan(world)
    turns = [action.do(world, plan), *(action.check(cloud.world(), plan) for _ in range(3))]
    assert [turn.outcome for turn in turns] == ["pending", "pending", "pending", "done"]
    assert "25%" in turns[0].summary.en
    assert turns[-1].observed["images"][0]["merkle_root"] == root_of(image_of(volume))


def test_a_pending_snapshot_is_waited_for(cloud: Cloud, world: WatchedWorld, s3: Any) -> None:
    from moto.ec2.models import ec2_backends  # moto cannot make one over HTTP

    _, name = snapshot(cloud)
    kept = ec2_backends[ACCOUNT][REGION].snapshots[name]
    kept.status = "pending"
    action = HashImage(evidence_of=name)
    plan = action.plan(world)
    assert "still being copied" in plan.warnings[0].en
    assert action.do(world, plan).outcome == "pending"
    kept.status = "completed"
    assert action.check(cloud.world(), plan).outcome == "done"


def test_nothing_is_hashed_by_looking(cloud: Cloud, world: WatchedWorld, s3: Any) -> None:
    action = HashImage(evidence_of=snapshot(cloud)[1])
    assert (action.check(world, action.plan(world)).outcome, world.sent) == ("failed", [])


def test_a_block_that_does_not_match_its_checksum_is_never_hashed(
    cloud: Cloud, world: WatchedWorld, s3: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    action = HashImage(evidence_of=snapshot(cloud)[1])
    plan = action.plan(world)
    monkeypatch.setattr(blocks, "hashlib", type("wrong", (), {"sha256": lambda _: hashlib.sha256(b"other")}))
    with pytest.raises(Failed, match="does not match the checksum") as failed:
        action.do(world, plan)
    assert not failed.value.permanent


def test_a_manifest_that_was_altered_afterwards_is_noticed(cloud: Cloud, world: WatchedWorld, s3: Any) -> None:
    _, name = snapshot(cloud)
    action = HashImage(evidence_of=name)
    plan = action.plan(world)
    action.do(world, plan)
    key = f"hikeshi/{world.incident}/{world.step}/ebs-{name}/blocks-000003.txt"
    body = s3.get_object(Bucket=BUCKET, Key=key)["Body"].read()
    s3.put_object(Bucket=BUCKET, Key=key, Body=body + b"63 00\n")
    seen = action.check(cloud.world(), plan)
    assert (seen.outcome, seen.grade) == ("failed", "none")
    assert "not the one" in seen.still_open[0].en


def test_all_snapshots_that_the_incident_has_of_an_instance(cloud: Cloud, world: WatchedWorld, s3: Any) -> None:
    machine = cloud.machine(1)
    taken = SnapshotSet(instance_id=machine.id)
    taken.do(world, taken.plan(world))
    tags = [{"Key": "hikeshi:incident", "Value": world.incident}, {"Key": "hikeshi:evidence", "Value": machine.id}]
    cloud.ec2.create_tags(Resources=[snapshot(cloud)[1]], Tags=tags)  # of a volume that is not the instance's
    own = [one["SnapshotId"] for one in cloud.snapshots_of(world.step)]
    assert list(HashImage(evidence_of=machine.id).plan(world).before["snapshots"]) == own


def test_without_a_bucket_or_a_snapshot_there_is_no_plan(cloud: Cloud, world: WatchedWorld) -> None:
    with pytest.raises(Refused, match="no snapshot"):
        HashImage(evidence_of="snap-0123456789abcdef0").plan(world)
    with pytest.raises(Refused, match="has no snapshot of"):
        HashImage(evidence_of=cloud.machine(1).id).plan(world)
    world.settings = msgspec.structs.replace(world.settings, evidence_bucket="")
    with pytest.raises(Refused, match="no evidence bucket"):
        HashImage(evidence_of="snap-0123456789abcdef0").plan(world)
