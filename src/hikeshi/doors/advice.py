"""What the findings of an incident call for: the actions by family, with what is known of their inputs, ready to be added."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final

import msgspec
from typing_extensions import TypedDict  # pydantic asks for this one below Python 3.12

from hikeshi.actions import ACTIONS
from hikeshi.actions.aws.advice import Advice, Sign, advise, bound
from hikeshi.actions.catalogue import inputs
from hikeshi.desk.alerts.models import Alert
from hikeshi.desk.incidents.models import Incident
from hikeshi.doors.shapes import Both

MOST_ALERTS: Final = 50
"""Alerts of an incident that are looked at, the gravest first."""


class ProposedShape(TypedDict):
    """One action: `inputs` are those that a finding knows, `to_give` the names of those a person must give."""

    action: str
    title: Both
    effect: str
    reversible: str
    radius: str
    inputs: dict[str, Any]
    to_give: list[str]


class AdviceShape(TypedDict):
    """What one kind of finding calls for. `mode`: triage, notify, approval, two-person, or order (fit for a standing order)."""

    alert: str
    kind: str
    family: Both | None
    mode: str
    order: str
    why: Both
    account: str
    region: str
    actions: list[ProposedShape]


def advice(incident: Incident) -> list[AdviceShape]:
    """One answer for each finding type and resource of the incident, the gravest first."""
    found: dict[tuple[str, ...], AdviceShape] = {}
    alerts = incident.alerts.select_related("group").prefetch_related("group__observables").order_by("-score", "pk")
    for alert in alerts[:MOST_ALERTS]:
        about = (alert.kind, alert.resource_role, alert.account, alert.instance_id or alert.principal)
        if about not in found:
            sign = sign_of(alert)
            found[about] = _shape(alert, sign, advise(sign))
    return list(found.values())


def sign_of(alert: Alert) -> Sign:
    """What the alert and its group name, by kind; what the alert names itself comes first."""
    names: dict[str, list[str]] = defaultdict(list)
    own = (("instance", alert.instance_id), ("principal", alert.principal), ("address", alert.remote_address))
    for kind, value in (*own, *((one.kind, one.value) for one in alert.group.observables.all())):
        if value and value not in names[kind]:
            names[kind].append(value)
    return Sign(
        kind=alert.kind, resource_role=alert.resource_role, sample=alert.sample, archived=alert.archived,
        names={kind: tuple(values) for kind, values in names.items()},
    )  # fmt: skip


def _shape(alert: Alert, sign: Sign, told: Advice) -> AdviceShape:
    return {
        "alert": str(alert),
        "kind": alert.kind,
        "family": _both(told.family.title) if told.family else None,
        "mode": told.mode,
        "order": told.family.order if told.family else "none",
        "why": _both(told.why),
        "account": alert.account,
        "region": alert.region,
        "actions": [_proposed(name, sign) for name in told.actions],
    }


def _proposed(name: str, sign: Sign) -> ProposedShape:
    kind = ACTIONS[name]
    asked = inputs(kind)
    known: Mapping[str, Any] = bound(tuple(one.name for one in asked), sign)
    return {
        "action": name,
        "title": _both(kind.title),
        "effect": kind.effect,
        "reversible": kind.reversible,
        "radius": kind.radius,
        "inputs": dict(known),
        "to_give": [one.name for one in asked if one.required and one.name not in known],
    }


def _both(text: Any) -> Both:
    both: Both = msgspec.to_builtins(text)
    return both
