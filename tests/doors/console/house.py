"""People who sign in, and one incident with work of every kind on it, made through the verbs."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

from django.test import Client
from django.utils import timezone

from doors.played import leave_out_before
from hikeshi.actions.action import Call, Plan
from hikeshi.desk.accounts import verbs as accounts
from hikeshi.desk.accounts.models import Contact, Person
from hikeshi.desk.actor import Actor, system
from hikeshi.desk.alerts import verbs as alerts
from hikeshi.desk.alerts.models import Alert, Delivery
from hikeshi.desk.assets import verbs as assets
from hikeshi.desk.assets.models import Asset
from hikeshi.desk.evidence import transfers, verbs as evidence
from hikeshi.desk.evidence.models import Item, Transfer
from hikeshi.desk.incidents import obligations, verbs as incidents
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger import checkpoints
from hikeshi.desk.ledger.models import Chain, Checkpoint
from hikeshi.desk.notices import links, reading, verbs as notices
from hikeshi.desk.notices.models import Channel, Notice
from hikeshi.desk.reports import verbs as reports
from hikeshi.desk.reports.models import Report
from hikeshi.desk.runs import plans, starting
from hikeshi.desk.runs.models import Step
from hikeshi.desk.timelines import verbs as timelines
from hikeshi.desk.timelines.models import Timeline
from hikeshi.playbooks.shelf import library
from hikeshi.text import Text
from kept import kept
from tests_findings import finding

HIKESHI = system("Hikeshi", "worker")
HOSTILE = "<script>alert('x')</script><img src=x onerror=alert(1)>"
"""Text an attacker may choose: a finding's title, a user agent, a role session name."""


def person(name: str, role: str) -> Person:
    made: Person = Person.objects.create_user(username=name, role=role)
    return made


def as_actor(who: Person) -> Actor:
    return accounts.actor_of(who, "console")


def signed_in(who: Person, language: str = "en") -> Client:
    """A browser of this person."""
    accounts.prefer(who, actor=as_actor(who), language=language)
    client = Client()
    client.force_login(who)
    return client


def isolation_plan(incident: Incident, instance: str = "i-0123456789abcdef0") -> Plan:
    """A plan as `aws.ec2.isolate` would make it, without a cloud."""
    now = timezone.now()
    return Plan(
        action="aws.ec2.isolate", inputs={"instance_id": instance}, incident=incident.name, made_at=now,
        expires_at=now + timedelta(minutes=15), resources=(instance, "eni-1"),
        calls=(Call("ec2:ModifyNetworkInterfaceAttribute", {"NetworkInterfaceId": "eni-1", "Groups": ["sg-iso"]}, Text("Cut it off.", "隔離する。")),),
        before={"eni-1": ["sg-web"]}, after={"eni-1": ["sg-iso"]},
        dependants=(Text("A load balancer sends traffic to it.", "ロードバランサーの振り分け先です。"),),
        will_not_stop=(Text("Connections that are open now.", "現在確立している通信。"),), simulated=True,
    )  # fmt: skip


def asked_step(incident: Incident) -> Step:
    """An isolation that waits for approval; everything before it was left out."""
    facts = {
        "alert.account": "111122223333", "alert.region": "ap-northeast-1", "alert.instance_id": "i-0123456789abcdef0",
        "alert.finding_id": "f1", "alert.finding_type": "Backdoor:EC2/C&CActivity.B", "incident.name": incident.name,
    }  # fmt: skip
    run = starting.start(incident, library()["compromised-ec2"], actor=HIKESHI, facts=facts)
    isolate = run.steps.get(key="2.3")
    leave_out_before(isolate, reason="この試験の対象外")
    plans.save_plan(isolate, isolation_plan(incident), actor=HIKESHI)
    return isolate


def hostile_alert() -> Alert:
    row = alerts.receive(finding(title=HOSTILE), actor=HIKESHI, source="sqs", message_id="m-1", simulated=True)
    if not row.alerts.exists():
        raise AssertionError(row.problem)
    return row.alerts.get()


def cloudtrail(folder: Path) -> Path:
    """Three calls of one address, one of them with a hostile user agent, and one call of somebody else."""
    calls = [
        ("GetCallerIdentity", "203.0.113.66"),
        ("CreateUser", "203.0.113.66"),
        ("ListBuckets", "192.0.2.10"),
        ("RunInstances", "203.0.113.66"),
    ]
    records = [
        {
            "eventVersion": "1.08", "eventID": f"00000000-0000-0000-0000-00000000000{number}", "eventTime": f"2026-11-06T18:0{number}:00Z",
            "eventSource": "iam.amazonaws.com", "eventName": action, "awsRegion": "ap-northeast-1", "sourceIPAddress": address,
            "userAgent": HOSTILE, "recipientAccountId": "111122223333",
            "userIdentity": {"type": "IAMUser", "arn": "arn:aws:iam::111122223333:user/ci", "accountId": "111122223333", "userName": "ci"},
        }
        for number, (action, address) in enumerate(calls)
    ]  # fmt: skip
    path = folder / "trail.json"
    path.write_text(json.dumps({"Records": records}), encoding="utf-8")
    return path


@dataclass
class House:
    """Everything a page can show. `responder` is on the incident, `other` is not, `outsider` was granted nothing."""

    admin: Person
    commander: Person
    responder: Person
    other: Person
    outsider: Person
    alert: Alert
    delivery: Delivery
    incident: Incident
    step: Step
    item: Item
    timeline: Timeline
    report: Report
    paper: Transfer
    asset: Asset

    def told(self) -> str:
        """The secret in the message that pages somebody for the incident, and a channel beside it."""
        Contact.objects.get_or_create(
            name="当番 " + HOSTILE, duty="incident_commander", level=1, email="duty@example.com"
        )
        if not Channel.objects.exists():
            notices.add_channel("hook", "webhook", "https://hooks.example.com/x#s3cret", actor=as_actor(self.admin))
        while reading.look(actor=HIKESHI):
            pass
        return links.secret(Notice.objects.filter(urgent=True, contact__isnull=False).latest("pk"))

    def offered(self) -> str:
        """The secret of a link behind which another item is offered."""
        made = evidence.seal_bytes(self.incident, b"lent", actor=HIKESHI, title="Lent", kind="file")
        return transfers.offer(made, actor=HIKESHI, receiver="研究所", purpose="解析")[1]


def duties(incident: Incident, commander: Actor) -> None:
    """One duty of every kind: running, not applying, without a number, filed late; and a claim that was taken back."""
    when = timezone.now() - timedelta(days=9)
    wrong = obligations.record_moment(incident, "aware_at", when, actor=commander, note=HOSTILE)
    obligations.record_moment(incident, "appi_known_on", timezone.now().date(), actor=commander)
    for rule, answer in (
        ("jp-appi-preliminary", "applies"), ("jp-appi-individuals", "applies"), ("eu-gdpr-33-authority", "applies"),
        ("eu-dora-initial", "undecided"), ("us-sec-8k-105", "does_not_apply"),
    ):  # fmt: skip
        obligations.decide(incident, rule, answer, actor=commander, reason="理由 " + HOSTILE)
    obligations.file(
        incident, "eu-gdpr-33-authority", actor=commander, at=timezone.now(), reference="BD-1", proof="receipt"
    )
    obligations.state(
        incident, "C-APPI", 1, actor=commander, certainty="suspected", en=HOSTILE, ja="CVE-2026-12345 " + HOSTILE
    )
    obligations.withdraw_moment(incident, wrong, actor=commander, reason="誤り")


@kept
def build(folder: Path) -> House:
    admin, commander = person("aoki", "admin"), person("kondo", "commander")
    responder, other, outsider = (
        person("sato", "responder"),
        person("suzuki", "responder"),
        person("tanaka", "observer"),
    )
    alert = hostile_alert()
    asset = assets.add("i-0abc", actor=HIKESHI, name=HOSTILE, owner_name="営業部", criticality=1, data=["personal"])
    broken = alerts.receive(b'{"broken": ', actor=HIKESHI, source="sqs", message_id="m-2")
    incident = incidents.declare(
        "Mining traffic " + HOSTILE, 2, actor=HIKESHI, reason="test", alerts=[alert], simulated=True
    )
    incidents.assign(incident, "responder", actor=as_actor(commander), person=responder)
    incidents.note(incident, HOSTILE, actor=as_actor(responder))
    duties(incident, as_actor(commander))
    step = asked_step(incident)
    item = evidence.seal_files(incident, [cloudtrail(folder)], actor=as_actor(responder), title="Trail", kind="logs")
    timeline = timelines.build(timelines.ask(incident, "main", [item], actor=HIKESHI), actor=HIKESHI)
    timelines.mark(
        timeline, "attacker", "src_ip", "203.0.113.66", actor=as_actor(responder), reason="never seen before"
    )
    report = reports.freeze(incident, "incident", "ja", actor=as_actor(responder))
    lent = evidence.seal_bytes(incident, b"on paper", actor=as_actor(responder), title="Paper", kind="file")
    paper, _ = transfers.offer(lent, actor=HIKESHI, receiver="研究所", purpose="解析", means="paper")
    checkpoints.checkpoint(Chain.objects.get(name=incident.name), actor=HIKESHI)
    incident.refresh_from_db()
    return House(
        admin=admin, commander=commander, responder=responder, other=other, outsider=outsider, alert=alert, delivery=broken,
        incident=incident, step=step, item=item, timeline=timeline, report=report, paper=paper, asset=asset,
    )  # fmt: skip


def pages_of_incident(house: House) -> dict[str, str]:
    """Every page of the incident that is read, by the name of its address."""
    root = f"/incidents/{house.incident.name}/"
    return {
        "bundle": f"{root}bundle/", "room": root, "duties": f"{root}duties/", "facts": f"{root}facts/", "secrecy": f"{root}secrecy/", "details": f"{root}details/", "counsel": f"{root}counsel/", "draft": f"{root}duties/jp-appi-individuals/draft/", "steps": f"{root}steps/", "start_playbook": f"{root}steps/start/?playbook=compromised-ec2", "ladder": f"{root}ladder/", "choose_action": f"{root}actions/", "add_action": f"{root}actions/aws.ec2.isolate/", "step": f"{root}steps/{house.step.pk}/", "evidence": f"{root}evidence/",
        "item": f"{root}evidence/{house.item.name}/", "transfer_sheet": f"{root}evidence/{house.paper.item.name}/transfers/{house.paper.pk}/sheet/", "timeline": f"{root}timeline/", "timeline_about": f"{root}timeline/about/?t=main&value=203.0.113.66",
        "item_form": f"{root}evidence/{house.item.name}/form/", "evidence_form": f"{root}evidence-form/",
        "timeline_diff": f"{root}timeline/diff/?t=main&field=action&before_start=2026-11-07+03:00&before_end=2026-11-07+03:02&after_start=2026-11-07+03:02&after_end=2026-11-07+03:10",
        "timeline_delete": f"{root}timeline/delete/?t=main", "timeline_escalation": f"{root}timeline/escalation/?t=main", "reports": f"{root}reports/",
        "incident_notices": f"{root}notices/", "report": f"{root}reports/{house.report.pk}/", "chain": f"/audit/{house.incident.name}/",
    }  # fmt: skip


def files_of_incident(house: House) -> dict[str, str]:
    """What is downloaded, never shown."""
    root = f"/incidents/{house.incident.name}/"
    signed = Checkpoint.objects.get(chain__name=house.incident.name)
    audit = f"/audit/{house.incident.name}/"
    return {
        "checkpoint_note": f"{audit}checkpoints/{signed.size}/", "checkpoint_continued": f"{audit}checkpoints/{signed.size}/continued/",
        "checkpoint_keys": f"{audit}checkpoints/{signed.size}/keys/", "proof": f"{audit}proofs/1/",
        "draft_text": f"{root}duties/jp-appi-individuals/draft/ja/",
        "item_download": f"{root}evidence/{house.item.name}/download/",
        "item_form_pdf": f"{root}evidence/{house.item.name}/form/pdf/",
        "evidence_form_pdf": f"{root}evidence-form/pdf/",
        "report_markdown": f"{root}reports/{house.report.pk}/markdown/",
    }  # fmt: skip
