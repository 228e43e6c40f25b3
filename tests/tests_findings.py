"""A made-up GuardDuty finding for tests."""

from __future__ import annotations

import json
from typing import Any


def finding(**changes: Any) -> bytes:
    """A GuardDuty finding as EventBridge delivers it; `changes` replace top-level fields of the detail."""
    detail = {
        "schemaVersion": "2.0",
        "accountId": "111122223333",
        "region": "ap-northeast-1",
        "id": "b2c9d0e1f2a34b5c6d7e8f9012345678",
        "type": "Backdoor:EC2/C&CActivity.B",
        "severity": 8,
        "title": "EC2 instance i-0abc is querying a C&C server.",
        "resource": {"resourceType": "Instance", "instanceDetails": {"instanceId": "i-0abc"}},
        "service": {
            "archived": False,
            "count": 3,
            "resourceRole": "ACTOR",
            "eventFirstSeen": "2026-11-06T18:00:00Z",
            "eventLastSeen": "2026-11-06T18:05:00Z",
            "action": {
                "actionType": "NETWORK_CONNECTION",
                "networkConnectionAction": {"remoteIpDetails": {"ipAddressV4": "203.0.113.66"}},
            },
        },
    }
    detail.update(changes)
    return json.dumps({"source": "aws.guardduty", "detail-type": "GuardDuty Finding", "detail": detail}).encode()
