"""Findings in OCSF (classes 2001 to 2007), as Security Hub's second version, Security Lake and others send them.

Other classes of OCSF are logs and no alerts. A finding of GuardDuty has the key that GuardDuty's own copy has: both are one alert.

References:
  https://schema.ocsf.io/1.5.0/categories/findings
  https://docs.aws.amazon.com/securityhub/latest/userguide/securityhub-v2-eventbridge-events.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hikeshi.events.event import Event
from hikeshi.events.parsers import ocsf
from hikeshi.signals import fields
from hikeshi.signals.fields import dicts, dig
from hikeshi.signals.findings import common, event_of, named_by
from hikeshi.signals.shapes import guardduty
from hikeshi.signals.signal import Kind, Signal
from hikeshi.text import Text

NAME = "ocsf"
ABOUT = Text(
    en="Findings in OCSF, as Security Hub and Security Lake send them",
    ja="OCSF 形式の検出結果（Security Hub、Security Lake など）",
)
OVER = (3, 4, 5)
"""status_id: suppressed, resolved, archived."""

PASSED = 1
"""status_id of a compliance that is kept to."""


def parts(document: Any) -> Iterator[tuple[str, Any]]:
    found = document if isinstance(document, dict) else {}
    number = found.get("class_uid")
    if isinstance(number, int) and number // 1000 == 2 and isinstance(found.get("metadata"), dict):
        yield "", found


def signal(part: Any) -> Signal:
    info = part.get("finding_info") or part.get("finding")
    found_id = fields.name(dig(info, "uid"))
    if not found_id:
        raise ValueError("the finding has no finding_info.uid, and nothing can be kept apart without one")
    event = event_of(ocsf, part)
    said = common(event)
    product, kind = (
        fields.name(dig(part, "metadata", "product", "name")) or NAME,
        fields.text(event.action, fields.KIND_LIMIT),
    )
    about = (
        said["instance_id"] or said["principal"] or next(iter(event.resource_ids or []), "") or said["remote_address"]
    )
    account, region = said["account"], said["region"]
    if product == "GuardDuty":
        key, cause = guardduty.key(account, region, event.finding_id), guardduty.cause(kind, account, region, about)
    else:
        key = fields.identity(NAME, product, account, region, dig(info, "uid"))
        cause = (NAME, product, _common_to_all(part) or f"{kind}\x1f{about}", account, region)
    changed = fields.moment(dig(info, "modified_time")) or fields.moment(dig(info, "modified_time_dt"))
    return Signal(
        key=key,
        title=fields.text(dig(info, "title") or kind, fields.TITLE_LIMIT),
        kind=kind,
        archived=part.get("status_id") in OVER or dig(part, "compliance", "status_id") == PASSED,
        observables=fields.observables(_seen(part, event)),
        cause=cause,
        **said | {"last_seen_at": changed or said["last_seen_at"]},
    )


def _common_to_all(finding: dict[str, Any]) -> str:
    """The control or the vulnerability: one cause over everything that has it."""
    flaw = next(iter(dicts(finding.get("vulnerabilities"))), {})
    return fields.name(dig(finding, "compliance", "control") or dig(flaw, "cve", "uid") or flaw.get("title"))


def _seen(finding: dict[str, Any], event: Event) -> Iterator[tuple[Kind, Any]]:
    yield from named_by(event)
    for resource in dicts(finding.get("resources")):
        yield "instance", fields.instance_of(resource.get("uid"))
    for one in dicts(finding.get("observables")):
        number = one.get("type_id")
        if isinstance(number, int) and (kind := OBSERVABLES.get(number)):
            yield kind, one.get("value")


OBSERVABLES: dict[int, Kind] = {
    1: "host", 2: "address", 4: "principal", 5: "mail", 6: "url", 7: "file", 8: "hash", 10: "resource",
    19: "key", 21: "principal", 23: "url", 24: "file", 45: "file",
}  # fmt: skip
"""Kinds by observable type_id of the dictionary; others, such as ports and processes, belong to nothing together."""
