"""The account: everything the scene names exists, and is set up with the traps real accounts have."""

from __future__ import annotations

import json

import pytest

from hikeshi.simulation import cast
from hikeshi.simulation.cloud import SimulatedCloud
from hikeshi.simulation.scene import Scene
from hikeshi.simulation.story import build_account, finding, send


@pytest.fixture(scope="module")
def cloud(running: SimulatedCloud) -> SimulatedCloud:
    """One account for all tests here: they only look, and one sends a message."""
    running.reset()
    return running


@pytest.fixture(scope="module")
def scene(cloud: SimulatedCloud) -> Scene:
    return build_account(cloud)


def test_the_victim_stands_in_the_account_as_the_scene_says(cloud: SimulatedCloud, scene: Scene) -> None:
    [reservation] = cloud.client("ec2").describe_instances(InstanceIds=[scene.instance_id])["Reservations"]
    [instance] = reservation["Instances"]
    assert instance["State"]["Name"] == "running"
    assert instance["VpcId"] == scene.vpc
    assert instance["PublicIpAddress"] == scene.public_address
    assert instance["IamInstanceProfile"]["Arn"] == scene.profile_arn
    shown = {one["NetworkInterfaceId"]: one for one in instance["NetworkInterfaces"]}
    assert tuple(shown) == scene.interface_ids
    assert tuple(one["PrivateIpAddress"] for one in shown.values()) == scene.private_addresses
    assert {
        key: tuple(group["GroupId"] for group in one["Groups"]) for key, one in shown.items()
    } == scene.original_groups
    assert all(one["Ipv6Addresses"] for one in shown.values())


def test_the_two_interfaces_share_no_group(scene: Scene) -> None:
    front, back = scene.original_groups.values()
    assert not set(front) & set(back)
    assert len(front) == 2


def test_the_volumes_are_attached_to_the_victim(cloud: SimulatedCloud, scene: Scene) -> None:
    volumes = cloud.client("ec2").describe_volumes(VolumeIds=list(scene.volume_ids))["Volumes"]
    assert {volume["Attachments"][0]["InstanceId"] for volume in volumes} == {scene.instance_id}
    assert {volume["Encrypted"] for volume in volumes} == {True, False}


def test_the_root_volume_would_die_with_the_instance(cloud: SimulatedCloud, scene: Scene) -> None:
    [reservation] = cloud.client("ec2").describe_instances(InstanceIds=[scene.instance_id])["Reservations"]
    mapped = {
        one["DeviceName"]: one["Ebs"]["DeleteOnTermination"]
        for one in reservation["Instances"][0]["BlockDeviceMappings"]
    }
    assert mapped == {"/dev/xvda": True, "/dev/sdf": False}


def test_bystanders_run_beside_it(cloud: SimulatedCloud, scene: Scene) -> None:
    ids = [machine.id for machine in scene.bystanders]
    found = cloud.client("ec2").describe_instances(InstanceIds=ids)["Reservations"]
    assert len(found) == len(ids) == 2


def test_the_role_is_the_one_the_profile_carries(cloud: SimulatedCloud, scene: Scene) -> None:
    profile = cloud.client("iam").get_instance_profile(InstanceProfileName=scene.role)["InstanceProfile"]
    assert profile["Roles"][0]["RoleId"] == scene.role_id


def test_the_queue_has_a_dead_letter_queue(cloud: SimulatedCloud, scene: Scene) -> None:
    sqs = cloud.client("sqs")
    asked = sqs.get_queue_attributes(QueueUrl=scene.queue_url, AttributeNames=["RedrivePolicy"])
    dead = sqs.get_queue_attributes(QueueUrl=scene.dead_letter_url, AttributeNames=["QueueArn"])
    policy = json.loads(asked["Attributes"]["RedrivePolicy"])
    assert policy["deadLetterTargetArn"] == dead["Attributes"]["QueueArn"]


def test_the_evidence_bucket_can_lock_objects(cloud: SimulatedCloud, scene: Scene) -> None:
    shown = cloud.client("s3").get_object_lock_configuration(Bucket=scene.evidence_bucket)
    assert shown["ObjectLockConfiguration"]["ObjectLockEnabled"] == "Enabled"


def test_a_finding_sent_is_the_finding_received(cloud: SimulatedCloud, scene: Scene) -> None:
    body = finding(scene)
    send(cloud, scene, body)
    [message] = cloud.client("sqs").receive_message(QueueUrl=scene.queue_url)["Messages"]
    assert message["Body"].encode() == body


def test_everything_is_in_the_made_up_account(scene: Scene) -> None:
    assert scene.account == cast.ACCOUNT
    assert scene.profile_arn.split(":")[4] == cast.ACCOUNT


def test_an_instance_that_is_not_in_the_scene_has_no_machine(scene: Scene) -> None:
    with pytest.raises(KeyError):
        scene.machine("i-00000000000000000")
