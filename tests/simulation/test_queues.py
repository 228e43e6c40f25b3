"""The simulated queue: a message comes once while it is hidden, again after it, and never after it was deleted."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from hikeshi.simulation.cloud import SimulatedCloud


class Queue:
    """One queue, as those who use it see it."""

    def __init__(self, sqs: Any, name: str = "alerts", **attributes: str) -> None:
        self.sqs, self.url = sqs, sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]

    def send(self, *bodies: str, **more: Any) -> None:
        for body in bodies:
            self.sqs.send_message(QueueUrl=self.url, MessageBody=body, **more)

    def receive(self, most: int = 10, **more: Any) -> list[dict[str, Any]]:
        found = self.sqs.receive_message(QueueUrl=self.url, MaxNumberOfMessages=most, **more)
        return list(found.get("Messages", ()))

    def bodies(self, **more: Any) -> list[str]:
        return [one["Body"] for one in self.receive(**more)]

    def delete(self, *handles: str) -> dict[str, Any]:
        entries = [{"Id": str(place), "ReceiptHandle": one} for place, one in enumerate(handles)]
        return dict(self.sqs.delete_message_batch(QueueUrl=self.url, Entries=entries))

    def counts(self) -> list[int]:
        """Visible, delayed, received."""
        told = self.sqs.get_queue_attributes(QueueUrl=self.url, AttributeNames=["All"])["Attributes"]
        tails = ("", "Delayed", "NotVisible")
        return [int(told[f"ApproximateNumberOfMessages{tail}"]) for tail in tails]


@pytest.fixture
def made(cloud: SimulatedCloud) -> Callable[..., Queue]:
    return lambda *args, **more: Queue(cloud.client("sqs"), *args, **more)


def test_what_was_received_is_hidden_and_what_was_deleted_is_gone(made: Callable[..., Queue]) -> None:
    queue = made()
    queue.send(*"abc")
    first = queue.receive(2)
    assert ([one["Body"] for one in first], queue.bodies(), queue.bodies()) == (["a", "b"], ["c"], [])
    assert queue.counts() == [0, 0, 3]
    assert len(queue.delete(first[0]["ReceiptHandle"])["Successful"]) == 1
    assert queue.counts() == [0, 0, 2]
    queue.sqs.purge_queue(QueueUrl=queue.url)
    assert queue.counts() == [0, 0, 0]


def test_it_shows_again_and_any_handle_deletes_it(made: Callable[..., Queue]) -> None:
    queue = made(VisibilityTimeout="0")
    queue.send("a")
    first, second = queue.receive(), queue.receive(AttributeNames=["ApproximateReceiveCount"])
    assert second[0]["Attributes"] == {"ApproximateReceiveCount": "2"}
    assert first[0]["ReceiptHandle"] != second[0]["ReceiptHandle"]
    assert [queue.delete(first[0]["ReceiptHandle"]).get("Failed") for _ in range(2)] == [[], []]  # again is no error
    assert queue.receive() == []
    assert [one["Code"] for one in queue.delete("none of ours")["Failed"]] == ["ReceiptHandleIsInvalid"]
    with pytest.raises(queue.sqs.exceptions.ReceiptHandleIsInvalid):
        queue.sqs.delete_message(QueueUrl=queue.url, ReceiptHandle="none of ours")


def test_visibility_is_changed(made: Callable[..., Queue]) -> None:
    queue = made()
    queue.send("a")
    [one] = queue.receive()
    for seconds, expected in ((0, ["a"]), (60, [])):
        given = {"QueueUrl": queue.url, "ReceiptHandle": one["ReceiptHandle"], "VisibilityTimeout": seconds}
        queue.sqs.change_message_visibility(**given)
        assert queue.bodies(VisibilityTimeout=0) == expected


def test_a_poll_waits_for_what_is_sent_and_for_what_is_hidden(made: Callable[..., Queue]) -> None:
    queue = made()
    sender = threading.Timer(0.3, queue.send, ["late"])
    sender.start()
    assert queue.bodies(WaitTimeSeconds=10, VisibilityTimeout=1) == ["late"]
    sender.join()
    began = time.monotonic()
    assert queue.bodies(WaitTimeSeconds=10) == ["late"]
    assert time.monotonic() - began < 5


def test_what_comes_too_often_goes_to_the_dead_letters(made: Callable[..., Queue]) -> None:
    dead = made("dead")
    arn = dead.sqs.get_queue_attributes(QueueUrl=dead.url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    queue = made(RedrivePolicy=json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 2}), VisibilityTimeout="0")
    queue.send("poison")
    assert [queue.bodies() for _ in range(3)] == [["poison"], ["poison"], []]
    assert dead.bodies() == ["poison"]


def test_attributes_of_messages_and_delay(made: Callable[..., Queue]) -> None:
    queue = made()
    queue.send("later", DelaySeconds=900)
    queue.send("named", MessageAttributes={"kind": {"DataType": "String", "StringValue": "x"}})
    [one] = queue.receive(MessageAttributeNames=["All"])
    assert one["MessageAttributes"]["kind"]["StringValue"] == "x"
    assert queue.counts() == [0, 1, 1]


def test_wrong_calls_and_ordered_queues_are_answered_by_moto(made: Callable[..., Queue]) -> None:
    queue = made("ordered.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    queue.send("a", MessageGroupId="g")
    assert queue.bodies() == ["a"]
    with pytest.raises(queue.sqs.exceptions.ClientError, match="between 1 and 10"):
        made().receive(11)
