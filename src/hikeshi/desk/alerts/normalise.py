"""From a payload to the fields of an alert: one function per shape, no database.

Shapes understood: a GuardDuty finding as EventBridge sends it (camelCase `detail`), as the API returns it (PascalCase), wrapped in
a list, or bare. References: the GuardDuty finding format and EventBridge notification pages of the AWS documentation.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

import msgspec

from hikeshi.errors import Unreadable
from hikeshi.text import Text

PAYLOAD_LIMIT = 1024 * 1024


class Signal(msgspec.Struct, frozen=True, kw_only=True):
    """What an alert says, in our words. `score` is 0 to 10 as GuardDuty counts."""

    key: str
    title: str
    kind: str
    score: float
    account: str = ""
    region: str = ""
    instance_id: str = ""
    resource_role: str = ""
    remote_address: str = ""
    principal: str = ""
    sample: bool = False
    archived: bool = False
    count: int = 1
    first_seen_at: datetime | None = None
    last_seen_at: datetime | None = None


def read_signals(payload: bytes, source: str) -> list[Signal]:
    """All findings in one payload. Raises `Unreadable` that says where it stops making sense."""
    if len(payload) > PAYLOAD_LIMIT:
        raise Unreadable(f"{len(payload)} bytes; an alert may have {PAYLOAD_LIMIT}", source=source)
    try:
        document = json.loads(payload)
    except UnicodeDecodeError as problem:
        raise Unreadable("not UTF-8 text", source=source, place=f"byte {problem.start}") from problem
    except json.JSONDecodeError as problem:
        place = f"line {problem.lineno} column {problem.colno}"
        raise Unreadable(f"not JSON ({problem.msg})", source=source, place=place) from problem
    except RecursionError as problem:
        raise Unreadable("nested too deeply", source=source) from problem
    findings = _findings(document)
    if not findings:
        hint = "Known: GuardDuty findings, from EventBridge or the API."
        raise Unreadable("no finding in it that we know", source=source, hint=hint)
    return [_signal(finding, source) for finding in findings]


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
    )


def suggest_severity(signal: Signal) -> tuple[int, list[Text]]:
    """A severity for a person to confirm, with its reasons."""
    if signal.resource_role == "TARGET":
        return 4, [
            Text("The resource is the target, not the actor: an attempt.", "対象は標的であり攻撃元ではない: 試行。")
        ]
    bands = ((9.0, 1, "critical", "重大"), (7.0, 2, "high", "高"), (4.0, 3, "medium", "中"), (0.0, 4, "low", "低"))
    severity, en, ja = next((sev, en, ja) for floor, sev, en, ja in bands if signal.score >= floor)
    reasons = [Text(f"GuardDuty rates it {signal.score:g} ({en}).", f"GuardDuty の評価は {signal.score:g}({ja})。")]
    if signal.resource_role == "ACTOR":
        reasons.append(
            Text("The resource is the actor: it is doing the attacking.", "対象自身が攻撃側として動作している。")
        )
    return severity, reasons
