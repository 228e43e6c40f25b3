"""A playbook at work: from an alert to a containment read back from the cloud, and exactly back again."""

from __future__ import annotations

import json
from datetime import timedelta

import msgspec
import pytest
from django.utils import timezone
from pytest_django import Settings

from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts import verbs as alerts
from hikeshi.desk.alerts.models import Alert
from hikeshi.desk.evidence import verbs as evidence
from hikeshi.desk.evidence.models import Item
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import Entry
from hikeshi.desk.queue import claim
from hikeshi.desk.runs import answering, approvals, by_hand, starting, undoing
from hikeshi.desk.runs.hands import TECHNICAL, hands_on
from hikeshi.desk.runs.models import Run, StandingOrder, Step
from hikeshi.desk.runs.perform import perform, prove
from hikeshi.errors import Conflict, Failed, Refused
from hikeshi.playbooks.shelf import library
from hikeshi.simulation.cloud import SimulatedCloud
from hikeshi.simulation.finding import finding
from hikeshi.simulation.scene import Scene
from simulated import groups_now, original_groups
from standing import stand

pytestmark = pytest.mark.django_db
ISOLATE = "aws.ec2.isolate"


@pytest.fixture
def order(commander: Actor) -> StandingOrder:
    return stand(
        "C2", actor=commander, finding_types=["Backdoor:EC2/"], playbook="compromised-ec2", severity=2, max_per_hour=2
    )


def receive(scene: Scene, actor: Actor, body: bytes | None = None) -> Alert:
    row = alerts.receive(body or finding(scene), actor=actor, source="sqs", simulated=True)
    assert row.alerts.exists(), row.problem
    return row.alerts.get()


def work(actor: Actor, worker: str = "w") -> None:
    """Do everything that is due within the next seconds, as a worker does."""
    for _ in range(60):
        step = claim(Step.objects.all(), worker=worker, now=timezone.now() + timedelta(seconds=10), seconds=30)
        if step is None:
            return
        perform(step, worker=worker, actor=actor)


def contained(scene: Scene, hikeshi: Actor) -> Run:
    run = answering.answer(receive(scene, hikeshi), actor=hikeshi)
    assert run is not None
    work(hikeshi)
    return run


def isolation(run: Run) -> Step:
    return run.steps.get(key="2.3")


class TestAnswering:
    def test_a_standing_order_opens_an_incident_with_pinned_steps(
        self, scene: Scene, order: StandingOrder, hikeshi: Actor
    ) -> None:
        run = answering.answer(receive(scene, hikeshi), actor=hikeshi)
        assert run is not None
        assert (run.incident.severity, run.incident.simulated) == (2, True)
        assert run.digest == library()["compromised-ec2"].digest
        assert run.steps.count() == len(library()["compromised-ec2"].steps)
        assert "C2" in run.incident.severity_reason

    @pytest.mark.parametrize(
        ("changes", "why"),
        [
            ({"sample": True}, "sample"),
            ({"role": "TARGET"}, "TARGET"),
            ({"finding_type": "Recon:EC2/Portscan"}, "No standing order"),
            ({"severity": 5.0}, "No standing order"),
        ],
    )
    def test_what_must_not_contain_is_left_for_triage(
        self, scene: Scene, order: StandingOrder, hikeshi: Actor, changes: dict[str, object], why: str
    ) -> None:
        alert = receive(scene, hikeshi, finding(scene, **changes))  # type: ignore[arg-type]  # one keyword at a time
        assert answering.answer(alert, actor=hikeshi) is None
        assert why in alert.answer["en"]
        assert alert.answer["ja"]
        assert alert.due_at is None
        assert not Incident.objects.exists()

    def test_an_archived_finding_is_left_for_triage(self, scene: Scene, order: StandingOrder, hikeshi: Actor) -> None:
        alert = receive(scene, hikeshi, finding(scene).replace(b'"archived": false', b'"archived": true'))
        assert alert.archived
        assert answering.answer(alert, actor=hikeshi) is None

    def test_a_repeat_opens_nothing(self, scene: Scene, order: StandingOrder, hikeshi: Actor) -> None:
        alert = receive(scene, hikeshi)
        answering.answer(alert, actor=hikeshi)
        assert answering.answer(alert, actor=hikeshi) is None
        assert Incident.objects.count() == 1

    def test_an_order_has_a_cap_an_end_and_a_switch(self, scene: Scene, order: StandingOrder, hikeshi: Actor) -> None:
        alert = receive(scene, hikeshi)
        for change in (
            {"enabled": False},
            {"expires_at": timezone.now()},
            {"accounts": ["999999999999"]},
            {"max_per_hour": 0},
        ):
            before = {name: getattr(order, name) for name in change}
            StandingOrder.objects.update(**change)
            assert answering.answer(alert, actor=hikeshi) is None, change
            StandingOrder.objects.update(**before)

    def test_only_who_commands_may_approve_in_advance(self, off_it: Actor) -> None:
        with pytest.raises(Refused, match="may not"):
            stand("x", actor=off_it, finding_types=["a"], playbook="compromised-ec2", severity=2)


class TestContaining:
    def test_every_interface_is_isolated_and_read_back(
        self, cloud: SimulatedCloud, scene: Scene, order: StandingOrder, hikeshi: Actor
    ) -> None:
        run = contained(scene, hikeshi)
        step = isolation(run)
        assert (step.state, step.grade) == ("done", "configured")
        assert len(set(groups_now(cloud, scene).values())) == 1
        assert not set(groups_now(cloud, scene).values()) & set(original_groups(scene).values())
        run.incident.refresh_from_db()
        assert run.incident.contained_at is not None

    def test_evidence_comes_before_isolation_and_each_receipt_is_sealed(
        self, scene: Scene, order: StandingOrder, hikeshi: Actor
    ) -> None:
        run = contained(scene, hikeshi)
        acted = [step for step in run.steps.exclude(action="").order_by("ended_at") if step.ended]
        assert [step.action for step in acted][-2:] == [ISOLATE, "aws.ec2.mark"]
        kinds = set(Item.objects.values_list("kind", flat=True))
        assert kinds == {"snapshot", "memory", "receipt"}
        assert all(len(step.receipts) == 1 for step in acted)
        assert Item.objects.get(kind="memory").held_at.startswith("s3://")

    def test_the_plan_is_in_the_ledger_before_anything_is_done(
        self, scene: Scene, order: StandingOrder, hikeshi: Actor
    ) -> None:
        run = contained(scene, hikeshi)
        step = isolation(run)
        written = Entry.objects.filter(chain__name=run.incident.name, object=f"step {step.key}")
        verbs = list(written.order_by("seq").values_list("verb", flat=True))
        assert verbs == ["step.plan", "step.approve", "step.begin", "step.end"]
        assert ledger.verify(run.incident.name).ok

    def test_a_person_changing_the_incident_meanwhile_does_not_disturb_it(
        self, scene: Scene, order: StandingOrder, hikeshi: Actor, commander: Actor
    ) -> None:
        run = answering.answer(receive(scene, hikeshi), actor=hikeshi)
        assert run is not None
        raised = False
        while step := claim(Step.objects.all(), worker="w", now=timezone.now() + timedelta(seconds=10), seconds=30):
            assert step.run.incident.version  # the worker has read the incident, then somebody changes it
            if step.action == ISOLATE and step.state == "planning" and not raised:
                incidents.change_severity(Incident.objects.get(), 1, actor=commander, reason="more hosts")
                raised = True
            perform(step, worker="w", actor=hikeshi)
        assert raised
        assert isolation(run).state == "done"
        now = Incident.objects.get()
        assert (now.severity, now.contained_at is not None) == (1, True)

    def test_undo_restores_the_exact_groups(
        self, cloud: SimulatedCloud, scene: Scene, order: StandingOrder, hikeshi: Actor, commander: Actor
    ) -> None:
        run = contained(scene, hikeshi)
        undoing.undo(isolation(run), actor=commander, reason="clean")
        work(hikeshi)
        assert isolation(run).state == "undone"
        assert groups_now(cloud, scene) == original_groups(scene)

    def test_somebody_reverting_it_is_noticed_when_the_cloud_is_asked_again(
        self, cloud: SimulatedCloud, scene: Scene, order: StandingOrder, hikeshi: Actor, commander: Actor, off_it: Actor
    ) -> None:
        step = isolation(contained(scene, hikeshi))
        assert prove(step, actor=commander).outcome in {"done", "already-done"}
        interface = scene.interface_ids[0]
        groups = list(scene.original_groups[interface])
        cloud.client("ec2").modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=groups)
        assert prove(step, actor=commander).outcome not in {"done", "already-done"}
        assert Entry.objects.filter(verb="step.check").count() == 2
        with pytest.raises(Refused, match="may not"):
            prove(step, actor=off_it)

    def test_a_group_that_vanished_before_undo_is_said(
        self, cloud: SimulatedCloud, scene: Scene, order: StandingOrder, hikeshi: Actor, commander: Actor
    ) -> None:
        run = contained(scene, hikeshi)
        gone = min(scene.original_groups[scene.interface_ids[0]])
        cloud.client("ec2").delete_security_group(GroupId=gone)
        undoing.undo(isolation(run), actor=commander, reason="clean")
        work(hikeshi)
        step = isolation(run)
        said = json.loads(evidence.locker().open(Item.objects.get(name=step.receipts[-1]).sha256).read())
        assert gone in json.dumps(said["receipt"])
        assert gone not in groups_now(cloud, scene)[scene.interface_ids[0]]

    def test_an_instance_that_does_not_exist_is_said_and_holds_nothing_up(
        self, scene: Scene, order: StandingOrder, hikeshi: Actor
    ) -> None:
        body = finding(scene).replace(scene.instance_id.encode(), b"i-00000000000000bad")
        run = answering.answer(receive(scene, hikeshi, body), actor=hikeshi)
        assert run is not None
        work(hikeshi)
        step = isolation(run)
        assert step.state == "refused"
        assert "i-00000000000000bad" in step.outcome["en"]
        assert run.steps.get(action="aws.ec2.mark").state == "waiting"

    def test_an_account_that_is_not_listed_is_not_touched(
        self, cloud: SimulatedCloud, scene: Scene, order: StandingOrder, hikeshi: Actor, settings: Settings
    ) -> None:
        settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, aws_accounts=("999999999999",))
        run = contained(scene, hikeshi)
        assert {step.state for step in run.steps.filter(key__in=["2.1", "2.3"])} == {"refused"}
        assert "HIKESHI_AWS_ACCOUNTS" in isolation(run).outcome["en"]
        assert groups_now(cloud, scene) == original_groups(scene)

    def test_a_finding_without_an_instance_names_the_missing_fact(
        self, scene: Scene, order: StandingOrder, hikeshi: Actor
    ) -> None:
        alert = receive(scene, hikeshi)
        alert.instance_id = ""
        with pytest.raises(Refused, match=r"alert\.instance_id"):
            answering.answer(alert, actor=hikeshi)
        assert not Incident.objects.exists()


class TestApproving:
    @pytest.fixture
    def asked(self, scene: Scene, hikeshi: Actor, commander: Actor) -> Step:
        """An isolation planned for an incident that no standing order covers."""
        alert = receive(scene, hikeshi)
        incident = incidents.declare(alert.title, 2, actor=commander, reason="by hand", alerts=[alert])
        run = starting.start(
            incident, library()["compromised-ec2"], actor=commander, facts=answering.facts_of(alert, incident)
        )
        work(hikeshi)
        return isolation(run)

    def test_containment_waits_for_a_person_and_evidence_does_not(
        self, cloud: SimulatedCloud, scene: Scene, asked: Step
    ) -> None:
        assert asked.state == "asked"
        assert asked.run.steps.get(key="2.1").state == "done"
        assert groups_now(cloud, scene) == original_groups(scene)

    def test_approval_is_bound_to_the_plan(
        self, cloud: SimulatedCloud, scene: Scene, asked: Step, commander: Actor, hikeshi: Actor
    ) -> None:
        with pytest.raises(Conflict, match="has changed"):
            approvals.approve(asked, "0" * 64, actor=commander)
        approvals.approve(asked, asked.plan_digest, actor=commander)
        work(hikeshi)
        assert isolation(asked.run).state == "done"
        assert groups_now(cloud, scene) != original_groups(scene)

    def test_a_responder_who_does_not_lead_cannot_approve(
        self, asked: Step, on_it: Actor, off_it: Actor, outsider: Actor
    ) -> None:
        for actor in (on_it, off_it, outsider):
            with pytest.raises(Refused, match="may not"):
                approvals.approve(asked, asked.plan_digest, actor=actor)

    def test_a_saved_plan_that_was_edited_is_not_carried_out(
        self, cloud: SimulatedCloud, scene: Scene, asked: Step, commander: Actor, hikeshi: Actor
    ) -> None:
        approvals.approve(asked, asked.plan_digest, actor=commander)
        victim = scene.interface_ids[0]
        Step.objects.filter(pk=asked.pk).update(plan=asked.plan.replace(victim, "eni-0ffffffffffffffff"))
        work(hikeshi)
        step = isolation(asked.run)
        assert step.state == "refused"
        assert "not the one that was sealed" in step.outcome["en"]
        assert groups_now(cloud, scene) == original_groups(scene)

    def test_an_old_plan_is_made_anew_instead_of_approved(
        self, asked: Step, commander: Actor, hikeshi: Actor, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        later = timezone.now() + timedelta(hours=1)
        monkeypatch.setattr("hikeshi.desk.runs.plans.timezone.now", lambda: later)
        with pytest.raises(Refused, match="expired"):
            approvals.approve(asked, asked.plan_digest, actor=commander)
        asked.refresh_from_db()
        assert asked.state == "planning"

    def test_groups_changed_since_the_plan_are_not_overwritten(
        self, cloud: SimulatedCloud, scene: Scene, asked: Step, commander: Actor, hikeshi: Actor
    ) -> None:
        approvals.approve(asked, asked.plan_digest, actor=commander)
        interface = scene.interface_ids[0]
        other = next(group for group in scene.group_names if group not in scene.original_groups[interface])
        cloud.client("ec2").modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=[other])
        work(hikeshi)
        assert isolation(asked.run).state in {"partial", "refused"}
        assert groups_now(cloud, scene)[interface] == (other,)


def test_manual_steps_open_one_after_the_other(incident: Incident, on_it: Actor) -> None:
    run = starting.start(incident, library()["ransomware"], actor=on_it, facts={})
    first = run.steps.filter(state="open").first()
    assert first is not None
    by_hand.finish_by_hand(first, actor=on_it, note="photographed")
    assert hands_on(first.run.incident) == ({on_it.name} if first.role in TECHNICAL else frozenset())
    assert run.steps.get(pk=first.pk).state == "done"
    with pytest.raises(Conflict, match="is done now"):
        by_hand.finish_by_hand(first, actor=on_it)


def test_skipping_needs_a_reason(incident: Incident, on_it: Actor) -> None:
    run = starting.start(incident, library()["ransomware"], actor=on_it, facts={})
    step = run.steps.filter(state="open").first()
    assert step is not None
    with pytest.raises(Refused, match="needs a reason"):
        by_hand.skip(step, actor=on_it, reason=" ")
    by_hand.skip(step, actor=on_it, reason="no note was left")
    assert run.steps.get(pk=step.pk).state == "skipped"


def test_a_full_disk_delays_the_receipt_and_loses_nothing(
    scene: Scene, order: StandingOrder, hikeshi: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cloud work is done, its receipt cannot be sealed: the step waits and ends when there is room again."""
    full = Failed("The locker cannot take more.", permanent=False, hint="Free space.")

    def no_room(*_: object, **__: object) -> Item:
        raise full

    with monkeypatch.context() as patched:
        patched.setattr("hikeshi.desk.evidence.verbs.put", no_room)
        run = answering.answer(receive(scene, hikeshi), actor=hikeshi)
        assert run is not None
        for _ in range(4):
            step = claim(Step.objects.all(), worker="w", now=timezone.now(), seconds=30)
            if step is None:
                break
            perform(step, worker="w", actor=hikeshi)
    waiting = run.steps.get(key="2.1")
    assert waiting.state == "running"
    assert "cannot take more" in waiting.outcome["en"]
    work(hikeshi)
    assert isolation(run).state == "done"
    assert waiting.intents.filter(operation="ec2:CreateSnapshots").count() == 1
