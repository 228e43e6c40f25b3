"""Containment by hand, against a real simulated account: look, decide, do, prove, go back."""

from __future__ import annotations

from pathlib import Path

import pytest

from doors.cli.typed import Keyboard
from hikeshi.aws.buckets import SHARED
from hikeshi.desk.incidents.models import Incident
from hikeshi.simulation.cloud import SimulatedCloud
from hikeshi.simulation.finding import finding
from hikeshi.simulation.scene import Scene
from simulated import groups_now, original_groups


@pytest.fixture
def burning(admin: Keyboard, scene: Scene, tmp_path: Path) -> str:
    """An incident with the playbook for compromised hosts, everything before the isolation left out."""
    payload = tmp_path / "finding.json"
    payload.write_bytes(_bytes(finding(scene)))
    kept = admin.json("alert", "ingest", payload)
    words = ("--severity", 2, "--reason", "C2", "--alert", kept["alerts"][0])
    name = str(admin.json("incident", "declare", "Miner", *words)["name"])
    admin.json("playbook", "run", name, "compromised-ec2")
    for key in ("2.1", "2.2"):
        admin.json("playbook", "skip", name, key, "--reason", "not what this test is about")
    return name


def _bytes(document: object) -> bytes:
    import json

    return document if isinstance(document, bytes) else json.dumps(document).encode()


def test_isolation_from_plan_to_undo(admin: Keyboard, burning: str, cloud: SimulatedCloud, scene: Scene) -> None:
    before = groups_now(cloud, scene)
    shown = admin.json("contain", "plan", burning, "2.3")
    assert shown["state"] == "asked"
    assert shown["plan"]["calls"]
    assert admin.json("contain", "run", burning) == []  # nothing is done without a yes
    assert groups_now(cloud, scene) == before
    assert admin("contain", "approve", burning, "2.3", "--plan-digest", "0" * 64).code == 3
    assert admin("contain", "approve", burning, "2.3", "--plan-digest", shown["plan_digest"][:6]).code == 3
    admin.json("contain", "approve", burning, "2.3", "--plan-digest", shown["plan_digest"][:12])
    done = admin.json("contain", "run", burning)
    assert ("done", "aws.ec2.isolate") in {(row["state"], row["action"]) for row in done}
    assert all(len(groups) == 1 for groups in groups_now(cloud, scene).values())
    assert admin.json("contain", "verify", burning, "2.3")["outcome"] == "done"
    assert admin.json("contain", "undo", burning, "2.3", "--reason", "clean")["state"] == "undoing"
    admin.json("contain", "run", burning)
    assert groups_now(cloud, scene) == original_groups(scene)
    assert Incident.objects.get().contained_at


def test_what_a_halt_has_stopped_is_named_and_goes_on_at_once_when_it_is_lifted(admin: Keyboard, burning: str) -> None:
    shown = admin.json("contain", "plan", burning, "2.3")
    admin.json("contain", "approve", burning, "2.3", "--plan-digest", shown["plan_digest"])
    admin.json("contain", "halt", "--reason", "wrong hosts")
    stopped = admin("contain", "run", burning)
    assert "waits until" in stopped.err
    assert "wrong hosts" in stopped.err
    admin.json("contain", "lift", "--reason", "right hosts")
    assert admin.json("contain", "run", burning)[0]["state"] == "done"


def test_what_somebody_changed_in_the_cloud_is_4(
    admin: Keyboard, burning: str, cloud: SimulatedCloud, scene: Scene
) -> None:
    shown = admin.json("contain", "plan", burning, "2.3")
    admin.json("contain", "approve", burning, "2.3", "--plan-digest", shown["plan_digest"])
    admin.json("contain", "run", burning)
    interface, groups = next(iter(original_groups(scene).items()))
    cloud.client("ec2").modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=list(groups))
    assert admin.json("contain", "verify", burning, "2.3", code=4)["outcome"] != "done"


def test_a_plan_is_shown_as_what_changes_and_whose_yes_it_needs(admin: Keyboard, burning: str, scene: Scene) -> None:
    digest = admin.json("contain", "plan", burning, "2.3")["plan_digest"]
    shown = admin("contain", "plan", burning, "2.3").out
    interface, groups = next(iter(original_groups(scene).items()))
    changes, calls = shown.split("Changes")[1].split("Planned calls")
    assert all(part in changes for part in (interface, *groups, "<isolation group>"))
    assert "ec2:ModifyNetworkInterfaceAttribute" in calls
    assert all(part in shown for part in ("Yeses needed", "Will not stop", digest))
    assert "{" not in shown


def test_a_narrowed_plan_is_shown_as_it_was_made_anew(admin: Keyboard, burning: str, scene: Scene) -> None:
    first = admin.json("contain", "plan", burning, "2.3")
    left, kept = sorted(original_groups(scene))
    narrowed = admin.json("contain", "narrow", burning, "2.3", "--without", left)
    assert (narrowed["state"], narrowed["plan_digest"] == first["plan_digest"]) == ("asked", False)
    assert {call["params"].get("NetworkInterfaceId") for call in narrowed["plan"]["calls"]} - {None} == {kept}


def test_verifying_waits_in_line_like_everything_else(admin: Keyboard, burning: str) -> None:
    shown = admin.json("contain", "plan", burning, "2.3")
    admin.json("contain", "approve", burning, "2.3", "--plan-digest", shown["plan_digest"])
    admin.json("contain", "run", burning)
    SHARED.join(2, 0.0)
    try:
        assert admin.json("contain", "verify", burning, "2.3")["outcome"] == "done"
    finally:
        SHARED.forget()


def test_a_plan_is_made_anew_when_asked(admin: Keyboard, burning: str) -> None:
    first = admin.json("contain", "plan", burning, "2.3")
    again = admin.json("contain", "plan", burning, "2.3", "--again")
    assert (again["state"], again["plan_digest"] == first["plan_digest"]) == ("asked", False)


def test_a_step_without_plan_is_not_verified(admin: Keyboard, burning: str) -> None:
    assert admin("contain", "verify", burning, "1.1").code == 3
