"""Many payloads at once: each is kept once, whoever else receives the same at the same moment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import msgspec
import pytest
from django.utils import timezone
from hypothesis import given, strategies as st
from hypothesis.extra.django import TestCase
from pytest_django.fixtures import Settings

from hikeshi.desk.actor import Actor, system
from hikeshi.desk.alerts import receiving
from hikeshi.desk.alerts.models import Alert, Delivery, Group
from hikeshi.desk.alerts.receiving import Kept, Parcel, receive_many
from hikeshi.desk.ledger.models import Entry
from hikeshi.doors.worker import Worker
from hikeshi.signals.signal import Signal
from on_postgres import cluster, programs
from standing import stand
from tests_findings import finding

pytestmark = pytest.mark.django_db


def one(number: int, **changes: object) -> bytes:
    return finding(id=f"finding-{number}", **changes)


def receive(actor: Actor, *payloads: bytes, message: str = "m") -> list[Kept]:
    return receive_many([Parcel(body, "test", f"{message}-{n}") for n, body in enumerate(payloads)], actor=actor)


def test_a_batch_is_kept_in_its_order_with_a_line_for_each(hikeshi: Actor) -> None:
    kept = receive(hikeshi, one(1), b"nonsense", one(2))
    assert [bool(row.delivery.problem) for row in kept] == [False, True, False]
    assert [len(row.alerts) for row in kept] == [1, 0, 1]
    verbs = Entry.objects.order_by("seq").values_list("verb", flat=True)
    assert list(verbs) == ["alert.receive", "alert.set_aside", "alert.receive"]


def test_the_same_message_twice_in_one_batch_is_kept_once(hikeshi: Actor) -> None:
    first, second = receive_many([Parcel(one(1), "test", "m")] * 2, actor=hikeshi)
    assert (first.delivery, first.alerts) == (second.delivery, second.alerts)
    assert (first.repeated, second.repeated) == (False, True)


def test_a_message_that_came_before_has_the_same_answer(hikeshi: Actor) -> None:
    (first,), (again,) = receive(hikeshi, one(1)), receive(hikeshi, one(1))
    assert again == first._replace(repeated=True)


def test_a_message_id_that_is_too_long_is_still_known_again(hikeshi: Actor) -> None:
    parcel = Parcel(one(1), "test", "m" * 5000)
    first, second = (receive_many([parcel], actor=hikeshi)[0] for _ in range(2))
    assert second == first._replace(repeated=True)


def test_an_array_is_one_delivery_of_many_alerts(hikeshi: Actor) -> None:
    (kept,) = receive(hikeshi, b"[" + b",".join(one(number) for number in range(30)) + b"]")
    assert len(kept.alerts) == 30
    assert Group.objects.get().size == 30


def test_json_lines_are_one_delivery_of_many_alerts(hikeshi: Actor) -> None:
    (kept,) = receive(hikeshi, one(1) + b"\n" + one(2) + b"\n")
    assert (len(kept.alerts), kept.delivery.problem) == (2, "")


def test_one_bad_element_does_not_hide_the_others(hikeshi: Actor) -> None:
    (kept,) = receive(hikeshi, b"[" + one(1) + b', {"unknown": 1}, ' + one(2) + b"]")
    assert len(kept.alerts) == 2
    assert kept.delivery.problem.startswith("1 of 3 parts not understood:")


def test_a_graver_alert_makes_its_group_as_grave(hikeshi: Actor) -> None:
    receive(hikeshi, one(1, severity=2))
    before = Group.objects.get()
    receive(hikeshi, one(2, severity=9.5), message="later")
    after = Group.objects.get()
    assert (before.suggested_severity, after.suggested_severity) == (4, 1)
    assert before.answer_by is not None
    assert after.answer_by is not None
    assert after.answer_by < before.answer_by
    assert (after.size, after.score) == (2, 9.5)


def test_an_update_of_a_finding_counts_in_its_group(hikeshi: Actor) -> None:
    receive(hikeshi, one(1))
    later = json.loads(one(1))
    later["detail"]["service"]["eventLastSeen"] = "2026-11-06T19:00:00Z"
    receive(hikeshi, json.dumps(later).encode(), message="later")
    assert (Group.objects.get().size, Group.objects.get().times_seen) == (1, 4)


def test_what_a_table_cannot_hold_is_made_fit(hikeshi: Actor) -> None:
    title = "\\u0000\\ud800" + "x" * 5000
    receive(hikeshi, one(1).replace(b"EC2 instance", title.encode()))
    assert Alert.objects.get().title.startswith("x")


def test_one_that_the_database_refuses_does_not_hold_up_the_others(
    hikeshi: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    fine = receiving._alert

    def too_big(signal: Signal, *rest: object) -> Alert:
        alert = fine(signal, *rest)  # type: ignore[arg-type]  # handed through
        if "finding-2" in signal.key:
            alert.times_seen = 2**70
        return alert

    monkeypatch.setattr(receiving, "_alert", too_big)
    kept = receive(hikeshi, one(1), one(2), one(3))
    assert [bool(row.delivery.problem) for row in kept] == [False, True, False]
    assert Delivery.objects.count() == 3


def test_alerts_that_no_order_may_answer_cost_no_worker_a_round(hikeshi: Actor) -> None:
    service = json.loads(one(1))["detail"]["service"] | {"resourceRole": "TARGET"}
    receive(hikeshi, *(one(number, service=service) for number in range(20)))
    assert not Worker(prompt=()).once()
    assert "not the ACTOR" in Alert.objects.first().answer["en"]  # type: ignore[union-attr]  # there are 20


def test_what_no_order_covers_is_left_as_it_comes_and_the_ledger_counts_it(hikeshi: Actor) -> None:
    stand("C2", actor=hikeshi, finding_types=["Backdoor:"], playbook="compromised-ec2", severity=2)
    receive(hikeshi, one(1), one(2, severity=3), b"[" + one(3, type="Recon:EC2/Portscan") + b"," + one(4) + b"]")
    assert [alert.due_at is None for alert in Alert.objects.order_by("pk")] == [False, True, True, False]
    assert [
        msgspec.json.decode(entry.data)["left"] for entry in Entry.objects.filter(verb="alert.receive").order_by("seq")
    ] == [0, 1, 1]
    left = Alert.objects.filter(due_at=None).first()
    assert left is not None
    assert "No standing order" in left.answer["en"]


def test_a_storm_costs_the_workers_a_few_rounds(hikeshi: Actor) -> None:
    stand("C2", actor=hikeshi, finding_types=["Backdoor:"], playbook="compromised-ec2", severity=2, kinds=["database"])
    receive(hikeshi, *(one(number) for number in range(40)))
    receive(hikeshi, *(one(number) for number in range(40, 100)))  # a storm by now: looked at together
    due = {alert.due_at for alert in Alert.objects.all() if alert.due_at}
    assert max(due) <= timezone.now() + timedelta(seconds=2)
    assert len(due) == 2
    Alert.objects.exclude(due_at=None).update(due_at=timezone.now())
    assert Worker().drain() <= 5
    assert not Alert.objects.filter(due_at__isnull=False).exists()
    assert not Alert.objects.filter(answer={}).exists()


class AnyPayload(TestCase):
    @given(st.binary(max_size=300) | st.from_regex(rb"[\[{]?(\{\"a\":1\}[,\n]?){0,4}\]?", fullmatch=True))
    def test_any_bytes_are_kept_and_either_understood_or_named(self, payload: bytes) -> None:
        (kept,) = receive_many([Parcel(payload, "test")], actor=system("t", "intake"))
        assert kept.alerts or kept.delivery.problem
        assert bytes(Delivery.objects.get(pk=kept.delivery.pk).payload) == payload


TOGETHER = """
import django, sys
django.setup()
from hikeshi.desk.actor import system
from hikeshi.desk.alerts.receiving import Parcel, receive_many
from tests_findings import finding
for start in range(0, 60, 3):
    receive_many([Parcel(finding(id=f"f-{n % 40}", type=f"Backdoor:{n % 7}"), "test", f"m-{n}") for n in range(start, start + 3)],
                 actor=system(sys.argv[1], "intake"))
"""
LOOK = """
import django
django.setup()
from hikeshi.desk.alerts.models import *
from hikeshi.desk.ledger.verbs import verify
from django.db.models import Sum
print(Delivery.objects.count(), Alert.objects.count(), Group.objects.count(), Group.objects.aggregate(n=Sum("size"))["n"], verify("organisation").ok)
"""


@contextmanager
def _database() -> Iterator[str]:
    """PostgreSQL, where many may write at once; without it SQLite, which must get there too."""
    if (found := programs()) is None:
        yield ""
    else:
        with cluster(found) as url:
            yield url


@pytest.mark.slow
def test_several_processes_that_receive_the_same_keep_it_once(tmp_path: Path) -> None:
    with _database() as url:
        environment = os.environ | {
            "HIKESHI_HOME": str(tmp_path),
            "HIKESHI_DATABASE_URL": url,
            "PYTHONPATH": os.pathsep.join(sys.path),
        }
        subprocess.run([sys.executable, "-m", "django", "migrate", "-v0"], env=environment, check=True)
        started = [subprocess.Popen([sys.executable, "-c", TOGETHER, f"p{n}"], env=environment) for n in range(3)]
        assert [process.wait(60) for process in started] == [0, 0, 0]
        told = subprocess.run(
            [sys.executable, "-c", LOOK], env=environment, check=True, capture_output=True, text=True
        ).stdout
    # 60 messages, in which 40 findings are named, of 7 types each as it was first said.
    assert told.split() == ["60", "40", "7", "40", "True"]


def test_a_mapping_in_the_home_is_used(hikeshi: Actor, settings: Settings, tmp_path: Path) -> None:
    settings.ENVIRONMENT = msgspec.structs.replace(settings.ENVIRONMENT, home=tmp_path)
    (tmp_path / "mappings").mkdir()
    (tmp_path / "mappings" / "door.yaml").write_text("name: door\nabout: Doors\nmatch:\n  - path: door\nkey: [id]\n")
    receive_many([Parcel(b'{"door": 1, "id": 7}', "doors")], actor=hikeshi)
    assert Alert.objects.get().key == "door:7"


def test_a_date_in_the_future_is_kept_and_marked_and_holds_no_update_back(hikeshi: Actor) -> None:
    late = json.loads(finding())
    late["detail"]["service"]["eventLastSeen"] = "2099-01-01T00:00:00Z"
    receive_many([Parcel(json.dumps(late).encode(), "sqs")], actor=hikeshi)
    alert = Alert.objects.get()
    assert alert.last_seen_at is not None
    assert alert.last_seen_at.year == 2099
    assert "Dated in the future" in alert.reasons[-1]["en"]
    receive_many([Parcel(finding(), "sqs")], actor=hikeshi)
    alert.refresh_from_db()
    assert alert.times_seen > 1
    assert alert.last_seen_at.year == 2026
