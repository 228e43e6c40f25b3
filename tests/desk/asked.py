"""A step that waits for its yeses, without a cloud: two volumes' worth of parts, so that some can be left out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone
from msgspec.structs import replace

from desk.played import play, step
from hikeshi.actions.action import Call, Plan
from hikeshi.desk.actor import Actor, system
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.runs import overriding, plans, starting
from hikeshi.desk.runs.models import Step
from hikeshi.playbooks.shelf import library
from hikeshi.text import Text

ACCOUNT = "111122223333"
INSTANCE = "i-0123456789abcdef0"
PARTS = ("eni-1", "eni-2")


def plan(incident: Incident, parts: tuple[str, ...] = PARTS, minutes: int = 15) -> Plan:
    now = timezone.now()
    return Plan(
        action="aws.ec2.isolate", inputs={"instance_id": INSTANCE}, incident=incident.name, made_at=now,
        expires_at=now + timedelta(minutes=minutes), resources=(INSTANCE, *parts),
        calls=tuple(Call("ec2:ModifyNetworkInterfaceAttribute", {"NetworkInterfaceId": part}, Text("Cut.", "隔離。")) for part in parts),
        before={"parts": {part: ["sg-web"] for part in parts}}, after={"parts": {part: ["sg-iso"] for part in parts}},
    )  # fmt: skip


def asked(incident: Incident, actor: Actor) -> Step:
    """An isolation that `actor` has asked for; everything before it was left out."""
    facts = {"alert.account": ACCOUNT, "alert.region": "ap-northeast-1", "alert.instance_id": INSTANCE}
    run = starting.start(incident, library()["compromised-ec2"], actor=actor, facts=facts)
    isolate = run.steps.get(key="2.3")
    run.steps.filter(place__lt=isolate.place).update(state="skipped", due_at=None)
    incident.planned_evidence.update(state="waived", reason="not what this is about")
    isolate.refresh_from_db()
    plans.save_plan(isolate, plan(incident), actor=actor)
    return isolate


HOSTS = [f"i-{number:017}" for number in range(8)]


def asked_each(incident: Incident, actor: Actor, hosts: Sequence[str] = HOSTS) -> Step:
    """One step that isolates these hosts, each of which `actor` has asked for; the evidence is waived."""
    isolate = step(
        "2.1", "action", action="aws.ec2.isolate", inputs={"instance_id": "$item"}, for_each="$fact.hosts", at_most=20
    )
    whole = play(incident, isolate, actor=actor, hosts=list(hosts)).steps.get(part_of=None)
    for row in whole.parts.all():
        overriding.override_gate(row, actor=system("Hikeshi", "worker"), reason="not what this is about")
        plans.save_plan(row, replace(plan(incident), inputs=row.inputs, resources=(row.item,)), actor=actor)
    return whole
