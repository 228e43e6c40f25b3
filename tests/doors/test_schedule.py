"""Evidence and ledger checked by themselves: in idle time, in the way of nothing, and never quietly."""

from __future__ import annotations

import json
import threading
from datetime import datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.fixtures import Settings

from doors.console.house import HIKESHI, as_actor, person, signed_in
from hikeshi.custody.locker import Checked
from hikeshi.desk.accounts import verbs as accounts
from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence import checking, schedule, verbs as evidence
from hikeshi.desk.evidence.models import Item
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.ledger import rounds, verbs as ledger
from hikeshi.desk.ledger.models import Entry, Round
from hikeshi.doors.cli import health_desk
from hikeshi.doors.worker import WORK, Worker
from hikeshi.errors import Refused

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def home(settings: Settings, tmp_path: Path) -> Path:
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, home=tmp_path)
    return tmp_path


@pytest.fixture
def incident() -> Incident:
    return incidents.declare("Mining traffic", 2, actor=HIKESHI, reason="test")


@pytest.fixture
def item(incident: Incident) -> Item:
    return evidence.seal_bytes(incident, b"as it was", actor=HIKESHI, title="x", kind="file")


def due(item: Item) -> None:
    Item.objects.filter(pk=item.pk).update(due_at=timezone.now() - timedelta(seconds=1))


def hurry_round() -> Round:
    Round.objects.update(due_at=timezone.now() - timedelta(seconds=1))
    return Round.objects.get()


def test_what_is_sealed_is_read_again_when_its_time_has_come(item: Item) -> None:
    assert item.due_at is not None
    assert timedelta(days=6) < item.due_at - timezone.now() <= timedelta(days=7)
    due(item)
    Worker().drain()
    item.refresh_from_db()
    assert (item.check_result, item.lease_owner, item.attempts) == ("match", "", 0)
    assert item.due_at is not None
    assert item.due_at > timezone.now() + timedelta(days=6)
    line = evidence.custody(item)[-1]
    assert (line.verb, line.actor, line.door) == ("evidence.verify", "Hikeshi", "worker")


def test_each_of_the_three_outcomes_is_kept(item: Item) -> None:
    path = evidence.locker().path(item.sha256)
    path.chmod(0o644)
    path.write_bytes(b"as it is now")
    due(item)
    Worker().drain()
    assert Item.objects.get().check_result == "mismatch"
    path.unlink()
    due(item)
    Worker().drain()
    held = Item.objects.get()
    assert held.check_result == "could-not-check"
    assert held.due_at is not None
    assert held.due_at < timezone.now() + timedelta(days=1, minutes=1)


def test_zero_days_is_never(settings: Settings, incident: Incident) -> None:
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, verify_days=0)
    assert evidence.seal_bytes(incident, b"x", actor=HIKESHI, title="x", kind="file").due_at is None


def test_reading_is_the_last_thing_a_worker_does() -> None:
    assert WORK[-1][0] is Item


def test_a_long_read_gives_way_and_keeps_its_lease(
    item: Item, incident: Incident, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the bytes are being read, a round that falls due is made, and the lease grows."""
    read_on, worker = threading.Event(), Worker()
    monkeypatch.setattr(checking, "PAUSE", 0.01)

    def slow(_item: Item) -> Checked:
        read_on.wait(10)
        return Checked(result="match")

    monkeypatch.setattr(evidence, "compare", slow)
    due(item)
    attend = worker.attend
    leases: list[datetime] = []

    def attended(row: Item) -> None:
        if not leases:
            hurry_round()
        attend(row)
        leases.append(Item.objects.get().lease_until or timezone.now())
        if Round.objects.get().checked_at:
            read_on.set()

    monkeypatch.setattr(worker, "attend", attended)
    worker.drain()
    assert Entry.objects.filter(verb="ledger.verify").exists()
    assert leases[0] < leases[-1]
    assert Item.objects.get().check_result == "match"


def test_a_worker_that_lost_the_item_or_must_stop_writes_nothing(item: Item, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(evidence, "compare", lambda _item: Checked(result="mismatch"))
    due(item)
    worker = Worker(prompt=())

    def stopped(row: Item) -> None:
        worker.stop.set()
        Worker.attend(worker, row)

    monkeypatch.setattr(worker, "attend", stopped)
    worker.once()
    assert Item.objects.get().check_result == ""
    assert Item.objects.get().lease_owner == worker.name


def test_everything_is_read_again_on_demand_by_those_on_it(incident: Incident, item: Item) -> None:
    responder, other = person("sato", "responder"), person("suzuki", "responder")
    incidents.assign(incident, "responder", actor=HIKESHI, person=responder)
    outsider = person("tanaka", "observer")
    for who in (other, outsider):
        with pytest.raises(Refused, match="may not"):
            schedule.ask(incident, actor=as_actor(who))
    assert schedule.ask(incident, actor=as_actor(responder)) == 1
    Worker().drain()
    assert Item.objects.get().check_result == "match"


def test_the_round_finds_an_edited_entry_and_says_so_on_the_record(incident: Incident) -> None:
    hurry_round()
    Worker().drain()
    row = Round.objects.get()
    assert (row.problems, row.damaged) == (0, [])
    assert row.entries >= 3
    Entry.objects.filter(chain__name=incident.name, seq=2).update(actor="somebody else")
    hurry_round()
    Worker().drain()
    row = Round.objects.get()
    assert [incident.name, 2, "edited"] in row.damaged
    said = json.loads(Entry.objects.filter(verb="ledger.verify").order_by("-seq")[0].data)
    assert said["problems"] == row.problems
    assert row.due_at is not None
    assert row.due_at > timezone.now() + timedelta(hours=23)


def test_long_chains_are_read_in_slices(incident: Incident, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rounds, "SLICE", 1)
    looks: list[int] = []
    rounds.walk(Round.objects.get(), actor=HIKESHI, meanwhile=lambda: looks.append(1))
    assert Round.objects.get().problems == 0
    assert Round.objects.get().entries == Entry.objects.count() - 1  # its own entry came after
    assert len(looks) > 3
    assert ledger.verify("organisation").ok


def test_who_acts_is_hikeshi_itself(item: Item) -> None:
    actor: Actor = Worker().actor
    checking.check_due(item, actor=actor, meanwhile=lambda: None)
    assert evidence.custody(item)[-1].actor == "Hikeshi"


def spoiled(item: Item) -> Item:
    Item.objects.filter(pk=item.pk).update(check_result="mismatch", checked_at=timezone.now())
    return item


def test_a_mismatch_is_on_the_board_and_with_the_doctor(item: Item, incident: Incident) -> None:
    commander, other = person("kondo", "commander"), person("suzuki", "responder")
    assert health_desk.checks().state == "ok"
    assert "not as it was sealed" not in signed_in(commander).get("/").content.decode()
    spoiled(item)
    assert "証拠が封印時と一致しません" in signed_in(commander, "ja").get("/").content.decode()
    assert "not as it was sealed" not in signed_in(other).get("/").content.decode()
    told = health_desk.checks()
    assert (told.state, told.en) == ("bad", f"mismatch: {incident}/EV-001")


def test_the_doctor_and_the_audit_page_say_what_the_round_found(incident: Incident) -> None:
    commander, other = person("kondo", "commander"), person("suzuki", "responder")
    assert health_desk.rounds().state == "part"
    Round.objects.update(checked_at=timezone.now(), chains=2, entries=9)
    assert health_desk.rounds().state == "ok"
    assert "9 entries, all whole" in signed_in(commander).get("/audit/").content.decode()
    Round.objects.update(problems=1, damaged=[[incident.name, 2, "edited"]])
    assert health_desk.rounds().state == "bad"
    assert f"{incident.name} #2" in signed_in(commander).get("/audit/").content.decode()
    assert incident.name not in signed_in(other).get("/audit/").content.decode()


def test_the_console_and_the_api_ask_for_all(item: Item, incident: Incident) -> None:
    commander, other = person("kondo", "commander"), person("suzuki", "responder")
    address = f"/incidents/{incident.name}/evidence-verify/"
    assert "is being read again" in signed_in(commander).post(address, follow=True).content.decode()
    assert signed_in(other).post(address).status_code == 404
    token = accounts.issue_token(commander, "test", actor=as_actor(commander))
    answer = Client().post(f"/api/v1{address[:-1]}", headers={"Authorization": f"Bearer {token}"})
    assert (answer.status_code, answer.json()) == (202, {"items": 1})
    assert Entry.objects.filter(verb="evidence.verify_ask").count() == 2
