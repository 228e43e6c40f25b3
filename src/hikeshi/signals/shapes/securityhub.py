"""Security Hub findings in the AWS Security Finding Format (ASFF), from EventBridge, GetFindings or a list, of whatever product.

A finding of GuardDuty has the key that GuardDuty's own copy has: both are one alert. A failed control is one cause over all resources
it failed for, and a vulnerability over all machines that have it; anything else is told apart by its resource.

References:
  https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-findings-format-syntax.html
  https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-cwe-event-formats.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hikeshi.events.event import Event
from hikeshi.events.parsers import securityhub
from hikeshi.signals import fields
from hikeshi.signals.fields import dicts, dig
from hikeshi.signals.findings import common, event_of, named_by
from hikeshi.signals.shapes import guardduty
from hikeshi.signals.signal import Kind, Signal
from hikeshi.text import Text

NAME = "securityhub"
ABOUT = Text(en="Security Hub findings (ASFF)", ja="Security Hub の検出結果（ASFF）")
OVER = ("RESOLVED", "SUPPRESSED")


def parts(document: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(document, dict) and {"ProductArn", "AwsAccountId"} <= document.keys():
        yield "", document


def signal(part: Any) -> Signal:
    if not fields.name(part.get("Id")):
        raise ValueError("the finding has no Id, and nothing can be kept apart without one")
    event = event_of(securityhub, part)
    said = common(event)
    product, kind = event.service or NAME, fields.text(event.action, fields.KIND_LIMIT)
    about = (
        said["instance_id"] or said["principal"] or next(iter(event.resource_ids or []), "") or said["remote_address"]
    )
    account, region = said["account"], said["region"]
    if product == guardduty.NAME:
        key, cause = guardduty.key(account, region, event.finding_id), guardduty.cause(kind, account, region, about)
    else:
        key, cause = fields.identity(NAME, account, region, part["Id"]), _cause(part, event, account, region, about)
    return Signal(
        key=key,
        title=fields.text(part.get("Title") or kind, fields.TITLE_LIMIT),
        kind=kind,
        archived=is_over(part),
        observables=fields.observables(_seen(part, event)),
        cause=cause,
        **said | {"last_seen_at": fields.moment(part.get("UpdatedAt")) or said["last_seen_at"]},
    )


def is_over(finding: dict[str, Any]) -> bool:
    """Archived by its product, closed by a person, or a control that is kept to."""
    return (
        finding.get("RecordState") == "ARCHIVED"
        or dig(finding, "Workflow", "Status") in OVER
        or dig(finding, "Compliance", "Status") == "PASSED"
    )


def _cause(finding: dict[str, Any], event: Event, account: str, region: str, about: str) -> tuple[str, ...]:
    control = dig(finding, "Compliance", "SecurityControlId") or (
        finding.get("Compliance") and finding.get("GeneratorId")
    )
    flaw = next((one.get("Id") for one in dicts(finding.get("Vulnerabilities"))), None)
    if common_to_all := fields.name(control or flaw):
        return (NAME, event.service or "", common_to_all, account, region)
    return (NAME, event.service or "", event.action or "", account, region, about)


def _seen(finding: dict[str, Any], event: Event) -> Iterator[tuple[Kind, Any]]:
    yield from named_by(event)
    for resource in dicts(finding.get("Resources")):
        access = dig(resource, "Details", "AwsIamAccessKey")
        yield "instance", fields.instance_of(resource.get("Id"))
        yield "principal", dig(access, "PrincipalName") or dig(access, "UserName")
        yield "key", dig(access, "AccessKeyId")
        yield "resource", resource.get("Id")
    for sign in dicts(finding.get("ThreatIntelIndicators")):
        kind = INDICATORS.get(fields.name(sign.get("Type")))
        if kind:
            yield kind, sign.get("Value")
    for harm in dicts(finding.get("Malware")):
        yield "file", harm.get("Path")
    yield "file", dig(finding, "Process", "Path")


INDICATORS: dict[str, Kind] = {
    "DOMAIN": "domain",
    "EMAIL_ADDRESS": "mail",
    "HASH_MD5": "hash",
    "HASH_SHA1": "hash",
    "HASH_SHA256": "hash",
    "HASH_SHA512": "hash",
    "IPV4_ADDRESS": "address",
    "IPV6_ADDRESS": "address",
    "URL": "url",
}
"""What ASFF calls its indicators."""
