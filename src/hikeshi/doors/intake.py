"""The queue's door: reads an SQS queue and hands what has gathered to the desk. Messages are deleted only after they are kept.

Three things go on beside each other, because most of their time is spent waiting for AWS and for the disk: the next messages are received
while these are kept, several calls at once, and those of before are deleted. No more than one gathering is read ahead: what the desk cannot
take stays on the queue.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from queue import Empty, Queue
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings
from django.db import close_old_connections

from hikeshi.aws.clients import client
from hikeshi.desk.actor import system
from hikeshi.desk.alerts.receiving import Parcel, receive_many

log = logging.getLogger(__name__)
LONGEST_WAIT = 20
AT_ONCE = 200
"""Messages in a transaction: the groups they join are read once, and the disk is waited for once."""
BYTES_AT_ONCE = 2 << 20
"""With these no more are gathered, however few messages they are."""
A_CALL = 10
"""Messages that SQS gives and deletes in one call."""
CALLS = 4
"""Calls at the same time, once the first has come back full."""
Message = Mapping[str, Any]


class Intake:
    """Polls one queue until `stop` is set."""

    def __init__(self, queue_url: str, *, stop: threading.Event | None = None) -> None:
        self.queue_url = queue_url
        self.stop = stop or threading.Event()
        self.actor = system("SQS intake", "intake")
        environment = settings.ENVIRONMENT
        self.simulated = bool(environment.aws_endpoint_url)
        self.sqs = client("sqs", environment.aws_region, environment.aws_endpoint_url or None, LONGEST_WAIT + 10.0)
        self._calls = ThreadPoolExecutor(CALLS, "queue")
        self._ahead: Queue[list[Message]] = Queue(maxsize=1)

    def run(self) -> None:
        threading.Thread(target=self._read_ahead, daemon=True).start()
        while not self.stop.is_set():
            with suppress(Empty):
                self._insist(self._ahead.get(timeout=1.0))

    def once(self, *, seconds: int = 0) -> int:
        """Read what is there, waiting up to `seconds` for the first. Returns how many messages were kept, and are deleted by then."""
        messages = self._gather(seconds)
        if messages:
            self._keep(messages)
            list(self._calls.map(self._delete, _tens(messages)))
        return len(messages)

    def _read_ahead(self) -> None:
        wait = 1.0
        while not self.stop.is_set():
            try:
                messages = self._gather(LONGEST_WAIT)
                wait = 1.0
            except (BotoCoreError, ClientError) as problem:
                if self.stop.is_set():
                    return
                log.warning("the queue cannot be read, trying again in %g s: %s", wait, problem)
                self.stop.wait(wait)
                wait = min(60.0, wait * 2)
                continue
            except Exception:  # the intake's boundary: what was not received stays on the queue
                log.exception("the intake met an error and goes on")
                self.stop.wait(wait)
                continue
            if messages:
                self._ahead.put(messages)

    def _insist(self, messages: Sequence[Message]) -> None:
        """Keep them, however long it takes. Reading them again instead would count towards their limit, and make them dead letters."""
        wait = 1.0
        while not self.stop.is_set():
            try:
                self._keep(messages)
            except Exception:  # the intake's boundary: nothing is deleted, so nothing is lost
                log.exception("%d messages cannot be kept, trying again in %g s", len(messages), wait)
                close_old_connections()
                self.stop.wait(wait)
                wait = min(60.0, wait * 2)
                continue
            for ten in _tens(messages):
                self._calls.submit(self._delete, ten)
            return

    def _keep(self, messages: Sequence[Message]) -> None:
        parcels = [Parcel(one["Body"].encode(), "sqs", one["MessageId"], self.simulated) for one in messages]
        receive_many(parcels, actor=self.actor)

    def _gather(self, seconds: int) -> list[Message]:
        """Up to `AT_ONCE` messages: those of one call, and as long as calls come back full, those of several at once."""
        messages = self._receive(seconds)
        full = len(messages) == A_CALL
        while full and len(messages) < AT_ONCE and _size(messages) < BYTES_AT_ONCE:
            calls = min(CALLS, (AT_ONCE - len(messages)) // A_CALL)
            more = [one for some in self._calls.map(self._receive_more, range(calls)) for one in some]
            messages += more
            full = len(more) == calls * A_CALL
        return messages

    def _receive_more(self, _number: int) -> list[Message]:
        """What is there now. Where it cannot be read nothing: those received beside it are kept first, and the next round tells."""
        try:
            return self._receive(0)
        except (BotoCoreError, ClientError):
            return []

    def _receive(self, seconds: int) -> list[Message]:
        answer = self.sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=A_CALL, WaitTimeSeconds=seconds)
        return list(answer.get("Messages", []))

    def _delete(self, messages: Sequence[Message]) -> None:
        """Only what is committed. What the queue keeps all the same comes again and is known by its id."""
        entries = [{"Id": str(place), "ReceiptHandle": one["ReceiptHandle"]} for place, one in enumerate(messages)]
        try:
            answer = self.sqs.delete_message_batch(QueueUrl=self.queue_url, Entries=entries)
        except (BotoCoreError, ClientError) as problem:
            log.warning("%d messages stay on the queue and will come again: %s", len(messages), problem)
            return
        for failed in answer.get("Failed", []):
            log.warning("a message stays on the queue (%s) and will come again", failed.get("Code"))


def _tens(messages: Sequence[Message]) -> list[Sequence[Message]]:
    return [messages[start : start + A_CALL] for start in range(0, len(messages), A_CALL)]


def _size(messages: Sequence[Message]) -> int:
    """In characters, which is near enough."""
    return sum(len(one["Body"]) for one in messages)
