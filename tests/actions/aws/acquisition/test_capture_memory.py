"""Memory capture: the script as a host runs it, and what the platform makes of its answer."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from actions.account import BUCKET, Cloud, stored
from actions.worlds import WatchedWorld
from hikeshi.actions.action import Plan, Receipt
from hikeshi.actions.aws.acquisition.capture_memory import SCRIPT, CaptureMemory
from hikeshi.actions.aws.acquisition.memory_upload import MAX_PARTS, planned_upload
from hikeshi.actions.aws.machines import find_instance
from hikeshi.actions.aws.world import AwsSettings
from hikeshi.errors import Failed, Refused


class Host:
    """One instance whose memory is captured, and its Systems Manager agent as far as a test needs it."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        self.s3 = cloud.bucket()
        # The tests answer for the agent; the simulated one must not do its work beside them.
        offline = {"ResourceType": "instance", "Tags": [{"Key": "sim:agent", "Value": "offline"}]}
        self.action = CaptureMemory(instance_id=cloud.machine(1, TagSpecifications=[offline]).id)
        self.plan: Plan = stored(self.action.plan(cloud.world()))
        self.key = self.plan.after["upload"]["key"]

    def do(self) -> Receipt:
        return self.action.do(self.cloud.world(), self.plan)

    def check(self, world: WatchedWorld | None = None) -> Receipt:
        return self.action.check(world or self.cloud.world(), self.plan)

    def script(self) -> str:
        """The command as it reached the agent, with its signed URL."""
        sent = next(body for operation, body in self.cloud.layer.seen if operation == "SendCommand")
        return str(json.loads(sent)["Parameters"]["commands"][0])

    def answers(self, status: str, output: str = "", error: str = "", details: str = "") -> None:
        self.cloud.layer.answers["GetCommandInvocation"] = {
            "Status": status,
            "StatusDetails": details or status,
            "StandardOutputContent": output,
            "StandardErrorContent": error,
        }

    def runs(self, folder: Path, tool: str | None) -> subprocess.CompletedProcess[str]:
        """Run the command's script in a real shell, with a made-up tool in place of the real one."""
        place = folder / "avml"
        if tool is not None:
            place.write_text(f"#!/bin/sh\n{tool}\n")
            place.chmod(0o755)
        text = self.script().replace("/opt/hikeshi/avml", str(place))
        return subprocess.run(["sh", "-c", text], capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture
def host(cloud: Cloud) -> Host:
    return Host(cloud)


needs_shell = pytest.mark.skipif(
    not (shutil.which("curl") and os.access("/dev/shm", os.W_OK)), reason="needs curl and /dev/shm"
)


@needs_shell
def test_a_whole_capture_with_the_real_script(host: Host, tmp_path: Path) -> None:
    image = hashlib.sha256(b"seed").digest() * 700_000  # 22.4 MB: two parts
    (tmp_path / "memory").write_bytes(image)
    assert host.do().outcome == "pending"
    ran = host.runs(tmp_path, f'cat {tmp_path}/memory > "$1"')
    assert (ran.returncode, ran.stderr) == (0, "")
    host.answers("Success", output=ran.stdout)
    held = host.check()
    assert (held.outcome, held.grade) == ("done", "effect-proven")
    assert held.held_at == f"s3://{BUCKET}/{host.key}"
    assert held.observed["sha256"] == hashlib.sha256(image).hexdigest()
    assert len(held.observed["parts"]) == 2
    assert host.s3.get_object(Bucket=BUCKET, Key=host.key)["Body"].read() == image


@needs_shell
def test_nothing_is_left_on_the_host(host: Host, tmp_path: Path) -> None:
    host.do()
    before = set(Path("/dev/shm").glob("hikeshi.*"))
    host.runs(tmp_path, 'echo memory > "$1"')
    assert set(Path("/dev/shm").glob("hikeshi.*")) == before


@needs_shell
def test_a_host_without_the_tool_says_so(host: Host, tmp_path: Path) -> None:
    host.do()
    ran = host.runs(tmp_path, None)
    assert ran.returncode == 3
    host.answers("Failed", error=ran.stderr)
    failed = host.check()
    assert failed.outcome == "failed"
    assert "no tool at" in failed.summary.en


@needs_shell
def test_a_tool_that_fails_gives_its_reason(host: Host, tmp_path: Path) -> None:
    host.do()
    ran = host.runs(tmp_path, 'echo part > "$1"; echo "kernel is locked down" >&2; exit 9')
    assert (ran.returncode, ran.stdout) == (7, "")
    assert "the tool ended with 9: kernel is locked down" in ran.stderr


def test_the_contract_with_the_host(host: Host) -> None:
    host.do()
    line = next(line for line in host.script().splitlines() if line.startswith("# hikeshi-memory list="))
    assert line.startswith(f"# hikeshi-memory list={host.cloud.url}/{BUCKET}/")
    listed = json.loads(host.s3.get_object(Bucket=BUCKET, Key=f"{host.key}.parts.json")["Body"].read())
    assert sorted(listed) == ["part_bytes", "parts"]
    assert len(listed["parts"]) == host.plan.after["upload"]["parts"]
    assert all("partNumber=" in url and "X-Amz-Signature=" in url for url in listed["parts"])


def test_no_signature_is_recorded_or_planned(cloud: Cloud, host: Host) -> None:
    world = cloud.world()
    host.action.do(world, host.plan)
    kept = repr(world.record.lines) + repr(world.sent) + host.plan.canonical.decode()
    assert "X-Amz-Signature=" in host.script()
    assert "X-Amz" not in kept
    assert "<signature removed>" in kept


def test_a_repeat_sends_no_second_command(cloud: Cloud, host: Host) -> None:
    host.do()
    world = cloud.world()
    assert host.action.do(world, host.plan).outcome == "pending"
    assert world.record.operations == []


def test_an_upload_begun_by_an_earlier_attempt_is_used_again(cloud: Cloud, host: Host) -> None:
    cloud.layer.faults = [("SendCommand", "throttled")] * 6
    with pytest.raises(Failed, match="throttled"):
        host.do()
    assert host.do().outcome == "pending"
    assert len(host.s3.list_multipart_uploads(Bucket=BUCKET)["Uploads"]) == 1


def test_a_lost_answer_to_the_command_is_settled_by_reading(cloud: Cloud, host: Host) -> None:
    cloud.layer.faults = [("SendCommand", "lost after")]
    assert host.do().outcome == "pending"
    assert host.do().outcome == "pending"
    assert len(cloud.client("ssm").list_commands()["Commands"]) == 1


def test_an_agent_that_is_unknown_is_a_failure_with_a_reason(cloud: Cloud, host: Host) -> None:
    cloud.layer.refusals = {"SendCommand": "InvalidInstanceId"}
    failed = host.do()
    assert failed.outcome == "failed"
    assert "InvalidInstanceId" in failed.summary.en
    assert host.check().outcome == "failed"


def test_without_a_bucket_the_plan_warns_and_nothing_is_sent(cloud: Cloud) -> None:
    world = cloud.world(settings=AwsSettings())
    action = CaptureMemory(instance_id=cloud.machine(1).id)
    plan = action.plan(world)
    assert (plan.calls, len(plan.warnings)) == ((), 1)
    done = action.do(world, plan)
    assert done.outcome == action.check(world, plan).outcome == "failed"
    assert "No evidence bucket" in done.summary.en
    assert world.sent == []


@pytest.mark.parametrize(
    ("status", "seconds", "outcome", "reason"),
    [
        ("Pending", 10, "pending", "Pending"),
        ("Delayed", 10, "pending", "Delayed"),
        ("Pending", 121, "failed", "did not start within 120 seconds"),
        ("InProgress", 121, "pending", "InProgress"),
        ("InProgress", 1021, "failed", "did not finish within 900 seconds"),
    ],
)
def test_the_deadlines_end_the_waiting(
    cloud: Cloud, host: Host, status: str, seconds: int, outcome: str, reason: str
) -> None:
    host.do()
    host.answers(status)
    world = cloud.world()
    world.ahead = timedelta(seconds=seconds)
    seen = host.check(world)
    assert seen.outcome == outcome
    assert reason in seen.summary.en
    assert (seen.again_in > 0) == (outcome == "pending")


def test_a_command_not_spread_yet_is_pending(cloud: Cloud, host: Host) -> None:
    host.do()
    cloud.layer.refusals = {"GetCommandInvocation": "InvocationDoesNotExist"}
    assert host.check().outcome == "pending"


def test_checking_before_doing_is_said(host: Host) -> None:
    assert "no command of this step was sent" in host.check().summary.en


@pytest.mark.parametrize(
    ("output", "reason"),
    [
        ("", "printed no result"),
        ("all fine", "unreadable"),
        ('{"tool": "avml"}', "unreadable"),
        (
            json.dumps({"tool": "t", "tool_sha256": "", "bytes": "9", "sha256": "", "parts": [], "kernel": ""}),
            "unreadable",
        ),
    ],
)
def test_an_answer_that_is_no_result_is_a_failure(host: Host, output: str, reason: str) -> None:
    host.do()
    host.answers("Success", output=output)
    failed = host.check()
    assert (failed.outcome, failed.grade) == ("failed", "none")
    assert reason in failed.summary.en


def said(host: Host, **changes: Any) -> str:
    """A stored part of nine bytes, and what the script would print about it."""
    uploading = host.s3.list_multipart_uploads(Bucket=BUCKET)["Uploads"][0]["UploadId"]
    place = {"Bucket": BUCKET, "Key": host.key, "UploadId": uploading, "PartNumber": 1}
    etag = host.s3.upload_part(**place, Body=b"SIMULATED")["ETag"].strip('"')
    told = {"tool": "avml", "tool_sha256": "ab", "bytes": 9, "sha256": "cd", "kernel": "6.1"}
    return json.dumps({**told, "parts": [{"number": 1, "etag": etag}], **changes})


def test_an_object_of_another_size_is_a_failure(host: Host) -> None:
    host.do()
    host.answers("Success", output=said(host, bytes=10))
    failed = host.check()
    assert (failed.outcome, failed.grade) == ("failed", "none")
    assert "holds 9 bytes, the tool reported 10" in failed.summary.en


def test_parts_that_were_never_stored_are_a_failure(host: Host) -> None:
    host.do()
    host.answers("Success", output=said(host, parts=[{"number": 7, "etag": "0" * 32}]))
    assert "could not be completed" in host.check().summary.en


def test_a_second_check_completes_nothing_again(cloud: Cloud, host: Host) -> None:
    host.do()
    host.answers("Success", output=said(host))
    first = cloud.world()
    assert host.check(first).grade == "effect-proven"
    assert first.record.operations == ["s3:CompleteMultipartUpload"]
    second = cloud.world()
    assert host.check(second).grade == "effect-proven"
    assert second.record.operations == []


def test_another_tool_than_expected_is_said(cloud: Cloud, host: Host) -> None:
    host.do()
    host.answers("Success", output=said(host))
    settings = AwsSettings(evidence_bucket=BUCKET, memory_tool_sha256="ef")
    seen = host.check(cloud.world(settings=settings))
    assert "not the expected one" in seen.still_open[0].en


def test_evidence_is_not_undone(cloud: Cloud, host: Host) -> None:
    with pytest.raises(Refused, match="nothing to undo"):
        host.action.undo(cloud.world(), host.plan)


@pytest.mark.parametrize("gibibytes", [1, 16, 256, 1024])
def test_the_answer_about_all_parts_fits_the_kept_output(world: WatchedWorld, gibibytes: int) -> None:
    upload = planned_upload(world, "i-0123456789abcdef0", gibibytes * 1024)
    assert upload.parts <= MAX_PARTS
    assert upload.parts * upload.part_bytes > gibibytes * 2**30
    parts = [{"number": number, "etag": "0" * 32} for number in range(1, upload.parts + 1)]
    assert len(json.dumps(parts, separators=(",", ":"))) < 23_000


def test_the_script_is_plain_shell() -> None:
    assert subprocess.run(["sh", "-n"], input=SCRIPT, text=True, check=False).returncode == 0
    assert "/dev/mem" not in SCRIPT


FAKE_INSMOD = """#!/usr/bin/env python3
import socket, sys
assert sys.argv[2:] == ["path=tcp:4444", "format=lime", "localhostonly=1"], sys.argv
listening = socket.create_server(("127.0.0.1", 4444))
talking, _ = listening.accept()
talking.sendall(b"LiME" * 5_000_000)
"""


@needs_shell
@pytest.mark.skipif(not shutil.which("bash"), reason="needs bash")
def test_lime_is_used_where_there_is_no_avml(host: Host, tmp_path: Path) -> None:
    host.do()
    for name, text in {"insmod": FAKE_INSMOD, "rmmod": "#!/bin/sh\n"}.items():
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)
    (tmp_path / f"lime-{os.uname().release}.ko").touch()
    text = host.script().replace("/opt/hikeshi", str(tmp_path))
    path = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    ran = subprocess.run(["sh", "-c", text], capture_output=True, text=True, timeout=120, check=False, env=path)
    assert (ran.returncode, ran.stderr) == (0, "")
    host.answers("Success", output=ran.stdout)
    held = host.check()
    assert (held.outcome, held.observed["held"]) == ("done", 20_000_000)
    assert held.observed["tool"].endswith(".ko")


def test_the_tool_fits_the_host(cloud: Cloud, world: WatchedWorld) -> None:
    windows = [{"ResourceType": "instance", "Tags": [{"Key": "sim:platform", "Value": "Windows"}]}]
    plan = CaptureMemory(instance_id=cloud.machine(1, TagSpecifications=windows).id).plan(
        cloud.world(settings=world.settings)
    )
    assert plan.after["tools"] == ["winpmem"]
    assert plan.after["upload"]["key"].endswith(".raw")
    linux = cloud.machine(1).id
    assert CaptureMemory(instance_id=linux, tool="lime").plan(world).after["tools"] == ["lime"]
    with pytest.raises(Refused, match="winpmem does not run"):
        CaptureMemory(instance_id=linux, tool="winpmem").plan(world)


def test_on_graviton_only_lime_fits(world: WatchedWorld, cloud: Cloud) -> None:
    machine = find_instance(world, cloud.machine(1).id)
    graviton = msgspec.structs.replace(machine, architecture="arm64")
    assert CaptureMemory(instance_id=machine.id)._tools(world, graviton) == ("lime",)
    with pytest.raises(Refused, match="avml"):
        CaptureMemory(instance_id=machine.id, tool="avml")._tools(world, graviton)
