"""What is special to commands on hosts: agents that are silent, answers that are odd, a firewall that nobody confirms."""

from __future__ import annotations

import base64
import gzip
import json
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from actions.account import Cloud, stored
from hikeshi.actions import action
from hikeshi.actions.action import Action, Plan
from hikeshi.actions.aws.instance.host_firewall import HostFirewall
from hikeshi.actions.aws.instance.host_triage import MOST_TEXT, unpacked
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.simulation import cast
from hikeshi.simulation.building.instance import one, with_endpoint
from hikeshi.simulation.state import state

OFFLINE = [{"ResourceType": "instance", "Tags": [{"Key": "sim:agent", "Value": "offline"}]}]
WINDOWS = [{"ResourceType": "instance", "Tags": [{"Key": "sim:platform", "Value": "Windows"}]}]


def planned(cloud: Cloud, name: str, inputs: dict[str, Any]) -> tuple[Action[Any], Plan]:
    made = action(name, inputs)
    return made, stored(made.plan(cloud.world()))


def test_triage_names_the_miner_and_is_hashed(cloud: Cloud) -> None:
    triage, plan = planned(cloud, "aws.ssm.host_triage", one(cloud))
    told = triage.do(cloud.world(), plan)
    assert cast.POOL in told.observed["sections"]["sockets"]
    assert told.observed["whole"]
    assert len(told.observed["sections_sha256"]) == 64
    assert triage.check(cloud.world(), plan).observed == told.observed


def test_an_agent_that_is_offline_is_said_before_and_after(cloud: Cloud) -> None:
    machine = cloud.machine(1, TagSpecifications=OFFLINE)
    triage, plan = planned(cloud, "aws.ssm.host_triage", {"instance_id": machine.id})
    assert "not been heard of" in plan.warnings[0].en
    assert triage.do(cloud.world(), plan).outcome == "pending"
    late = cloud.world()
    late.ahead = timedelta(seconds=61)
    told = triage.check(late, plan)
    assert (told.outcome, "did not start within 60 seconds" in told.summary.en) == ("failed", True)


def test_an_isolated_host_does_not_answer_until_it_is_released(cloud: Cloud) -> None:
    inputs = one(cloud)
    triage, plan = planned(cloud, "aws.ssm.host_triage", inputs)
    isolate, isolation = planned(cloud, "aws.ec2.isolate", inputs)
    isolate.do(cloud.world(), isolation)
    assert triage.do(cloud.world(), plan).outcome == "pending"
    isolate.undo(cloud.world(), isolation)
    assert triage.do(cloud.world(), plan).outcome == "already-done"


def test_windows_gets_its_own_script(cloud: Cloud) -> None:
    machine = cloud.machine(1, TagSpecifications=WINDOWS)
    _, plan = planned(cloud, "aws.ssm.host_triage", {"instance_id": machine.id})
    assert plan.calls[0].params["DocumentName"] == "AWS-RunPowerShellScript"
    assert "Get-CimInstance" in plan.calls[0].params["Parameters"]["commands"][0]


def packed(text: bytes, **head: Any) -> str:
    told = {"bytes": len(text), "sha256": "0" * 64, "packed": 10**6, "kept": 17_000, **head}
    return json.dumps(told) + "\n" + base64.b64encode(gzip.compress(text, mtime=0)).decode()


def test_no_answer_of_a_host_unpacks_to_more_than_the_limit() -> None:
    found = unpacked(packed(b"\n== host\n" + b"a" * 50_000_000))
    assert sum(map(len, found.sections.values())) <= MOST_TEXT


@pytest.mark.parametrize("output", ["", "all fine", '{"bytes":1}', packed(b"text", packed=1), packed(b"", sha256="x")])
def test_an_answer_that_is_no_triage_is_a_failure(output: str) -> None:
    with pytest.raises(ValueError, match=r"."):  # msgspec's and base64's errors are of this kind, too
        unpacked(output)


def test_the_firewall_ends_what_is_connected_and_is_taken_back_exactly(cloud: Cloud) -> None:
    firewall, plan = planned(cloud, "aws.ssm.host_firewall", with_endpoint(cloud))
    before = state(cloud.client, ["ssm.hosts"])
    told = firewall.do(cloud.world(), plan)
    assert (len(told.observed["before"]), told.observed["left"], told.grade) == (2, (), "configured")
    assert told.observed["waiting"] is False
    assert state(cloud.client, ["ssm.hosts"]) != before
    firewall.undo(cloud.world(), plan)
    assert state(cloud.client, ["ssm.hosts"]) == before


def test_a_host_that_takes_the_rules_back_is_noticed(cloud: Cloud) -> None:
    inputs = with_endpoint(cloud)
    firewall, plan = planned(cloud, "aws.ssm.host_firewall", inputs)
    firewall.do(cloud.world(), plan)
    cloud.client("ssm").send_command(
        InstanceIds=[inputs["instance_id"]], DocumentName="AWS-RunShellScript",
        Parameters={"commands": ["# hikeshi-firewall mode=off token=ab seconds=1 allow="]},
    )  # fmt: skip
    told = firewall.check(cloud.world(), plan)
    assert (told.outcome, "no rules of ours" in told.summary.en) == ("failed", True)


def test_an_agent_that_would_lose_its_path_is_a_refusal(cloud: Cloud) -> None:
    with pytest.raises(Refused, match="lose its path"):
        planned(cloud, "aws.ssm.host_firewall", one(cloud))
    _, plan = planned(cloud, "aws.ssm.host_firewall", {**one(cloud), "allow": ["10.1.1.9", "10.1.1.8/30"]})
    assert plan.after["allowed"] == ["10.1.1.8/30", "10.1.1.9"]


@pytest.mark.parametrize("allow", ["0.0.0.0/0", "2000::/3", "$(reboot)", "10.1.1.9; id"])
def test_only_narrow_addresses_stay_open(cloud: Cloud, allow: str) -> None:
    with pytest.raises(Refused):
        HostFirewall(instance_id=one(cloud)["instance_id"], allow=(allow,)).plan(cloud.world())


def test_undoing_with_a_silent_agent_is_unknown_and_says_how_by_hand(cloud: Cloud) -> None:
    inputs = with_endpoint(cloud)
    firewall, plan = planned(cloud, "aws.ssm.host_firewall", inputs)
    firewall.do(cloud.world(), plan)
    cloud.ec2.create_tags(Resources=[inputs["instance_id"]], Tags=[{"Key": "sim:agent", "Value": "offline"}])
    told = firewall.undo(cloud.world(), plan)
    assert (told.outcome, "nft delete table" in told.still_open[0].en) == ("unknown", True)


def with_another_document(plan: Plan) -> Plan:
    sent = next(call.params for call in plan.calls if call.operation == "ssm:SendCommand")
    assert (len(sent["DocumentHash"]), sent["DocumentHashType"]) == (64, "Sha256")
    other = {"DocumentHash": "0" * 64, "DocumentHashType": "Sha256"}
    return msgspec.structs.replace(plan, after={**plan.after, "document": other})


@pytest.mark.parametrize("name", ["aws.ssm.host_triage", "aws.ssm.capture_memory"])
def test_a_document_that_somebody_has_changed_since_the_plan_collects_nothing(cloud: Cloud, name: str) -> None:
    cloud.bucket()
    made, plan = planned(cloud, name, one(cloud))
    told = made.do(cloud.world(), with_another_document(plan))
    assert (told.outcome, "InvalidDocument" in told.summary.ja) == ("failed", True)


def test_a_document_that_somebody_has_changed_since_the_plan_closes_no_firewall(cloud: Cloud) -> None:
    made, plan = planned(cloud, "aws.ssm.host_firewall", with_endpoint(cloud))
    with pytest.raises(CallFailed, match="does not have that hash"):
        made.do(cloud.world(), with_another_document(plan))
