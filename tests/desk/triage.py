"""Alerts that arrive, for tests of triage."""

from __future__ import annotations

from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts import verbs as alerts
from hikeshi.desk.alerts.models import Alert, Group
from tests_findings import finding


def arrive(
    actor: Actor, number: int = 1, *, cause: str = "i-0abc", severity: float = 8, address: str = "203.0.113.66"
) -> Alert:
    """One alert about the instance `cause`; `number` tells alerts of one cause apart."""
    payload = finding(
        id=f"{cause}-{number}", severity=severity,
        resource={"resourceType": "Instance", "instanceDetails": {"instanceId": cause}},
        service={
            "count": 1, "resourceRole": "ACTOR", "eventFirstSeen": "2026-11-06T18:00:00Z", "eventLastSeen": "2026-11-06T18:05:00Z",
            "action": {"actionType": "NETWORK_CONNECTION", "networkConnectionAction": {"remoteIpDetails": {"ipAddressV4": address}}},
        },
    )  # fmt: skip
    return alerts.receive(payload, actor=actor, source="sqs").alerts.get()


def group_of(actor: Actor, number: int = 1, **about: object) -> Group:
    """The group that an arriving alert is in."""
    return Group.objects.get(pk=arrive(actor, number, **about).group_id)  # type: ignore[arg-type]  # as above
