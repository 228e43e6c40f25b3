"""The queue's door: ten at a time, deleted only after they are kept. The queue is a stand-in here; `hikeshi demo` asks moto's."""

from __future__ import annotations

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
        self.given = 0
        self.deleted: list[str] = []

    def receive_message(self, **_: Any) -> Any:
        """What was given is not given again for a while, deleted or not."""
        answer = {"Messages": self.messages[self.given : self.given + 10]}
        self.given += len(answer["Messages"])
        return answer

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


def test_a_hundred_are_kept_before_more_is_read() -> None:
    made, queue = door([finding(id=f"f{n}").decode() for n in range(103)])
    assert (made.once(), len(queue.deleted), made.once()) == (100, 100, 3)


def test_what_is_not_kept_stays_on_the_queue(monkeypatch: pytest.MonkeyPatch) -> None:
    made, queue = door([finding().decode()])

    def fails(*_: object, **__: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(intake, "receive_many", fails)
    with pytest.raises(OSError, match="full"):
        made.once()
    assert queue.deleted == []
