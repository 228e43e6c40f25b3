"""GuardDuty findings: as EventBridge sends them (camelCase `detail`), as the API returns them (PascalCase), in a list, or bare.

References: the GuardDuty finding format and EventBridge notification pages of the AWS documentation.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from hikeshi.errors import Unreadable
from hikeshi.signals.signal import Kind, Observable, Signal

NAME = "guardduty"


def signals(document: Any, source: str) -> list[Signal]:
    """Every finding in a JSON document; none when it is of another shape. Raises `Unreadable` for a finding without an id."""
    return [_signal(finding, source) for finding in _findings(document)]


def _findings(document: Any) -> list[dict[str, Any]]:
    if isinstance(document, list):
        return [found for part in document for found in _findings(part)]
    if not isinstance(document, dict):
        return []
    for wrapper in ("detail", "findings", "Findings"):
        if isinstance(document.get(wrapper), dict | list):
            return _findings(document[wrapper])
    low = _camel(document)
    return [low] if {"id", "type", "severity"} <= low.keys() else []


def _camel(value: Any) -> Any:
    """PascalCase keys to camelCase, through lists too."""
    if isinstance(value, dict):
        return {key[:1].lower() + key[1:]: _camel(part) for key, part in value.items()}
    return [_camel(part) for part in value] if isinstance(value, list) else value


def _dig(value: Any, *path: str) -> Any:
    for key in path:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _text(value: Any, limit: int = 200) -> str:
    return "" if value is None or isinstance(value, dict | list) else str(value)[:limit]


def _time(value: Any) -> datetime | None:
    try:
        return datetime.fromisoformat(str(value)) if value else None
    except ValueError:
        return None


def _number(value: Any) -> float:
    try:
        return min(10.0, max(0.0, float(value)))
    except (TypeError, ValueError):
        return 0.0


def _remote_address(finding: dict[str, Any]) -> str:
    action = _dig(finding, "service", "action")
    for branch in action.values() if isinstance(action, dict) else ():
        for address in (_dig(branch, "remoteIpDetails", "ipAddressV4"), _dig(branch, "remoteIpDetails", "ipAddressV6")):
            if address:
                return _text(address, 60)
    probes = _dig(action, "portProbeAction", "portProbeDetails")
    return _text(_dig(probes[0], "remoteIpDetails", "ipAddressV4"), 60) if isinstance(probes, list) and probes else ""


def _is_sample(finding: dict[str, Any]) -> bool:
    marker = _dig(finding, "service", "additionalInfo", "sample")
    value = _dig(finding, "service", "additionalInfo", "value")
    if not marker and isinstance(value, str) and value.startswith("{"):
        try:
            marker = _dig(json.loads(value), "sample")
        except ValueError:
            marker = None
    return marker in {True, "true", "True"} or _text(finding.get("title")).startswith("[SAMPLE FINDING]")


def _signal(finding: dict[str, Any], source: str) -> Signal:
    identity = _text(finding.get("id"), 120)
    if not identity:
        raise Unreadable("a finding without an id", source=source, hint="Nothing can be kept apart without one.")
    account, region = _text(finding.get("accountId"), 20), _text(finding.get("region"), 30)
    count = _dig(finding, "service", "count")
    seen: dict[Kind, str] = {
        "account": account,
        "instance": _text(_dig(finding, "resource", "instanceDetails", "instanceId")),
        "address": _remote_address(finding),
        "principal": _text(_dig(finding, "resource", "accessKeyDetails", "userName")),
        "key": _text(_dig(finding, "resource", "accessKeyDetails", "accessKeyId")),
    }
    return Signal(
        key=f"guardduty:{account}:{region}:{identity}",
        title=_text(finding.get("title") or finding.get("type"), 300),
        kind=_text(finding.get("type")),
        score=_number(finding.get("severity")),
        account=account,
        region=region,
        instance_id=_text(_dig(finding, "resource", "instanceDetails", "instanceId"), 40),
        resource_role=_text(_dig(finding, "service", "resourceRole"), 10).upper(),
        remote_address=_remote_address(finding),
        principal=_text(_dig(finding, "resource", "accessKeyDetails", "userName")),
        sample=_is_sample(finding),
        archived=_dig(finding, "service", "archived") is True,
        count=count if isinstance(count, int) and count > 0 else 1,
        first_seen_at=_time(_dig(finding, "service", "eventFirstSeen")),
        last_seen_at=_time(_dig(finding, "service", "eventLastSeen") or finding.get("updatedAt")),
        observables=tuple(Observable(kind, value) for kind, value in seen.items() if value),
    )
