"""The simulated agent over real HTTP: it refuses, waits, uploads and fails as a real one does."""

from __future__ import annotations

import hashlib
import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from hikeshi.simulation.agent import ScriptEnded, run_script
from hikeshi.simulation.cloud import SimulatedCloud
from hikeshi.simulation.memory import MARK, image_of
from hikeshi.simulation.story import IMAGE

BUCKET, KEY = "evidence", "memory/image"
PART = 5 * 2**20  # the least S3 takes for a part that is not the last
OVER = {"Success", "Failed", "Cancelled"}


def start(cloud: SimulatedCloud, **tags: str) -> str:
    shown = [{"Key": key.replace("_", ":"), "Value": value} for key, value in tags.items()]
    wanted = [{"ResourceType": "instance", "Tags": shown}] if shown else []
    made = cloud.client("ec2").run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1, TagSpecifications=wanted)
    return str(made["Instances"][0]["InstanceId"])


def command(cloud: SimulatedCloud, instance: str, *lines: str) -> str:
    sent = cloud.client("ssm").send_command(
        InstanceIds=[instance], DocumentName="AWS-RunShellScript", Parameters={"commands": list(lines)}
    )
    assert sent["Command"]["Status"] == "Pending"
    return str(sent["Command"]["CommandId"])


def invocation(cloud: SimulatedCloud, command_id: str, instance: str) -> dict[str, Any]:
    """The invocation when it is over."""
    ssm, deadline = cloud.client("ssm"), time.monotonic() + 30
    while time.monotonic() < deadline:
        shown: dict[str, Any] = ssm.get_command_invocation(CommandId=command_id, InstanceId=instance)
        if shown["Status"] in OVER:
            return shown
    raise AssertionError("the command is not over after 30 seconds")


def upload(cloud: SimulatedCloud, parts: int, part_bytes: int = PART) -> tuple[str, str]:
    """A multipart upload with a stored list of its presigned part URLs: (upload id, URL of the list)."""
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-1"})
    upload_id = s3.create_multipart_upload(Bucket=BUCKET, Key=KEY)["UploadId"]
    where = {"Bucket": BUCKET, "Key": KEY, "UploadId": upload_id}
    urls = [s3.generate_presigned_url("upload_part", Params={**where, "PartNumber": n + 1}) for n in range(parts)]
    s3.put_object(Bucket=BUCKET, Key="list", Body=json.dumps({"parts": urls, "part_bytes": part_bytes}))
    return upload_id, s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": "list"})


def test_the_memory_script_uploads_an_image_and_reports_its_hashes(cloud: SimulatedCloud) -> None:
    instance = start(cloud)
    upload_id, url = upload(cloud, parts=2)
    shown = invocation(
        cloud, command(cloud, instance, "#!/bin/sh", f"# hikeshi-memory list={url}", "set -eu"), instance
    )
    assert (shown["Status"], shown["ResponseCode"]) == ("Success", 0)
    told = json.loads(shown["StandardOutputContent"])
    assert set(told) == {"tool", "tool_sha256", "bytes", "sha256", "parts", "kernel"}
    s3 = cloud.client("s3")
    parts = [{"PartNumber": part["number"], "ETag": part["etag"]} for part in told["parts"]]
    s3.complete_multipart_upload(Bucket=BUCKET, Key=KEY, UploadId=upload_id, MultipartUpload={"Parts": parts})
    stored = s3.get_object(Bucket=BUCKET, Key=KEY)["Body"].read()
    assert stored.startswith(MARK)
    assert told["bytes"] == len(stored)
    assert told["sha256"] == hashlib.sha256(stored).hexdigest()


def test_a_small_part_size_makes_many_parts(cloud: SimulatedCloud) -> None:
    instance = start(cloud)
    _, url = upload(cloud, parts=5, part_bytes=400_000)
    shown = invocation(cloud, command(cloud, instance, f"# hikeshi-memory list={url}"), instance)
    parts = json.loads(shown["StandardOutputContent"])["parts"]
    assert [part["number"] for part in parts] == [1, 2, 3, 4]
    chunks = [image_of(instance)[start : start + 400_000] for start in range(0, 1_600_000, 400_000)]
    assert [part["etag"] for part in parts] == [hashlib.md5(chunk).hexdigest() for chunk in chunks]


def test_an_image_larger_than_planned_fails_as_the_real_script_does(cloud: SimulatedCloud) -> None:
    instance = start(cloud)
    _, url = upload(cloud, parts=1, part_bytes=1000)
    shown = invocation(cloud, command(cloud, instance, f"# hikeshi-memory list={url}"), instance)
    assert (shown["Status"], shown["ResponseCode"], shown["StandardOutputContent"]) == ("Failed", 5, "")
    assert "larger than planned" in shown["StandardErrorContent"]


@pytest.mark.parametrize("list_key", ["missing", "damaged"])
def test_a_list_that_cannot_be_used_fails(cloud: SimulatedCloud, list_key: str) -> None:
    instance = start(cloud)
    upload(cloud, parts=1)
    s3 = cloud.client("s3")
    s3.put_object(Bucket=BUCKET, Key="damaged", Body=b'{"parts": "no list", "part_bytes": 0}')
    url = s3.generate_presigned_url("get_object", Params={"Bucket": BUCKET, "Key": list_key})
    shown = invocation(cloud, command(cloud, instance, f"# hikeshi-memory list={url}"), instance)
    assert (shown["Status"], shown["ResponseCode"]) == ("Failed", 8)


def test_a_part_that_is_not_taken_fails(cloud: SimulatedCloud) -> None:
    instance = start(cloud)
    upload_id, url = upload(cloud, parts=1)
    cloud.client("s3").abort_multipart_upload(Bucket=BUCKET, Key=KEY, UploadId=upload_id)
    shown = invocation(cloud, command(cloud, instance, f"# hikeshi-memory list={url}"), instance)
    assert (shown["Status"], shown["ResponseCode"]) == ("Failed", 6)


def test_no_address_at_all_ends_the_script() -> None:
    with pytest.raises(ScriptEnded) as ended:
        run_script("# hikeshi-memory list=@LIST@", "i-00000000000000001")
    assert ended.value.code == 8


def test_another_command_succeeds_without_output(cloud: SimulatedCloud) -> None:
    instance = start(cloud)
    shown = invocation(cloud, command(cloud, instance, "uname -r"), instance)
    assert (shown["Status"], shown["StandardOutputContent"]) == ("Success", "")


def test_the_marker_counts_only_on_a_line_of_its_own() -> None:
    assert run_script("echo '# hikeshi-memory list=http://127.0.0.1:9/' # no", "i-00000000000000001") == ""


def test_an_unknown_instance_is_refused(cloud: SimulatedCloud) -> None:
    with pytest.raises(ClientError) as refused:
        command(cloud, "i-00000000000000000", "true")
    assert refused.value.response["Error"]["Code"] == "InvalidInstanceId"


def test_a_stopped_instance_is_refused_and_not_listed(cloud: SimulatedCloud) -> None:
    instance = start(cloud)
    cloud.client("ec2").stop_instances(InstanceIds=[instance])
    with pytest.raises(ClientError) as refused:
        command(cloud, instance, "true")
    assert refused.value.response["Error"]["Code"] == "InvalidInstanceId"
    assert cloud.client("ssm").describe_instance_information()["InstanceInformationList"] == []


def test_a_command_for_an_offline_agent_stays_pending_until_cancelled(cloud: SimulatedCloud) -> None:
    instance = start(cloud, sim_agent="offline")
    command_id = command(cloud, instance, "true")
    ssm = cloud.client("ssm")
    for _ in range(3):
        assert ssm.get_command_invocation(CommandId=command_id, InstanceId=instance)["Status"] == "Pending"
    ssm.cancel_command(CommandId=command_id)
    assert invocation(cloud, command_id, instance)["Status"] == "Cancelled"


def test_a_command_that_is_over_cannot_be_cancelled_any_more(cloud: SimulatedCloud) -> None:
    instance = start(cloud)
    command_id = command(cloud, instance, "true")
    invocation(cloud, command_id, instance)
    cloud.client("ssm").cancel_command(CommandId=command_id)
    assert invocation(cloud, command_id, instance)["Status"] == "Success"


def test_unknown_commands_are_told_apart(cloud: SimulatedCloud) -> None:
    ssm, unknown = cloud.client("ssm"), "00000000-0000-4000-8000-000000000000"
    with pytest.raises(ClientError, match="InvocationDoesNotExist"):
        ssm.get_command_invocation(CommandId=unknown, InstanceId="i-00000000000000000")
    with pytest.raises(ClientError, match="InvalidCommandId"):
        ssm.cancel_command(CommandId=unknown)


def test_agents_say_whether_they_are_reachable(cloud: SimulatedCloud) -> None:
    here, away = start(cloud), start(cloud, sim_agent="offline")
    ssm = cloud.client("ssm")
    listed = {
        one["InstanceId"]: one["PingStatus"] for one in ssm.describe_instance_information()["InstanceInformationList"]
    }
    assert listed == {here: "Online", away: "ConnectionLost"}


@pytest.mark.parametrize("spelling", ["Filters", "InstanceInformationFilterList"])
def test_agents_can_be_asked_for_by_id(cloud: SimulatedCloud, spelling: str) -> None:
    wanted, _ = start(cloud), start(cloud)
    filters = {
        "Filters": [{"Key": "InstanceIds", "Values": [wanted]}],
        "InstanceInformationFilterList": [{"key": "InstanceIds", "valueSet": [wanted]}],
    }
    found = cloud.client("ssm").describe_instance_information(**{spelling: filters[spelling]})
    assert [one["InstanceId"] for one in found["InstanceInformationList"]] == [wanted]
