"""Amazon GuardDuty findings: JSON lines exported to S3, EventBridge events, answers of GetFindings.

The same finding is spelled with small first letters (export, EventBridge) or capital ones (API, SDKs); both are read alike. A finding
is an aggregate that is updated: the same id comes again with a later `updatedAt` and a higher count. Every update is an event of its
own and `finding_id` joins them. It lasts from `eventFirstSeen`, which can lie weeks before the finding was made, to `eventLastSeen`.
Sample findings are marked and must never become incidents.

References:
  https://docs.aws.amazon.com/guardduty/latest/APIReference/API_Finding.html
  https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings_eventbridge.html
  https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_exportfindings.html
"""

# Fields are spelled as in the record, so that the typed record reads like the documentation.
# ruff: noqa: N815

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.events.addresses import address
from hikeshi.events.event import Event
from hikeshi.events.json_records import BROKEN, records
from hikeshi.events.json_shape import first_record
from hikeshi.events.source import Source
from hikeshi.events.times import Instant, instant

NAME = "guardduty"
VERSION = "1"

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]
Count = Annotated[int, msgspec.Meta(ge=0, lt=1 << 62)]


class RemoteIp(msgspec.Struct):
    ipAddressV4: str | None = None
    ipAddressV6: str | None = None


class LocalPort(msgspec.Struct):
    port: Port | None = None


class Deed(msgspec.Struct):
    """The details of an action: which fields there are depends on its type."""

    connectionDirection: str | None = None
    protocol: str | None = None
    blocked: bool | None = None
    remoteIpDetails: RemoteIp | None = None
    localIpDetails: RemoteIp | None = None
    remotePortDetails: LocalPort | None = None
    localPortDetails: LocalPort | None = None
    domain: str | None = None
    api: str | None = None
    serviceName: str | None = None


class Action(msgspec.Struct):
    actionType: str | None = None
    networkConnectionAction: Deed | None = None
    awsApiCallAction: Deed | None = None
    dnsRequestAction: Deed | None = None
    kubernetesApiCallAction: Deed | None = None
    rdsLoginAttemptAction: Deed | None = None


class Service(msgspec.Struct):
    action: Action | None = None
    eventFirstSeen: str | None = None
    eventLastSeen: str | None = None
    count: Count | None = None
    additionalInfo: Any = None


class AccessKey(msgspec.Struct):
    accessKeyId: str | None = None
    principalId: str | None = None
    userName: str | None = None
    userType: str | None = None


class Interface(msgspec.Struct):
    networkInterfaceId: str | None = None
    privateIpAddress: str | None = None
    publicIp: str | None = None
    subnetId: str | None = None
    vpcId: str | None = None


class Instance(msgspec.Struct):
    instanceId: str | None = None
    availabilityZone: str | None = None
    networkInterfaces: list[Interface] | None = None


class Bucket(msgspec.Struct):
    arn: str | None = None
    name: str | None = None


class Resource(msgspec.Struct):
    resourceType: str | None = None
    accessKeyDetails: AccessKey | None = None
    instanceDetails: Instance | None = None
    s3BucketDetails: list[Bucket] | None = None


class Finding(msgspec.Struct, kw_only=True):
    """One finding, as it stood at `updatedAt`."""

    id: str
    type: str
    severity: Annotated[float, msgspec.Meta(ge=0, le=10)] | None = None
    accountId: str | None = None
    region: str | None = None
    title: str = ""
    createdAt: str | float | None = None
    updatedAt: str | float | None = None
    resource: Resource = msgspec.field(default_factory=Resource)
    service: Service = msgspec.field(default_factory=Service)


COLUMNS = frozenset({"id", "type", "severity", "accountId", "region"})
"""Fields wholly held by columns; the others are kept in attrs too."""


def recognises(head: bytes) -> bool:
    """By the finding's own keys: other logs quote findings. Where the head is no JSON, such as JSON inside a page, by its words."""
    found = {key[:1].lower() + key[1:]: value for key, value in first_record(head).items()}
    if not found:
        return all(re.search(mark, head) for mark in MARKS)
    if found.get("detail-type") == "GuardDuty Finding":
        return True
    known = found.get("schemaVersion", "").startswith("2.") and "accountId" in found
    return known and bool(found.keys() & {"resource", "service", "severity"})


MARKS = (rb'"[sS]chemaVersion"\s*:\s*"2\.', rb'"[sS]everity"\s*:', rb'"[aA]ccountId"\s*:', rb'"[rR]esource"\s*:\s*\{')


def events(source: Source) -> Iterator[Event | Unreadable]:
    """Every finding, once for each update."""
    for record in records(source):
        if isinstance(record, Unreadable):
            yield record
            continue
        try:
            data, variant = _unwrap(msgspec.json.decode(record.data), record.variant)
            yield _event(data, bytes(record.data), variant, seq=record.seq, offset=record.offset)
        except BROKEN as error:
            yield source.unreadable(str(error), f"record {record.seq:,}")


def _unwrap(data: Any, variant: str) -> tuple[Any, str]:
    if isinstance(data, dict) and "detail-type" in data:
        return _small(data.get("detail")), "eventbridge"
    return _small(data), {"lines": "export", "wrapped": "api"}.get(variant, variant)


def _small(value: Any) -> Any:
    """The keys with a small first letter, all the way down."""
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: _small(item) for key, item in value.items()}
    return [_small(item) for item in value] if isinstance(value, list) else value


def _event(data: Any, raw: bytes, variant: str, *, seq: int, offset: int | None) -> Event:
    finding = msgspec.convert(data, Finding)
    service, resource = finding.service, finding.resource
    at, text, said = _seen(finding)
    deed, key = _deed(service.action), resource.accessKeyDetails or AccessKey()
    last = _instant(service.eventLastSeen)
    machine = resource.instanceDetails or Instance()
    card = (machine.networkInterfaces or [Interface()])[0]
    return Event(
        dedup_key=f"guardduty:{finding.accountId}:{finding.id}:{finding.updatedAt}",
        ts=at.us,
        ts_end=last.us if last else None,
        ts_precision=at.precision,
        ts_desc=said,
        ts_basis=at.basis,
        ts_raw=text,
        seq=seq,
        source_variant=variant,
        offset=offset,
        raw=raw,
        category="finding",
        provider="aws",
        service="guardduty",
        action=finding.type,
        outcome="denied" if deed.blocked else "unknown",
        severity=finding.severity * 10 if finding.severity is not None else None,
        sample=_is_sample(service),
        message=f"GuardDuty: {finding.title or finding.type}",
        actor_type=key.userType,
        actor_id=key.principalId,
        actor_name=key.userName,
        access_key=key.accessKeyId,
        direction=deed.connectionDirection.lower() if deed.connectionDirection else None,
        proto=deed.protocol.lower() if deed.protocol else None,
        resource_type=resource.resourceType,
        resource_ids=_resources(resource) or None,
        account=finding.accountId,
        region=finding.region,
        zone=machine.availabilityZone,
        vpc=card.vpcId,
        subnet=card.subnetId,
        instance=machine.instanceId,
        interface=card.networkInterfaceId,
        finding_id=finding.id,
        finding_type=finding.type,
        finding_count=service.count,
        attrs=msgspec.json.encode({name: value for name, value in data.items() if name not in COLUMNS}),
        **_ends(deed, card.privateIpAddress),
    )


def _seen(finding: Finding) -> tuple[Instant, str, str]:
    """When it began, that time as written, and what it says. Raises ValueError where the finding has no time."""
    times = (
        (finding.service.eventFirstSeen, "first_seen"),
        (finding.createdAt, "created"),
        (finding.updatedAt, "updated"),
    )
    for text, said in times:
        if (at := _instant(text)) is not None:
            return at, str(text), said
    raise ValueError("the finding has no time that can be read")


def _instant(value: str | float | None) -> Instant | None:
    """Text, or seconds since 1970 as some exports have it."""
    if isinstance(value, str):
        return instant(value)
    if value is None or not 0 <= value < LAST:
        return None
    return Instant(round(value * 1_000_000), "ms", "utc")


LAST = 253_402_300_800
"""Seconds until the year 10000."""

NO_DEED = Deed()


def _deed(action: Action | None) -> Deed:
    if action is None:
        return NO_DEED
    return (
        action.networkConnectionAction
        or action.awsApiCallAction
        or action.dnsRequestAction
        or action.kubernetesApiCallAction
        or action.rdsLoginAttemptAction
        or NO_DEED
    )


def _ends(deed: Deed, own: str | None) -> dict[str, Any]:
    """Where from and where to. Of an outbound connection, our own machine is the source."""
    remote, local = deed.remoteIpDetails or RemoteIp(), deed.localIpDetails or RemoteIp()
    there = {
        "ip": address(remote.ipAddressV4) or address(remote.ipAddressV6),
        "port": deed.remotePortDetails.port if deed.remotePortDetails else None,
    }
    here = {
        "ip": address(local.ipAddressV4) or address(local.ipAddressV6) or address(own),
        "port": deed.localPortDetails.port if deed.localPortDetails else None,
    }
    outbound = (deed.connectionDirection or "").upper() == "OUTBOUND" or deed.domain is not None
    source, target = (here, there) if outbound else (there, here)
    return {
        "src_ip": source["ip"], "src_port": source["port"],
        "dst_ip": target["ip"], "dst_port": target["port"], "dst_host": deed.domain,
    }  # fmt: skip


def _resources(resource: Resource) -> list[str]:
    key, machine = resource.accessKeyDetails, resource.instanceDetails
    buckets = [name for bucket in resource.s3BucketDetails or [] if (name := bucket.arn or bucket.name)]
    others = (machine and machine.instanceId, key and key.accessKeyId)
    return buckets + [name for name in others if name]


def _is_sample(service: Service) -> bool | None:
    info = service.additionalInfo
    if not isinstance(info, dict):
        return None
    value = info.get("sample")
    if value is None and isinstance(text := info.get("value"), str):  # JSON inside a string
        return '"sample":true' in text.replace(" ", "") or None
    return str(value).lower() == "true" if value is not None else None
