"""A GuardDuty finding about an instance, in EventBridge's envelope.

Shape: "GuardDuty finding format" in the GuardDuty user guide, camelCase as EventBridge delivers it. A finding is an aggregate: GuardDuty
sends it again under the same id with a higher `count` and a later `updatedAt`.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Literal

from hikeshi.simulation import cast
from hikeshi.simulation.scene import DETECTOR, Interface, Machine, Scene

DEFAULT_TYPE: Final = "Backdoor:EC2/C&CActivity.B"
WINDOW: Final = timedelta(minutes=20)
"""From the first activity to the finding."""


def finding(
    scene: Scene,
    *,
    finding_type: str = DEFAULT_TYPE,
    severity: float = 8,
    role: Literal["ACTOR", "TARGET"] = "ACTOR",
    instance_id: str = "",
    sample: bool = False,
    count: int = 1,
    updated_at: datetime | None = None,
    first_seen: datetime | None = None,
    remote: str = cast.POOL,
) -> bytes:
    """One envelope as JSON bytes, as it stands in the queue.

    `instance_id` is the victim unless another one of the scene is named (`KeyError` otherwise). With `TARGET` the instance is attacked by
    `remote` on port 22, with `ACTOR` it talks to `remote` on the mining port. The id depends on instance, type and role only, so a repeat
    with another `count` and `updated_at` is an update of the same finding. Times are UTC; `first_seen` is 20 minutes before by default.
    """
    now = updated_at or datetime.now(UTC)
    first = first_seen or now - WINDOW
    machine = scene.machine(instance_id or scene.instance_id)
    finding_id = hashlib.sha256(f"{machine.id} {finding_type} {role} {sample}".encode()).hexdigest()[:32]
    detail = {
        "schemaVersion": "2.0",
        "accountId": scene.account,
        "region": scene.region,
        "partition": "aws",
        "id": finding_id,
        "arn": f"arn:aws:guardduty:{scene.region}:{scene.account}:detector/{DETECTOR}/finding/{finding_id}",
        "type": finding_type,
        "resource": {"resourceType": "Instance", "instanceDetails": _instance(scene, machine)},
        "service": _service(machine, role, remote, sample, count, first, now),
        "severity": severity,
        "createdAt": _millis(first + WINDOW),
        "updatedAt": _millis(now),
        "title": f"{'[SAMPLE] ' if sample else ''}{_title(machine, role)}",
        "description": f"EC2 instance {machine.id} is involved in {finding_type} with the remote host {remote}.",
    }
    return json.dumps(_envelope(scene, detail, count, now)).encode()


def _envelope(scene: Scene, detail: dict[str, Any], count: int, now: datetime) -> dict[str, Any]:
    return {
        "version": "0",
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{detail['id']} {detail['updatedAt']} {count}")),
        "detail-type": "GuardDuty Finding",
        "source": "aws.guardduty",
        "account": scene.account,
        "time": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": scene.region,
        "resources": [],
        "detail": detail,
    }


def _title(machine: Machine, role: str) -> str:
    if role == "TARGET":
        return f"EC2 instance {machine.id} is being attacked from a remote host."
    return f"EC2 instance {machine.id} is communicating with a command and control server."


def _service(
    machine: Machine, role: str, remote: str, sample: bool, count: int, first: datetime, now: datetime
) -> dict[str, Any]:
    more: dict[str, Any] = (
        {"threatListName": "simulated", "sample": True} if sample else {"threatListName": "simulated"}
    )
    return {
        "serviceName": "guardduty",
        "detectorId": DETECTOR,
        "action": {"actionType": "NETWORK_CONNECTION", "networkConnectionAction": _connection(machine, role, remote)},
        "resourceRole": role,
        "additionalInfo": {**more, "value": json.dumps(more), "type": "default"},
        "evidence": {"threatIntelligenceDetails": [{"threatListName": "simulated", "threatNames": []}]},
        "eventFirstSeen": _millis(first),
        "eventLastSeen": _millis(now),
        "archived": False,
        "count": count,
    }


def _connection(machine: Machine, role: str, remote: str) -> dict[str, Any]:
    attacked = role == "TARGET"
    return {
        "connectionDirection": "INBOUND" if attacked else "OUTBOUND",
        "remoteIpDetails": {
            "ipAddressV4": remote,
            "organization": {
                "asn": "64500",
                "asnOrg": "Example Hosting",
                "isp": "Example Hosting",
                "org": "Example Hosting",
            },
            "country": {"countryName": "Exampleland"},
            "city": {"cityName": "Example City"},
            "geoLocation": {"lat": 0, "lon": 0},
        },
        "remotePortDetails": {"port": 51234 if attacked else cast.POOL_PORT, "portName": "Unknown"},
        "localPortDetails": {"port": 22 if attacked else 49152, "portName": "SSH" if attacked else "Unknown"},
        "localIpDetails": {"ipAddressV4": machine.interfaces[0].private},
        "protocol": "TCP",
        "blocked": False,
    }


def _instance(scene: Scene, machine: Machine) -> dict[str, Any]:
    profile = {"arn": scene.profile_arn, "id": scene.profile_id} if machine == scene.victim else None
    return {
        "instanceId": machine.id,
        "instanceType": scene.instance_type,
        "launchTime": machine.launched.strftime("%Y-%m-%dT%H:%M:%S.000Z"),
        "platform": None,
        "productCodes": [],
        "iamInstanceProfile": profile,
        "networkInterfaces": [_interface(scene, one) for one in machine.interfaces],
        "outpostArn": None,
        "tags": [{"key": "Name", "value": machine.name}],
        "instanceState": "running",
        "availabilityZone": cast.ZONE,
        "imageId": scene.image,
        "imageDescription": "Amazon Linux 2023 (simulated)",
    }


def _interface(scene: Scene, one: Interface) -> dict[str, Any]:
    name = f"ip-{one.private.replace('.', '-')}.{scene.region}.compute.internal"
    shown: dict[str, Any] = {
        "ipv6Addresses": [one.ipv6],
        "networkInterfaceId": one.id,
        "privateDnsName": name,
        "privateIpAddress": one.private,
        "privateIpAddresses": [{"privateDnsName": name, "privateIpAddress": one.private}],
        "subnetId": one.subnet,
        "vpcId": scene.vpc,
        "securityGroups": [{"groupName": scene.group_names[group], "groupId": group} for group in one.groups],
        "publicDnsName": "",
    }
    return {**shown, "publicIp": one.public} if one.public else shown


def _millis(when: datetime) -> str:
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{when.microsecond // 1000:03d}Z"
