"""The story of `hikeshi demo` against a simulated AWS account, stage by stage, each timed and each checked.

Everything is the product's own: the queue is read by the intake, the steps are done by the worker, the logs are sealed and read as
any others. Only the cloud is simulated, and says so.
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hikeshi.doors.cli.way import noted, way
from hikeshi.errors import Failed
from hikeshi.pace import listening
from hikeshi.simulation.cloud import SimulatedCloud
from hikeshi.simulation.story import Scene, build_account

if TYPE_CHECKING:
    from hikeshi.desk.actor import Actor
    from hikeshi.desk.incidents.models import Incident
    from hikeshi.desk.runs.models import Step
    from hikeshi.simulation.logs import Truth

UNATTENDED = ("2.1", "2.2", "2.3", "2.4")
"""What the standing order lets the playbook do before anybody is there: disk, memory, isolation, marks."""
ISOLATE = "aws.ec2.isolate"
PATIENCE = 60.0
CONTACTS = (
    ("Kondo Isamu / 近藤", "incident_commander"),
    ("Hijikata Toshi / 土方", "technical_lead"),
    ("Okita Sou / 沖田", "communications_lead"),
    ("Saito Hajime / 斎藤", "responder"),
)


@dataclass
class Stage:
    """One line of the summary: what was done, how long it took, whether what was checked held, and what was seen."""

    name: str
    name_ja: str
    seconds: float = 0.0
    ok: bool = True
    facts: dict[str, Any] = field(default_factory=dict)


@dataclass
class Story:
    """The demo while it runs."""

    home: Path
    language: str
    logs: Path | None
    told: Callable[[Stage], None]
    port: int = 8000
    stages: list[Stage] = field(default_factory=list)
    incident: Incident | None = None
    invite: str = ""

    @contextmanager
    def stage(self, name: str, name_ja: str) -> Iterator[Stage]:
        """Time a stage; told when it has ended, also when it failed."""
        stage = Stage(name, name_ja)
        self.stages.append(stage)
        started = time.perf_counter()
        try:
            yield stage
        except BaseException:
            stage.ok = False
            raise
        finally:
            stage.seconds = time.perf_counter() - started
            self.told(stage)

    def here(self) -> Incident:
        if self.incident is None:
            raise Failed("No incident was opened.", hint="Look at the alert: `hikeshi alert list`.")
        self.incident.refresh_from_db()
        return self.incident


def play(story: Story, cloud: SimulatedCloud, *, then: Callable[[Story], None]) -> None:
    """Run all stages, then `then` (the console) while the cloud and the worker still live."""
    with ThreadPoolExecutor(1) as pool:
        with story.stage("Simulated account and empty home", "模擬アカウントと空のホーム") as stage:
            scene = prepare(story, cloud, pool)
            stage.facts = {"account": scene.account, "instance": scene.instance_id, "home": str(story.home)}
        from hikeshi.doors.station import Station  # Django is only ready now

        actor, logs = people(story), _logs(story, scene)
        with Station(scene.queue_url) as station:
            try:
                _alert_to_containment(story, cloud, scene)
                _timeline(story, logs, actor)
                _reports(story, actor)
                _undo(story, cloud, scene, actor)
                _ledger(story)
                then(story)
            finally:
                station.stop.set()


def prepare(story: Story, cloud: SimulatedCloud, pool: ThreadPoolExecutor) -> Scene:
    """The account is built while Django loads; the environment must be whole before settings read it."""
    building: Future[Scene] = pool.submit(build_account, cloud)
    import django  # loading it takes as long as building the account

    scene = building.result()
    os.environ |= {
        "HIKESHI_HOME": str(story.home),
        "HIKESHI_AWS_ENDPOINT_URL": cloud.endpoint_url,
        "HIKESHI_AWS_REGION": scene.region,
        "HIKESHI_QUEUE_URL": scene.queue_url,
        "HIKESHI_EVIDENCE_BUCKET": scene.evidence_bucket,
        "HIKESHI_LANGUAGE": story.language,
        "HIKESHI_PUBLIC_URL": f"http://127.0.0.1:{story.port}",
        "DJANGO_SETTINGS_MODULE": "hikeshi.settings",
    }
    django.setup()
    return scene


def people(story: Story) -> Actor:
    from hikeshi.desk.accounts import verbs as accounts  # as above
    from hikeshi.desk.runs import ordering
    from hikeshi.doors.cli.serve import set_up

    admin, story.invite = set_up("admin")
    actor = accounts.actor_of(admin, "cli")
    for name, duty in CONTACTS:
        accounts.add_contact(name, duty, actor=actor)
    order = ordering.write(
        "EC2 talking to a C2 server or a mining pool",
        actor=actor,
        finding_types=["Backdoor:EC2/C&CActivity", "CryptoCurrency:EC2/"],
        playbook="compromised-ec2",
        severity=2,
        expires_at=ordering.ends_in(90),
    )
    # It may contain production without a person, so a second one stands behind it.
    second = accounts.accept_invite(
        accounts.invite(actor=actor, role="commander"), username="kondo", password=secrets.token_urlsafe(24)
    )
    ordering.approve(order, actor=accounts.actor_of(second, "cli"), version=order.version)
    return actor


@dataclass
class Logs:
    """What the story's logs are; `truth` is known of generated ones only."""

    paths: list[Path]
    source: str
    truth: Truth | None = None


def _logs(story: Story, scene: Scene) -> Logs:
    with story.stage("Logs of the account", "アカウントのログ") as stage:
        if story.logs is not None:
            stage.facts = {"source": "real", "folder": str(story.logs)}
            return Logs([story.logs], "real")
        from hikeshi.simulation.logs import write_logs  # as above

        folder = story.home / "demo-logs"
        truth = write_logs(scene, folder, now=datetime.now(UTC))
        stage.facts = {"source": "generated", "folder": str(folder), "records": truth.records}
        return Logs([folder], "generated", truth)


def wait(what: str, ready: Callable[[], Any]) -> Any:
    """Look 20 times a second until `ready` gives something. Raises `Failed` after a minute, naming what did not happen."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if found := ready():
            return found
        time.sleep(0.05)  # the workers are in this process, and each look takes time from them
    raise Failed(f"{what} did not happen within {PATIENCE:g} s.", hint="The worker's messages above say why.")


def _step(action: str) -> Step | None:
    from hikeshi.desk.runs.models import Step  # as above

    return Step.objects.filter(action=action).select_related("run__incident").first()


def ended(action: str) -> Step | None:
    step = _step(action)
    return step if step is not None and step.ended else None


def _alert_to_containment(story: Story, cloud: SimulatedCloud, scene: Scene) -> None:
    from hikeshi.desk.alerts.models import Alert, Delivery  # as above
    from hikeshi.simulation.story import finding, send

    body = finding(scene)
    before = _groups(cloud, scene)
    with story.stage("Finding on the queue to isolation verified", "検出の受信から隔離の確認まで") as stage:
        with listening() as spans:
            sent_at = time.time()
            send(cloud, scene, body)
            isolated = wait("The isolation", lambda: noted(one := ended(ISOLATE), spans) and one)
        story.incident = isolated.run.incident
        stage.ok = isolated.state == "done" and all(len(groups) == 1 for groups in _groups(cloud, scene).values())
        stage.facts = {
            "incident": story.incident.name,
            "severity": f"SEV-{story.incident.severity}",
            **way(isolated, spans, sent_at).facts,
            "interfaces": len(before),
            "grade": isolated.grade,
        }
    with story.stage("The same finding again: no second incident", "同じ検出の再送: 二重に開始しない") as stage:
        send(cloud, scene, body)
        wait("The second delivery", lambda: Delivery.objects.filter(problem="").count() == 2)
        stage.ok = Alert.objects.count() == 1
        stage.facts = {"deliveries": 2, "alerts": Alert.objects.count()}
    with story.stage("Tags, evidence sealed", "タグ付けと証拠の封印") as stage:
        wait("The tags", lambda: ended("aws.ec2.mark"))
        steps = story.here().runs.get().steps.filter(key__in=UNATTENDED)
        stage.ok = all(step.state == "done" for step in steps)
        stage.facts = {step.action: f"{step.state} ({step.grade or 'none'})" for step in steps}
        stage.facts["evidence"] = story.here().evidence.count()


def _groups(cloud: SimulatedCloud, scene: Scene) -> dict[str, list[str]]:
    """The groups of each interface of the victim, as the cloud says them now."""
    answer = cloud.client("ec2").describe_network_interfaces(
        Filters=[{"Name": "attachment.instance-id", "Values": [scene.instance_id]}]
    )
    return {
        found["NetworkInterfaceId"]: sorted(group["GroupId"] for group in found["Groups"])
        for found in answer["NetworkInterfaces"]
    }


def _timeline(story: Story, logs: Logs, actor: Actor) -> None:
    from hikeshi.desk.evidence import verbs as evidence  # as above
    from hikeshi.desk.timelines import verbs as timelines

    incident = story.here()
    with story.stage("Logs sealed as evidence", "ログを証拠として封印") as stage:
        item = evidence.seal_files(incident, logs.paths, actor=actor, title=f"Logs ({logs.source})", kind="logs")
        stage.facts = {"item": item.name, "files": item.files, "bytes": item.size, "sha256": item.sha256}
    with story.stage("One timeline", "1 本の時系列") as stage:
        timelines.ask(incident, "main", [item], actor=actor)
        timeline = wait("The timeline", lambda: incident.timelines.exclude(state="asked").first())
        stage.ok = logs.truth is None or timeline.report["unreadable_count"] == len(logs.truth.damaged)
        stage.facts = {name: timeline.report[name] for name in ("files", "events", "duplicates", "unreadable_count")}
        stage.facts["unreadable"] = [line["place"] for line in timeline.report["unreadable"]]
    with story.stage("Attacker marked", "攻撃者のイベントに印付け") as stage:
        marks = timelines.accuse(timeline, actor=actor)
        stage.facts = {f"{mark.kind} {mark.value}": mark.events for mark in marks} | {"why": marks[0].reason}
        if logs.truth is not None:
            told = {mark.value: mark.events for mark in marks if mark.kind == "attacker"}
            stage.ok = told == {address: logs.truth.attacker_by_address[address] for address in told} != {}


def _reports(story: Story, actor: Actor) -> None:
    from hikeshi.desk.reports import verbs as reports  # as above
    from hikeshi.desk.reviews import verbs as reviews

    with story.stage("Incident report and post-mortem draft", "インシデント報告書とふりかえり草案") as stage:
        folder = story.home / "reports"
        folder.mkdir(exist_ok=True)
        incident = story.here()
        made = (
            reports.freeze(incident, "incident", story.language, actor=actor),
            reviews.draft(incident, story.language, actor=actor),
        )
        for report in made:
            path = folder / f"{incident.name}-{report.kind}.{story.language}"
            path.with_suffix(f".{story.language}.md").write_text(report.markdown, encoding="utf-8")
            path.with_suffix(f".{story.language}.html").write_text(report.html, encoding="utf-8")
        stage.facts = {"folder": str(folder), "language": story.language, "causes": len(incident.review.causes)}


def _undo(story: Story, cloud: SimulatedCloud, scene: Scene, actor: Actor) -> None:
    from hikeshi.desk.runs import undoing  # as above

    with story.stage(
        "Containment undone: the exact groups restored", "封じ込めの切り戻し: 元のグループに復元"
    ) as stage:
        step = _step(ISOLATE)
        if step is None:
            raise Failed("There is no isolation to undo.")
        undoing.undo(step, actor=actor, reason="End of the demo: the simulated host is released.")
        undone = wait("The undo", lambda: (now := _step(ISOLATE)) and now.state != "undoing" and now)
        restored = _groups(cloud, scene)
        stage.ok = undone.state == "undone" and restored == {
            interface: sorted(groups) for interface, groups in scene.original_groups.items()
        }
        stage.facts = {
            "state": undone.state,
            **{interface: ", ".join(groups) for interface, groups in restored.items()},
        }


def _ledger(story: Story) -> None:
    from django.db import transaction  # as above

    from hikeshi.desk.ledger import verbs as ledger
    from hikeshi.desk.ledger.models import Entry

    chain = story.here().name
    with story.stage("Ledger verified, one edited row found", "台帳の検証と改ざん 1 行の検出") as stage:
        whole = ledger.verify(chain)
        middle = whole.count // 2
        with transaction.atomic():
            Entry.objects.filter(chain__name=chain, seq=middle).update(actor="somebody else")
            edited = ledger.verify(chain)
            transaction.set_rollback(True)  # the edit was only shown
        stage.ok = whole.ok and [problem.seq for problem in edited.problems] == [middle] and ledger.verify(chain).ok
        stage.facts = {
            "entries": whole.count,
            "whole": whole.ok,
            "edited_row": middle,
            "found_at": [problem.seq for problem in edited.problems],
        }
