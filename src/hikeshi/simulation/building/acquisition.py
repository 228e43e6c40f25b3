"""What the actions in `actions/aws/acquisition/` are tried on, built in a simulated account: each function returns the inputs it made."""

from __future__ import annotations

import json
from typing import Any

from hikeshi.simulation.account import ACCOUNT, REGION, Account, Machine


def two_interfaces(account: Account) -> dict[str, Any]:
    return {"instance_id": account.machine(2).id}


def a_snapshot(account: Account, **volume: Any) -> str:
    made = account.ec2.create_volume(Size=1, AvailabilityZone=f"{REGION}a", **volume)["VolumeId"]
    return str(account.ec2.create_snapshot(VolumeId=made)["SnapshotId"])


def plain(account: Account) -> dict[str, Any]:
    return {"evidence_of": a_snapshot(account)}


def customer_key(account: Account, trusted: str = "210987654321") -> str:
    """A key whose policy names the account."""
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{trusted}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    return str(account.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"])


def encrypted(account: Account) -> dict[str, Any]:
    key = customer_key(account)
    return {"evidence_of": a_snapshot(account, Encrypted=True), "account": "210987654321", "key": key}


def to_copy(account: Account) -> dict[str, Any]:
    return {"snapshot_id": a_snapshot(account), "key": customer_key(account)}


def to_mirror(account: Account) -> dict[str, Any]:
    machine = account.machine(2)
    return {"instance_id": machine.id, **mirror_for(account, machine)}


def mirror_for(account: Account, machine: Machine) -> dict[str, Any]:
    """Where the traffic of a machine can be mirrored to, and what of it."""
    target = account.ec2.create_traffic_mirror_target(NetworkInterfaceId=next(iter(machine.groups)))
    chosen = account.ec2.create_traffic_mirror_filter()["TrafficMirrorFilter"]
    return {
        "mirror_target": target["TrafficMirrorTarget"]["TrafficMirrorTargetId"],
        "mirror_filter": chosen["TrafficMirrorFilterId"],
    }


def trail(account: Account, records: list[dict[str, Any]] | None = None) -> dict[str, Any]:
    """A trail that answers as often as it is asked: its pace has tests of its own."""
    lookups = account.simulated.lookups
    lookups.replace(json.dumps(records or []).encode())
    lookups.paced = False
    return {"about": "ci-deploy"}


def not_completed(account: Account) -> dict[str, Any]:
    """Hashing a GiB takes most of a second: the actions' own tests do that, on images that they make smaller."""
    from moto.ec2.models import ec2_backends  # moto cannot make one over HTTP

    snapshot = a_snapshot(account)
    ec2_backends[ACCOUNT][REGION].snapshots[snapshot].status = "pending"
    return {"evidence_of": snapshot}
