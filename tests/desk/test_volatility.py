"""The evidence plan: what disappears first stands first, and a step that takes something away waits for it."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from django.utils import timezone

from hikeshi.actions.action import Plan, Receipt
from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts import verbs as alerts
from hikeshi.desk.evidence import verbs as evidence, volatility
from hikeshi.desk.evidence.models import Planned
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.runs import approvals, by_hand, overriding, plans, starting, verbs as runs
from hikeshi.desk.runs.gate import gate
from hikeshi.desk.runs.models import Run, Step
from hikeshi.errors import Refused
from hikeshi.playbooks.shelf import library
from hikeshi.text import Text
from standing import stand
from tests_findings import finding

pytestmark = pytest.mark.django_db
INSTANCE = "i-0123456789abcdef0"
FACTS = {
    "alert.account": "111122223333", "alert.region": "ap-northeast-1", "alert.instance_id": INSTANCE, "alert.finding_id": "f1",
    "alert.finding_type": "Backdoor:EC2/C&CActivity.B", "incident.name": "INC-1",
}  # fmt: skip


@pytest.fixture
def run(incident: Incident, hikeshi: Actor) -> Run:
    return starting.start(incident, library()["compromised-ec2"], actor=hikeshi, facts=FACTS)


def receipt(step: Step, outcome: str) -> Receipt:
    said = Text("The agent did not answer.", "エージェントの応答なし。")
    return Receipt(action=step.action, outcome=outcome, summary=said, observed={})  # type: ignore[arg-type]


def ended(run: Run, key: str, outcome: str, actor: Actor) -> Step:
    step = run.steps.get(key=key)
    runs.end(step, receipt(step, outcome), actor=actor)
    return step


def planned(run: Run, key: str, actor: Actor) -> Step:
    """The step with a plan, as a worker would leave it."""
    step, now = run.steps.get(key=key), timezone.now()
    plan = Plan(
        action=step.action, inputs=step.inputs, incident=run.incident.name, made_at=now, resources=(INSTANCE,),
        expires_at=now + timedelta(minutes=15), calls=(), before={}, after={},
    )  # fmt: skip
    plans.save_plan(step, plan, actor=actor)
    return step


def states(incident: Incident) -> dict[str, str]:
    return {line.kind: line.state for line in volatility.lines(incident)}


def test_a_playbook_proposes_what_it_collects_most_volatile_first(run: Run) -> None:
    assert [(line.kind, line.target) for line in volatility.lines(run.incident)] == [
        ("memory", INSTANCE),
        ("disk", INSTANCE),
    ]


def test_an_alert_proposes_all_that_its_instance_can_give(hikeshi: Actor, commander: Actor) -> None:
    row = alerts.receive(finding(), actor=hikeshi, source="sqs")
    assert row.alerts.exists()
    incident = incidents.declare("x", 2, actor=hikeshi, reason="test", alerts=[row.alerts.get()])
    new = volatility.expect(incident, volatility.of_alerts(incident), actor=commander)
    assert [line.kind for line in new] == ["memory", "state", "network", "disk", "logs", "cloud"]
    assert volatility.expect(incident, volatility.of_alerts(incident), actor=commander) == []
    assert Entry.objects.filter(verb="evidence.expect").count() == 1


def test_receipts_settle_their_own_lines(run: Run, hikeshi: Actor) -> None:
    disk = ended(run, "2.1", "done", hikeshi)
    ended(run, "2.2", "failed", hikeshi)
    memory, snapshot = volatility.lines(run.incident)
    assert (memory.state, memory.reason) == ("failed", "failed: The agent did not answer.")
    assert snapshot.state == "held"
    assert snapshot.item is not None
    assert [snapshot.item.name] == disk.receipts


def test_containment_waits_until_its_evidence_is_held_or_cannot_be_had(
    run: Run, hikeshi: Actor, commander: Actor
) -> None:
    isolate = planned(run, "2.3", hikeshi)
    assert [line.kind for line in gate(isolate).missing] == ["memory", "disk"]
    with pytest.raises(Refused, match=r"not held: Memory of i-0123456789abcdef0, and 1 more"):
        approvals.approve(isolate, isolate.plan_digest, actor=commander)
    ended(run, "2.1", "done", hikeshi)
    ended(run, "2.2", "unknown", hikeshi)
    isolate = planned(run, "2.3", hikeshi)
    approvals.approve(isolate, isolate.plan_digest, actor=commander)
    isolate.refresh_from_db()
    assert isolate.state == "approved"
    said = json.loads(Entry.objects.get(verb="step.approve").data)
    assert said["evidence_held"] == [f"Disk of {INSTANCE}"]


def test_a_standing_order_does_not_approve_the_loss_of_evidence(run: Run, hikeshi: Actor, commander: Actor) -> None:
    run.order = stand("C2", actor=commander, finding_types=["xyz"], playbook="compromised-ec2", severity=2)
    run.save()
    for key in ("2.1", "2.2"):
        assert planned(run, key, hikeshi).state == "approved"
    assert planned(run, "2.3", hikeshi).state == "asked"


def test_an_approved_step_does_not_begin_when_the_plan_asks_for_more(
    run: Run, hikeshi: Actor, commander: Actor
) -> None:
    isolate = planned(run, "2.3", hikeshi)
    overriding.override_gate(isolate, actor=commander, reason="files are being encrypted")
    approvals.approve(isolate, isolate.plan_digest, actor=commander)
    Planned.objects.filter(kind="memory").update(state="pending")
    isolate.refresh_from_db()
    with pytest.raises(Refused, match="would lose evidence"):
        runs.begin(isolate, actor=hikeshi)


def test_the_commander_overrides_with_a_reason_and_the_ledger_keeps_it(
    run: Run, hikeshi: Actor, commander: Actor, on_it: Actor, off_it: Actor, outsider: Actor
) -> None:
    isolate = planned(run, "2.3", hikeshi)
    for actor in (on_it, off_it, outsider):
        with pytest.raises(Refused, match="may not"):
            overriding.override_gate(isolate, actor=actor, reason="x")
    with pytest.raises(Refused, match="reason"):
        overriding.override_gate(isolate, actor=commander, reason=" ")
    assert not Entry.objects.filter(verb="step.override").exists()
    overriding.override_gate(isolate, actor=commander, reason="files are being encrypted")
    assert states(run.incident) == {"memory": "waived", "disk": "waived"}
    assert json.loads(Entry.objects.get(verb="step.override").data)["lines"] == [
        f"Memory of {INSTANCE}",
        f"Disk of {INSTANCE}",
    ]
    with pytest.raises(Refused, match="No evidence holds"):
        overriding.override_gate(isolate, actor=commander, reason="again")


def test_what_destroys_waits_for_the_whole_plan(run: Run, hikeshi: Actor, on_it: Actor, commander: Actor) -> None:
    for key in ("2.1", "2.2"):
        ended(run, key, "done", hikeshi)
    [logs] = volatility.expect(run.incident, [("logs", "auth.log of web-1")], actor=on_it)
    rebuild = run.steps.get(key="3.5")
    Step.objects.filter(pk=rebuild.pk).update(state="open")
    assert gate(rebuild).effect == "destroy"
    with pytest.raises(Refused, match=r"Logs of auth\.log of web-1"):
        by_hand.finish_by_hand(rebuild, actor=on_it)
    assert gate(run.steps.get(key="2.3")).missing == ()
    volatility.waive(logs, actor=commander, reason="they are in the SIEM")
    by_hand.finish_by_hand(rebuild, actor=on_it)


def test_leaving_a_collecting_step_out_waives_its_line(run: Run, commander: Actor) -> None:
    by_hand.skip(run.steps.get(key="2.2"), actor=commander, reason="no agent on the host")
    assert states(run.incident) == {"memory": "waived", "disk": "pending"}
    assert volatility.lines(run.incident)[0].reason == "no agent on the host"


def test_an_item_is_bound_by_hand_and_shows_it_in_its_custody(
    incident: Incident, on_it: Actor, commander: Actor
) -> None:
    [line] = volatility.expect(incident, [("media", "USB stick from the desk")], actor=on_it)
    item = evidence.seal_bytes(incident, b"image", actor=on_it, title="stick", kind="file")
    volatility.bind(line, item, actor=on_it)
    assert states(incident) == {"media": "held"}
    assert evidence.custody(item)[-1].verb == "evidence.settle"
    with pytest.raises(Refused, match="held already"):
        volatility.waive(line, actor=commander, reason="x")
    other = incidents.declare("other", 3, actor=commander, reason="test")
    with pytest.raises(Refused, match="not evidence of"):
        volatility.bind(volatility.expect(other, [("disk", "x")], actor=commander)[0], item, actor=commander)


def test_only_those_on_it_plan_and_only_who_commands_waives(
    incident: Incident, on_it: Actor, off_it: Actor, outsider: Actor
) -> None:
    [line] = volatility.expect(incident, [("disk", "web-1")], actor=on_it)
    for actor in (off_it, outsider):
        with pytest.raises(Refused, match="may not"):
            volatility.expect(incident, [("disk", "web-2")], actor=actor)
        with pytest.raises(Refused, match="may not"):
            volatility.fail(line, actor=actor, reason="x")
    with pytest.raises(Refused, match="may not"):
        volatility.waive(line, actor=on_it, reason="x")
    volatility.fail(line, actor=on_it, reason="the disk is dead")
    with pytest.raises(Refused, match="no kind of evidence"):
        volatility.expect(incident, [("gold", "x")], actor=on_it)
