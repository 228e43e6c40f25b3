"""AWS Security Hub findings in the AWS Security Finding Format (ASFF), of whatever product found them.

Read are answers of GetFindings, single findings, JSON lines and EventBridge events, which hold several findings. A finding is updated:
each update is an event of its own and `finding_id` joins them. A finding of GuardDuty has the id and the type that GuardDuty gives it,
so that both copies can be found together; where from and where to stands in `Action`, `Network` or, for GuardDuty, in `ProductFields`,
which are a flat list of text.

References:
  https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-syntax.html
  https://docs.aws.amazon.com/securityhub/latest/userguide/asff-required-attributes.html
  https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-cwe-event-formats.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.events.access_lines import number
from hikeshi.events.addresses import address
from hikeshi.events.event import Event
from hikeshi.events.json_envelopes import Piece, made, opened
from hikeshi.events.json_records import BROKEN, Record, records
from hikeshi.events.json_shape import first_record
from hikeshi.events.json_typed import reader, rest
from hikeshi.events.source import Source
from hikeshi.events.times import Instant, instant

NAME = "securityhub"
VERSION = "1"

LABELS = {"INFORMATIONAL": 0.0, "LOW": 1.0, "MEDIUM": 40.0, "HIGH": 70.0, "CRITICAL": 90.0}
"""What a label stands for where there is no number."""

Port = Annotated[int, msgspec.Meta(ge=0, le=65535)]


class Severity(msgspec.Struct):
    Normalized: Annotated[float, msgspec.Meta(ge=0, le=100)] | None = None
    Label: str | None = None


class RemoteIp(msgspec.Struct):
    IpAddressV4: str | None = None


class Deed(msgspec.Struct):
    """The details of an action: which fields there are depends on its type."""

    ConnectionDirection: str | None = None
    Protocol: str | None = None
    Domain: str | None = None
    Api: str | None = None
    Blocked: bool | None = None
    RemoteIpDetails: RemoteIp | None = None


class Action(msgspec.Struct):
    ActionType: str | None = None
    NetworkConnectionAction: Deed | None = None
    AwsApiCallAction: Deed | None = None
    DnsRequestAction: Deed | None = None


class Network(msgspec.Struct):
    Direction: str | None = None
    Protocol: str | None = None
    SourceIpV4: str | None = None
    SourceIpV6: str | None = None
    SourcePort: Port | None = None
    DestinationIpV4: str | None = None
    DestinationIpV6: str | None = None
    DestinationPort: Port | None = None
    DestinationDomain: str | None = None


class Resource(msgspec.Struct):
    Id: str | None = None
    Type: str | None = None


class Compliance(msgspec.Struct):
    Status: str | None = None


class Finding(msgspec.Struct, kw_only=True):
    """One finding, as it stood at UpdatedAt."""

    Id: str
    ProductArn: str
    Title: str = ""
    AwsAccountId: str | None = None
    Region: str | None = None
    ProductName: str | None = None
    Types: list[str] | None = None
    FirstObservedAt: str | None = None
    LastObservedAt: str | None = None
    CreatedAt: str | None = None
    UpdatedAt: str | None = None
    Severity: Severity | None = None
    Resources: list[Resource] | None = None
    Compliance: Compliance | None = None
    ProductFields: dict[str, Any] | None = None
    Action: Action | None = None
    Network: Network | None = None
    Sample: bool | None = None


class Detail(msgspec.Struct):
    findings: list[msgspec.Raw]


class Envelope(msgspec.Struct):
    detail: Detail


COLUMNS = frozenset({"Id", "SchemaVersion", "AwsAccountId", "Region", "Title"})
"""Fields wholly held by columns; the others are kept in attrs too."""

VARIANTS = {"wrapped": "api", "lines": "export"}
_read = reader(Finding)
_envelope = msgspec.json.Decoder(Envelope)


def recognises(head: bytes) -> bool:
    found = first_record(head)
    if found.get("detail-type", "").startswith("Security Hub Findings"):
        return True
    return {"ProductArn", "AwsAccountId", "Id"} <= found.keys()


def events(source: Source) -> Iterator[Event | Unreadable]:
    """Every finding, once for each update."""
    yield from made(source, opened(records(source), _findings), _event)


def _findings(data: bytes, variant: str) -> list[Piece]:
    if b'"detail-type"' in data:
        try:
            return [(bytes(finding), "eventbridge") for finding in _envelope.decode(data).detail.findings]
        except BROKEN:
            return []
    return [(data, VARIANTS.get(variant, variant))]


def _event(record: Record) -> Event:
    """Raises one of BROKEN where the record has no time or is none of this log."""
    data = bytes(record.data)
    finding = _read(data)
    at, text, said = _seen(finding)
    last = instant(finding.LastObservedAt or "")
    product = _product(finding)
    found_id, kind = named(product, finding.Id, next(iter(finding.Types or []), None))
    fields = finding.ProductFields or {}
    return Event(
        dedup_key=f"securityhub:{finding.AwsAccountId}:{finding.Id}:{finding.UpdatedAt}",
        ts=at.us,
        ts_end=last.us if last else None,
        ts_precision=at.precision,
        ts_desc=said,
        ts_basis=at.basis,
        ts_raw=text,
        seq=record.seq,
        source_variant=record.variant,
        offset=record.offset,
        raw=data,
        category="finding",
        provider="aws",
        service=product.lower().replace(" ", ""),
        action=kind or finding.Title or "finding",
        outcome="denied" if _blocked(finding) else "unknown",
        severity=_severity(finding.Severity),
        sample=True if finding.Sample or _true(fields.get("aws/guardduty/service/additionalInfo/sample")) else None,
        message=f"{product}: {finding.Title or kind or finding.Id}"
        + (f" ({finding.Compliance.Status})" if finding.Compliance and finding.Compliance.Status else ""),
        actor_name=_text(fields.get("aws/guardduty/service/userName")),
        resource_type=finding.Resources[0].Type if finding.Resources else None,
        resource_ids=[one.Id for one in finding.Resources or [] if one.Id] or None,
        instance=_instance(finding),
        account=finding.AwsAccountId,
        region=finding.Region or _region(finding.ProductArn),
        finding_id=found_id,
        finding_type=kind,
        finding_count=number(str(fields.get("aws/guardduty/service/count", ""))),
        attrs=rest(data, COLUMNS),
        **_ends(finding, fields),
    )


def _seen(finding: Finding) -> tuple[Instant, str, str]:
    """When it began, that time as written, and what it says. Raises ValueError where the finding has no time."""
    times = ((finding.FirstObservedAt, "first_seen"), (finding.CreatedAt, "created"), (finding.UpdatedAt, "updated"))
    for text, said in times:
        if text and (at := instant(text)) is not None:
            return at, text, said
    raise ValueError("the finding has no time that can be read")


def _product(finding: Finding) -> str:
    """The product's name; the ARN names it where the field is missing."""
    named = finding.ProductName or _text((finding.ProductFields or {}).get("aws/securityhub/ProductName"))
    if named:
        return named
    last = finding.ProductArn.rpartition("/")[2]
    return {"guardduty": "GuardDuty", "securityhub": "Security Hub"}.get(last, last or "Security Hub")


def named(product: str, found_id: str, kind: str | None) -> tuple[str, str | None]:
    """Id and type. GuardDuty's are spelled as GuardDuty spells them: TTPs/Stealth/Stealth:IAMUser-X is Stealth:IAMUser/X."""
    if product != "GuardDuty":
        return found_id, kind
    last = (kind or "").rpartition("/")[2]
    return found_id.rpartition("/")[2], last.replace("-", "/", 1) if ":" in last else kind


def _severity(severity: Severity | None) -> float | None:
    if severity is None:
        return None
    return severity.Normalized if severity.Normalized is not None else LABELS.get((severity.Label or "").upper())


def _deed(finding: Finding) -> Deed:
    action = finding.Action or Action()
    deeds = (action.NetworkConnectionAction, action.AwsApiCallAction, action.DnsRequestAction)
    return next((deed for deed in deeds if deed is not None and deed != Deed()), Deed())


def _blocked(finding: Finding) -> bool:
    if _deed(finding).Blocked:
        return True
    fields = finding.ProductFields or {}
    return any(name.startswith(GUARDDUTY) and name.endswith("/blocked") and _true(fields[name]) for name in fields)


GUARDDUTY = "aws/guardduty/service/action/"


def _ends(finding: Finding, fields: dict[str, Any]) -> dict[str, Any]:
    """Where from and where to. Of an outbound connection, our own machine is the source."""
    network, deed = finding.Network, _deed(finding)
    if network is not None:
        return {
            "src_ip": address(network.SourceIpV4) or address(network.SourceIpV6), "src_port": network.SourcePort,
            "dst_ip": address(network.DestinationIpV4) or address(network.DestinationIpV6),
            "dst_port": network.DestinationPort, "dst_host": network.DestinationDomain,
            "proto": _small(network.Protocol), "direction": _small(network.Direction),
        }  # fmt: skip
    flat = {name.rpartition("Action/")[2]: str(value) for name, value in fields.items() if name.startswith(GUARDDUTY)}
    remote = address(flat.get("remoteIpDetails/ipAddressV4")) or address(
        deed.RemoteIpDetails and deed.RemoteIpDetails.IpAddressV4
    )
    there = (remote, number(flat.get("remotePortDetails/port"), 65535))
    here = (address(flat.get("localIpDetails/ipAddressV4")), number(flat.get("localPortDetails/port"), 65535))
    direction, domain = (
        _small(flat.get("connectionDirection") or deed.ConnectionDirection),
        flat.get("domain") or deed.Domain,
    )
    source, target = (here, there) if direction == "outbound" or domain else (there, here)
    return {
        "src_ip": source[0], "src_port": source[1], "dst_ip": target[0], "dst_port": target[1], "dst_host": domain,
        "proto": _small(flat.get("protocol") or deed.Protocol), "direction": direction,
    }  # fmt: skip


def _instance(finding: Finding) -> str | None:
    arns = [one.Id for one in finding.Resources or [] if one.Type == "AwsEc2Instance" and one.Id]
    return arns[0].rpartition("/")[2] if arns else None


def _region(arn: str) -> str | None:
    parts = arn.split(":")
    return parts[3] or None if len(parts) > 4 else None


def _true(value: Any) -> bool:
    return str(value).lower() == "true"


def _small(value: str | None) -> str | None:
    return value.lower() if value else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None
