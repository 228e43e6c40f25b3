"""GuardDuty findings: as EventBridge sends them (camelCase `detail`), as the API returns them (PascalCase), in a list, or bare.

References:
  https://docs.aws.amazon.com/guardduty/latest/APIReference/API_Finding.html
  https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings_eventbridge.html
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from hikeshi.signals import fields
from hikeshi.signals.fields import dicts, dig
from hikeshi.signals.signal import Kind, Signal
from hikeshi.text import Text

NAME = "guardduty"
ABOUT = Text(en="GuardDuty findings", ja="GuardDuty の検出結果")


def parts(document: Any) -> Iterator[tuple[str, Any]]:
    """The finding in a document, with small first letters."""
    where = ""
    if isinstance(document, dict) and isinstance(document.get("detail"), dict):
        where, document = ".detail", document["detail"]
    if isinstance(document, dict):
        low = _camel(document) if any(key[:1].isupper() for key in document) else document
        if {"type", "severity"} <= low.keys() and low.keys() & {"service", "resource", "schemaVersion", "accountId"}:
            yield where, low


def signal(part: Any) -> Signal:
    account, region = fields.account(part.get("accountId")), fields.name(part.get("region"), 30)
    kind = fields.text(part.get("type"), fields.KIND_LIMIT)
    instance = fields.name(dig(part, "resource", "instanceDetails", "instanceId"), 40)
    remote, principal = _remote_address(part), fields.name(dig(part, "resource", "accessKeyDetails", "userName"))
    return Signal(
        key=key(account, region, part.get("id")),
        title=fields.text(part.get("title") or part.get("type"), fields.TITLE_LIMIT),
        kind=kind,
        score=fields.number(part.get("severity")),
        account=account,
        region=region,
        instance_id=instance,
        resource_role=fields.name(dig(part, "service", "resourceRole"), 10).upper(),
        remote_address=remote,
        principal=principal,
        sample=_is_sample(part),
        archived=dig(part, "service", "archived") is True,
        count=fields.count(dig(part, "service", "count")),
        first_seen_at=fields.moment(dig(part, "service", "eventFirstSeen") or part.get("createdAt")),
        last_seen_at=fields.moment(dig(part, "service", "eventLastSeen") or part.get("updatedAt")),
        observables=fields.observables(_seen(part, remote)),
        cause=cause(kind, account, region, instance or principal or _resource(part) or remote),
    )


def key(account: str, region: str, found_id: Any) -> str:
    """The same for every copy of a finding, whoever passes it on. Raises ValueError for one without an id."""
    return fields.identity("guardduty", account, region, found_id)


def cause(kind: str, account: str, region: str, about: str) -> tuple[str, ...]:
    """Findings of one type about one resource are one cause."""
    return ("guardduty", kind, account, region, about)


def _camel(value: Any) -> Any:
    """PascalCase keys to camelCase, through lists too."""
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: _camel(part) for key, part in value.items()}
    return [_camel(part) for part in value] if isinstance(value, list) else value


def _remote_address(finding: dict[str, Any]) -> str:
    return next((address for address in _remote_addresses(finding) if address), "")


def _remote_addresses(finding: dict[str, Any]) -> Iterator[str]:
    action = dig(finding, "service", "action")
    for branch in action.values() if isinstance(action, dict) else ():
        for version in ("ipAddressV4", "ipAddressV6"):
            yield fields.name(dig(branch, "remoteIpDetails", version), 60)
    for probe in dicts(dig(action, "portProbeAction", "portProbeDetails")):
        yield fields.name(dig(probe, "remoteIpDetails", "ipAddressV4"), 60)


def _resource(finding: dict[str, Any]) -> str:
    """A bucket, cluster, function or database, where no machine and no user is meant."""
    return next((name for _, found in _resources(finding) if (name := fields.name(found))), "")


def _resources(finding: dict[str, Any]) -> Iterator[tuple[Kind, Any]]:
    resource = finding.get("resource")
    for bucket in dicts(dig(resource, "s3BucketDetails")):
        yield "resource", bucket.get("arn") or bucket.get("name")
    for details, names in RESOURCES.items():
        found = dig(resource, details)
        yield (
            "resource",
            next((found[one] for one in names if found.get(one)), None) if isinstance(found, dict) else None,
        )


RESOURCES = {
    "ebsVolumeDetails": ("volumeArn",),
    "ecsClusterDetails": ("arn", "name"),
    "eksClusterDetails": ("arn", "name"),
    "lambdaDetails": ("functionArn", "functionName"),
    "rdsDbInstanceDetails": ("dbInstanceArn", "dbInstanceIdentifier"),
}
"""Where a resource's name stands in the details of its type."""


def _seen(finding: dict[str, Any], remote: str) -> Iterator[tuple[Kind, Any]]:
    access = dig(finding, "resource", "accessKeyDetails")
    yield "account", finding.get("accountId")
    yield "instance", dig(finding, "resource", "instanceDetails", "instanceId")
    yield "instance", _session_of_instance(dig(access, "principalId"))
    yield "address", remote
    yield "principal", dig(access, "userName")
    yield "key", dig(access, "accessKeyId")
    for address in _remote_addresses(finding):
        yield "address", address
    yield "domain", dig(finding, "service", "action", "dnsRequestAction", "domain")
    yield from _resources(finding)
    for card in dicts(dig(finding, "resource", "instanceDetails", "networkInterfaces")):
        yield "address", card.get("publicIp")
    for threat in dicts(
        dig(finding, "service", "ebsVolumeScanDetails", "scanDetections", "threatDetectedByName", "threatNames")
    ):
        for path in dicts(threat.get("filePaths")):
            yield "hash", path.get("hash")
            yield "file", path.get("filePath")


def _session_of_instance(principal: Any) -> str:
    """The instance whose role's session this is: EC2 names such a session after the instance ("AROA...:i-0abc")."""
    name = str(principal).partition(":")[2]
    return name if name.startswith("i-") else ""


def _is_sample(finding: dict[str, Any]) -> bool:
    marker = dig(finding, "service", "additionalInfo", "sample")
    value = dig(finding, "service", "additionalInfo", "value")
    if not marker and isinstance(value, str) and value.startswith("{"):
        try:
            marker = dig(json.loads(value), "sample")
        except (ValueError, RecursionError):
            marker = None
    return str(marker).lower() == "true" or fields.text(finding.get("title")).startswith("[SAMPLE FINDING]")
