"""The queue's door: ten at a time, deleted only after they are kept. The queue is a stand-in here; `hikeshi demo` asks moto's."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from hikeshi.desk.alerts.models import Delivery
from hikeshi.doors import intake
from hikeshi.doors.intake import Intake
from tests_findings import finding

pytestmark = pytest.mark.django_db


class Queue:
    def __init__(self, bodies: list[str]) -> None:
        self.messages = [
            {"MessageId": f"m-{n}", "ReceiptHandle": f"r-{n}", "Body": body} for n, body in enumerate(bodies)
        ]
        self.deleted: list[str] = []
        self.lock = threading.Lock()

    def receive_message(self, **_: Any) -> Any:
        """What was given is not given again for a while, deleted or not."""
        with self.lock:
            given, self.messages = self.messages[:10], self.messages[10:]
        return {"Messages": given}

    def delete_message_batch(self, *, Entries: list[dict[str, str]], **_: Any) -> Any:  # noqa: N803 - their name
        self.deleted += [one["ReceiptHandle"] for one in Entries]
        return {}


def door(bodies: list[str]) -> tuple[Intake, Queue]:
    made = Intake("http://127.0.0.1:1/queue")
    queue = Queue(bodies)
    made.sqs = queue
    return made, queue


def test_what_has_gathered_is_kept_at_once_and_poison_goes_aside() -> None:
    made, queue = door([*(finding(id=f"f{n}").decode() for n in range(9)), "poison", finding(id="last").decode()])
    assert (made.once(), made.once()) == (11, 0)
    assert Delivery.objects.count() == len(queue.deleted) == 11
    assert Delivery.objects.exclude(problem="").get().message_id == "m-9"


def test_two_hundred_are_kept_before_more_is_read() -> None:
    made, queue = door([finding(id=f"f{n}").decode() for n in range(203)])
    assert (made.once(), len(queue.deleted), made.once()) == (200, 200, 3)


def test_what_is_not_kept_stays_on_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    made, queue = door([finding().decode()])

    def fails(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(intake, "receive_many", fails)
    with pytest.raises(OSError, match="full"):
        made.once()
    assert queue.deleted == []


def test_what_cannot_be_kept_is_held_and_kept_later_and_no_more_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read again and again it would become a dead letter while the database is away."""
    made, queue = door([finding(id=f"f{n}").decode() for n in range(1000)])
    tried: list[int] = []
    waits = iter([False, False, True])

    def fails(parcels: list[Any], **_: object) -> None:
        tried.append(len(parcels))
        if len(tried) < 3:
            raise OSError("the database is away")
        made.stop.set()

    monkeypatch.setattr(intake, "receive_many", fails)
    monkeypatch.setattr(intake, "close_old_connections", lambda: None)
    monkeypatch.setattr(made.stop, "wait", lambda _seconds: next(waits))
    made.run()
    made._calls.shutdown()
    assert tried == [200, 200, 200]
    assert len(queue.messages) >= 1000 - 3 * 200
    assert len(queue.deleted) == 200
