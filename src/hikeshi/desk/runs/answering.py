"""Answering an alert without a person, where a standing order says so; and what an alert says, as a playbook's steps may bind to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, Final

import msgspec
from django.conf import settings
from django.db import transaction
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts import verbs as alerts
from hikeshi.desk.alerts.models import Alert
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.playbooks.reading import books
from hikeshi.desk.runs.models import Run
from hikeshi.desk.runs.orders import match
from hikeshi.desk.runs.starting import start
from hikeshi.errors import Failed
from hikeshi.pace import part

S3: Final = "arn:aws:s3:::"
USER: Final = ":user/"


@part("answer by standing order")
@transaction.atomic
def answer(alert: Alert, *, actor: Actor) -> Run | None:
    """Answer an alert without a person where a standing order says so; otherwise leave it for triage with the reason.

    Safe to repeat: an alert that already belongs to an incident is only joined to it.
    """
    order, why = match(alert, timezone.now())
    if order is None:
        alerts.answered(alert, actor=actor, en=why.en, ja=why.ja)
        return None
    playbook = books().get(order.playbook)
    if playbook is None:
        raise Failed(f"The standing order {order} names an unknown playbook {order.playbook}.")
    incident = incidents.declare(
        alert.title, order.severity, actor=actor, reason=why.en, alerts=[alert],
        detected_at=alert.received_at, occurred_at=alert.first_seen_at, simulated=alert.simulated,
    )  # fmt: skip
    run = start(incident, playbook, actor=actor, facts=facts_of(alert, incident), order=order)
    alerts.answered(
        alert, actor=actor,
        en=f"{incident} opened by the standing order {order}.",
        ja=f"常時承認「{order}」により {incident} を開始した。",
    )  # fmt: skip
    return run


def facts_of(alert: Alert, incident: Incident) -> dict[str, Any]:
    """What a playbook's steps may bind to. Facts the alert does not know are left out, so that binding says so."""
    seen = list(alert.group.observables.values_list("kind", "value"))
    known = {
        "alert.account": alert.account, "alert.region": alert.region or settings.ENVIRONMENT.aws_region,
        "alert.bucket": _only(_buckets(seen)), "alert.user": _only(_users(alert, seen)),
        "alert.key_id": _only(value for kind, value in seen if kind == "key"),
        "alert.instance_id": alert.instance_id, "alert.finding_id": alert.key.rpartition(":")[2],
        "alert.finding_type": alert.kind, "alert.remote_address": alert.remote_address, "alert.principal": alert.principal,
        "incident.name": incident.name, "incident.severity": incident.severity,
    }  # fmt: skip
    return {name: value for name, value in known.items() if value}


def _only(values: Iterable[str]) -> str:
    """The one value there is; "" where there is none, or more than one: which of them is meant, people say."""
    found = set(values)
    return found.pop() if len(found) == 1 else ""


def _buckets(seen: Iterable[tuple[str, str]]) -> Iterator[str]:
    for kind, value in seen:
        if kind == "resource" and value.startswith(S3):
            yield value.removeprefix(S3).partition("/")[0]


def _users(alert: Alert, seen: Iterable[tuple[str, str]]) -> Iterator[str]:
    """IAM users by name: by their ARN, or as the finding itself has the owner of the key."""
    for _, value in (*seen, ("principal", alert.principal)):
        if value.startswith("arn:") and USER in value:
            yield value.rpartition("/")[2]
    delivery = alert.deliveries.order_by("-pk").first()
    if delivery is not None:
        yield from _owners(bytes(delivery.payload))


class _Key(msgspec.Struct):
    userName: str = ""  # noqa: N815 - GuardDuty's names
    userType: str = ""  # noqa: N815


class _Resource(msgspec.Struct):
    accessKeyDetails: _Key | None = None  # noqa: N815


class _Finding(msgspec.Struct):
    resource: _Resource | None = None


class _Event(msgspec.Struct):
    detail: _Finding | None = None


def _owners(payload: bytes) -> Iterator[str]:
    """The user of the access key in a finding of GuardDuty as EventBridge sends it."""
    try:
        event = msgspec.json.decode(payload, type=_Event)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return
    key = event.detail and event.detail.resource and event.detail.resource.accessKeyDetails
    if key and key.userType == "IAMUser" and key.userName:
        yield key.userName
