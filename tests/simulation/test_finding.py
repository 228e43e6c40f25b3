"""The finding: GuardDuty's shape, key by key, against real ones where they are at hand."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hikeshi.simulation import cast
from hikeshi.simulation.finding import finding
from simulation.stage import NOW, SCENE


def detail(**options: Any) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(finding(SCENE, **options))["detail"]
    return told


def paths(value: Any, prefix: str = "") -> set[str]:
    """Every path of keys in a JSON value; lists count as one level of their own."""
    if isinstance(value, dict):
        return {path for key, item in value.items() for path in paths(item, f"{prefix}/{key}")} or {prefix}
    if isinstance(value, list):
        return {path for item in value for path in paths(item, prefix)} or {prefix}
    return {prefix}


def camel(value: Any) -> Any:
    """PascalCase keys, as the SDK has them, in the camelCase of EventBridge."""
    if isinstance(value, dict):
        return {key[0].lower() + key[1:]: camel(item) for key, item in value.items()}
    return [camel(item) for item in value] if isinstance(value, list) else value


def read_sample(shared_data: Path, name: str) -> dict[str, Any]:
    path = shared_data / name
    if not path.exists():
        pytest.skip(f"../shared/data/{name} is not here")
    sample: dict[str, Any] = json.loads(path.read_text())
    return sample


def test_the_default_is_a_miner_that_calls_its_pool() -> None:
    told = detail(updated_at=NOW)
    assert (told["type"], told["severity"]) == ("Backdoor:EC2/C&CActivity.B", 8)
    assert told["service"]["resourceRole"] == "ACTOR"
    connection = told["service"]["action"]["networkConnectionAction"]
    assert connection["remoteIpDetails"]["ipAddressV4"] == cast.POOL
    assert connection["remotePortDetails"]["port"] == cast.POOL_PORT
    assert connection["connectionDirection"] == "OUTBOUND"


def test_it_names_the_instance_with_all_its_interfaces_and_groups() -> None:
    instance = detail()["resource"]["instanceDetails"]
    assert instance["instanceId"] == SCENE.instance_id
    shown = {one["networkInterfaceId"]: one for one in instance["networkInterfaces"]}
    assert tuple(shown) == SCENE.interface_ids
    groups = {key: tuple(group["groupId"] for group in one["securityGroups"]) for key, one in shown.items()}
    assert groups == SCENE.original_groups
    assert [one.get("publicIp") for one in shown.values()] == [cast.VICTIM_PUBLIC, None]


def test_a_target_is_attacked_from_outside() -> None:
    told = detail(role="TARGET", finding_type="UnauthorizedAccess:EC2/SSHBruteForce", severity=2, remote=cast.SCANNER)
    connection = told["service"]["action"]["networkConnectionAction"]
    assert told["service"]["resourceRole"] == "TARGET"
    assert (connection["connectionDirection"], connection["localPortDetails"]["port"]) == ("INBOUND", 22)


def test_a_sample_says_so_in_all_three_places() -> None:
    told = detail(sample=True)
    more = told["service"]["additionalInfo"]
    assert told["title"].startswith("[SAMPLE]")
    assert more["sample"] is True
    assert json.loads(more["value"])["sample"] is True


def test_a_real_finding_has_no_sample_mark() -> None:
    assert "sample" not in detail()["service"]["additionalInfo"]


def test_a_repeat_is_an_update_of_the_same_finding() -> None:
    first = json.loads(finding(SCENE, updated_at=NOW))
    later = json.loads(
        finding(SCENE, updated_at=NOW + timedelta(hours=1), count=17, first_seen=NOW - timedelta(minutes=20))
    )
    assert first["detail"]["id"] == later["detail"]["id"]
    assert first["id"] != later["id"]
    assert first["detail"]["createdAt"] == later["detail"]["createdAt"]
    assert first["detail"]["updatedAt"] < later["detail"]["updatedAt"]
    assert (first["detail"]["service"]["count"], later["detail"]["service"]["count"]) == (1, 17)


def test_another_instance_is_another_finding() -> None:
    other = SCENE.bystanders[0].id
    assert detail(instance_id=other)["id"] != detail()["id"]
    assert detail(instance_id=other)["resource"]["instanceDetails"]["instanceId"] == other
    assert detail(instance_id=other)["resource"]["instanceDetails"]["iamInstanceProfile"] is None


def test_an_instance_of_another_scene_is_refused() -> None:
    with pytest.raises(KeyError):
        finding(SCENE, instance_id="i-00000000000000000")


def test_the_same_question_has_the_same_bytes() -> None:
    assert finding(SCENE, updated_at=NOW) == finding(SCENE, updated_at=NOW)


def test_times_have_milliseconds_and_say_utc() -> None:
    local = NOW.astimezone(UTC) + timedelta(0)
    told = detail(updated_at=local)
    assert told["updatedAt"] == "2025-11-04T03:12:30.250Z"
    assert datetime.fromisoformat(told["service"]["eventFirstSeen"]) == NOW - timedelta(minutes=20)


def test_the_envelope_has_the_keys_of_a_real_one(shared_data: Path) -> None:
    real = read_sample(shared_data, "eventbridge-shapes/ec2-duty-event.json")
    ours = json.loads(finding(SCENE, sample=True))
    assert set(ours) == set(real) - {"debug"}  # left there by whoever recorded it
    assert set(ours["detail"]) == set(real["detail"])
    # A sample of a DNS finding: only the kind of action differs.
    differing = {path for path in paths(real["detail"]) - paths(ours["detail"]) if "/action/" not in path}
    assert differing == set()


def test_the_instance_has_the_keys_of_a_real_one(shared_data: Path) -> None:
    real = camel(read_sample(shared_data, "guardduty-findings/eventbridge-ec2-instance-compromise-full.json")["detail"])
    ours = detail()
    missing = paths(real["resource"]) - paths(ours["resource"])
    assert {path for path in missing if "/volumes" not in path} == set()  # only malware findings name volumes
    assert paths(real["service"]) <= paths(ours["service"])


def test_the_connection_has_the_keys_security_hub_shows(shared_data: Path) -> None:
    real = read_sample(shared_data, "guardduty-findings/securityhub-asff-guardduty-findings.json")
    start = "aws/guardduty/service/action/networkConnectionAction"
    known = {
        key.removeprefix(start) for one in real["Findings"] for key in one["ProductFields"] if key.startswith(start)
    }
    assert paths(detail()["service"]["action"]["networkConnectionAction"]) == known
