"""Messages of SQS's standard queues: what is received, hidden, deleted and counted. Simulated.

Moto looks through the whole queue several times for each message that is received: 50 ms with 400 of them. Here receiving and deleting cost
the same however long the queue is. The queues themselves stay moto's, and so does sending, so that what EventBridge and SNS deliver there
arrives; FIFO queues are moto's alone.

Amazon SQS API Reference: ReceiveMessage, DeleteMessage, DeleteMessageBatch, ChangeMessageVisibility, GetQueueAttributes, PurgeQueue.
"""

from __future__ import annotations

import heapq
import re
import time
from collections import deque
from collections.abc import Callable, Mapping
from itertools import count
from typing import Any, Final
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from hikeshi.simulation.wire import Answer, Call, error_answer, json_answer

MOST: Final = 10
"""Messages in one call."""
HANDLE: Final = re.compile(r"simulated:(?P<id>[0-9a-f-]{36}):\d+")
COUNTS: Final = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
)
ASKED: Final = {
    "ApproximateFirstReceiveTimestamp": "approximate_first_receive_timestamp", "ApproximateReceiveCount": "approximate_receive_count",
    "SenderId": "sender_id", "SentTimestamp": "sent_timestamp",
}  # fmt: skip
"""System attributes of a message, and where moto keeps them."""


class Line:
    """The messages of one queue, moto's own objects. Every method is called with the queue's lock held. Times: seconds since 1970."""

    def __init__(self) -> None:
        self._there: dict[str, Any] = {}
        self._ready: deque[Any] = deque()
        self._hidden: list[tuple[float, int, Any]] = []
        self._numbers = count()

    def refresh(self, sent: list[Any], now: float) -> None:
        """Take over what was `sent`, and show again what was hidden long enough."""
        for message in sent:
            self._there[message.id] = message
            self.hide(message, max(now, message.delayed_until / 1000))
        sent.clear()
        while self._hidden and self._hidden[0][0] <= now:
            until, _, message = heapq.heappop(self._hidden)
            if message.id in self._there and message.visible_at == until:  # else it was deleted, or hidden anew
                self._ready.append(message)

    def hide(self, message: Any, until: float) -> None:
        message.visible_at = until
        heapq.heappush(self._hidden, (until, next(self._numbers), message))

    def next(self, now: float) -> Any | None:
        """The oldest message that can be received."""
        while self._ready:
            message = self._ready.popleft()
            if message.id in self._there and message.visible_at <= now:
                return message
        return None

    def held(self, handle: str) -> Any | None:
        """The message a handle was given for. Raises `KeyError` for what never was one; `None`: it is deleted already."""
        known = HANDLE.fullmatch(handle)
        if known is None:
            raise KeyError(handle)
        return self._there.get(known["id"])

    def remove(self, message: Any) -> None:
        self._there.pop(message.id, None)

    def clear(self) -> None:
        for kept in (self._there, self._ready, self._hidden):
            kept.clear()

    def counts(self) -> tuple[int, int, int]:
        """Visible, delayed, received and not deleted."""
        hidden = [one for until, _, one in self._hidden if one.id in self._there and one.visible_at == until]
        delayed = sum(not one.approximate_receive_count for one in hidden)
        return len(self._there) - len(hidden), delayed, len(hidden) - delayed

    def until_next(self, now: float) -> float:
        """Seconds until something hidden may show itself."""
        return max(0.0, self._hidden[0][0] - now) if self._hidden else float("inf")


LINES: Final[WeakKeyDictionary[Any, Line]] = WeakKeyDictionary()
"""By moto's queue: they go together."""


def answer(call: Call, pass_on: Callable[[], Answer]) -> Answer:
    """An answer to one of `OPERATIONS`; moto's where the queue is FIFO or not there, or the call is not of the JSON protocol."""
    queue = _queue(call)
    if queue is None:
        return pass_on()
    with queue._messages_lock:  # noqa: SLF001 - so that who sends wakes who waits
        if queue not in LINES:
            LINES[queue] = Line()
    return OPERATIONS[call.operation](call, queue, LINES[queue], pass_on)


def _queue(call: Call) -> Any | None:
    from moto.sqs.models import sqs_backends  # after the settings, see `server.py`

    _, account, name, *_ = (*urlsplit(str(call.params.get("QueueUrl", ""))).path.split("/"), "", "")
    if call.protocol != "json" or not account.isdecimal():
        return None
    queue: Any = sqs_backends[account][call.region].queues.get(name)
    return None if queue is None or queue.fifo_queue else queue


def _receive(call: Call, queue: Any, line: Line, pass_on: Callable[[], Answer]) -> Answer:
    most = call.params.get("MaxNumberOfMessages", 1)
    wait = call.params.get("WaitTimeSeconds", queue.receive_message_wait_time_seconds)
    if not (1 <= int(most) <= MOST and 0 <= int(wait) <= 20):
        return pass_on()  # says what is wrong
    over = time.time() + int(wait)
    with queue._messages_lock:  # noqa: SLF001 - as above
        while True:
            now = time.time()
            line.refresh(queue._messages, now)  # noqa: SLF001 - as above
            given, dead = _take(call, queue, line, int(most), now)
            if given or dead or now >= over:
                break
            queue._messages_lock.wait(min(over - now, line.until_next(now)))  # noqa: SLF001 - as above
    for message in dead:
        queue.dead_letter_queue.add_message(message)
    return json_answer({"Messages": [_told(call, one) for one in given]} if given else {})


def _take(call: Call, queue: Any, line: Line, most: int, now: float) -> tuple[list[Any], list[Any]]:
    """Messages to give, and those that were given too often."""
    given: list[Any] = []
    dead: list[Any] = []
    while len(given) < most and (message := line.next(now)) is not None:
        if _given_too_often(message, queue):
            line.remove(message)
            dead.append(message)
            continue
        message.approximate_receive_count += 1
        message.approximate_first_receive_timestamp = message.approximate_first_receive_timestamp or int(now * 1000)
        message.receipt_handle = f"simulated:{message.id}:{message.approximate_receive_count}"
        line.hide(message, now + int(call.params.get("VisibilityTimeout", queue.visibility_timeout)))
        given.append(message)
    return given, dead


def _given_too_often(message: Any, queue: Any) -> bool:
    if queue.dead_letter_queue is None or not queue.redrive_policy:
        return False
    return bool(message.approximate_receive_count >= int(queue.redrive_policy["maxReceiveCount"]))


def _told(call: Call, message: Any) -> Mapping[str, Any]:
    told = {
        "MessageId": message.id, "ReceiptHandle": message.receipt_handle, "MD5OfBody": message.body_md5, "Body": message.body
    }  # fmt: skip
    asked = {*call.params.get("AttributeNames", ()), *call.params.get("MessageSystemAttributeNames", ())}
    if system := {name: str(getattr(message, at)) for name, at in ASKED.items() if asked & {"All", name}}:
        told["Attributes"] = system
    if message.message_attributes and call.params.get("MessageAttributeNames"):
        told |= {"MessageAttributes": message.message_attributes, "MD5OfMessageAttributes": message.attribute_md5}
    return told


def _delete(call: Call, queue: Any, line: Line, _pass_on: Callable[[], Answer]) -> Answer:
    return _by_handle(call, queue, line, lambda message, _: line.remove(message))


def _change(call: Call, queue: Any, line: Line, _pass_on: Callable[[], Answer]) -> Answer:
    def change(message: Any, asked: Mapping[str, Any]) -> None:
        line.hide(message, time.time() + int(asked["VisibilityTimeout"]))
        queue._messages_lock.notify_all()  # noqa: SLF001 - as above

    return _by_handle(call, queue, line, change)


def _by_handle(call: Call, queue: Any, line: Line, do: Callable[[Any, Mapping[str, Any]], None]) -> Answer:
    """Do it to each message that is named; a call without entries names one itself."""
    entries = call.params.get("Entries")
    failed = []
    with queue._messages_lock:  # noqa: SLF001 - as above
        for one in (call.params,) if entries is None else entries:
            try:
                message = line.held(str(one.get("ReceiptHandle", "")))
            except KeyError:
                failed.append(one)
                continue
            if message is not None:
                do(message, one)
    if entries is None:
        return (
            error_answer(call, 404, "ReceiptHandleIsInvalid", "The input receipt handle is invalid")
            if failed
            else json_answer({})
        )
    return json_answer({
        "Successful": [{"Id": one["Id"]} for one in entries if one not in failed],
        "Failed": [{"Id": one["Id"], "SenderFault": True, "Code": "ReceiptHandleIsInvalid"} for one in failed],
    })  # fmt: skip


def _attributes(_call: Call, queue: Any, line: Line, pass_on: Callable[[], Answer]) -> Answer:
    with queue._messages_lock:  # noqa: SLF001 - as above
        line.refresh(queue._messages, time.time())  # noqa: SLF001 - as above
        counts = dict(zip(COUNTS, map(str, line.counts()), strict=True))
    told = pass_on()
    if told.status != 200:
        return told
    body = told.json()
    body["Attributes"] = {name: counts.get(name, value) for name, value in body.get("Attributes", {}).items()}
    return json_answer(body)


def _purge(_call: Call, queue: Any, line: Line, pass_on: Callable[[], Answer]) -> Answer:
    with queue._messages_lock:  # noqa: SLF001 - as above
        line.clear()
    return pass_on()


def _send(_call: Call, queue: Any, line: Line, pass_on: Callable[[], Answer]) -> Answer:
    """Moto sends; taken over at once, because it counts all that lies there for each message."""
    told = pass_on()
    with queue._messages_lock:  # noqa: SLF001 - as above
        line.refresh(queue._messages, time.time())  # noqa: SLF001 - as above
    return told


OPERATIONS: Final[Mapping[str, Callable[[Call, Any, Line, Callable[[], Answer]], Answer]]] = {
    "ChangeMessageVisibility": _change,
    "ChangeMessageVisibilityBatch": _change,
    "DeleteMessage": _delete,
    "DeleteMessageBatch": _delete,
    "GetQueueAttributes": _attributes,
    "PurgeQueue": _purge,
    "ReceiveMessage": _receive,
    "SendMessage": _send,
    "SendMessageBatch": _send,
}
