"""The queue's door: reads an SQS queue and hands what has gathered to the desk. Messages are deleted only after they are kept."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from django.conf import settings

from hikeshi.aws.clients import client
from hikeshi.desk.actor import system
from hikeshi.desk.alerts.receiving import Parcel, receive_many

log = logging.getLogger(__name__)
LONGEST_WAIT = 20
AT_ONCE = 100
"""Messages in a transaction: one costs about the same for ten as for a hundred."""
A_CALL = 10
"""Messages that SQS gives and deletes in one call."""


class Intake:
    """Polls one queue until `stop` is set. `arrived` is called after each message that was kept."""

    def __init__(
        self, queue_url: str, *, stop: threading.Event | None = None, arrived: Callable[[], None] = lambda: None
    ) -> None:
        self.queue_url, self.arrived = queue_url, arrived
        self.stop = stop or threading.Event()
        self.actor = system("SQS intake", "intake")
        environment = settings.ENVIRONMENT
        self.simulated = bool(environment.aws_endpoint_url)
        self.sqs = client("sqs", environment.aws_region, environment.aws_endpoint_url or None, LONGEST_WAIT + 10.0)

    def run(self) -> None:
        wait = 1.0
        while not self.stop.is_set():
            try:
                self.once(seconds=LONGEST_WAIT)
                wait = 1.0
            except (BotoCoreError, ClientError) as problem:
                if self.stop.is_set():
                    return
                log.warning("the queue cannot be read, trying again in %g s: %s", wait, problem)
                self.stop.wait(wait)
                wait = min(60.0, wait * 2)
            except Exception:  # the intake's boundary: what could not be kept stays on the queue
                log.exception("the intake met an error and goes on")
                self.stop.wait(wait)

    def once(self, *, seconds: int = 0) -> int:
        """Read what is there, waiting up to `seconds` for the first. Returns how many messages were kept."""
        messages = self._receive(seconds)
        with suppress(BotoCoreError, ClientError):  # those that were received are kept first; the next round tells
            while messages and len(messages) % A_CALL == 0 and len(messages) < AT_ONCE and (more := self._receive(0)):
                messages += more
        if messages:
            parcels = [
                Parcel(message["Body"].encode(), "sqs", message["MessageId"], self.simulated) for message in messages
            ]
            receive_many(parcels, actor=self.actor)
            self.arrived()
            for start in range(0, len(messages), A_CALL):
                self._delete(messages[start : start + A_CALL])
        return len(messages)

    def _receive(self, seconds: int) -> list[Mapping[str, Any]]:
        answer = self.sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=A_CALL, WaitTimeSeconds=seconds)
        return list(answer.get("Messages", []))

    def _delete(self, messages: Sequence[Mapping[str, Any]]) -> None:
        """Only what is committed. What the queue keeps all the same comes again and is known by its id."""
        entries = [{"Id": str(place), "ReceiptHandle": one["ReceiptHandle"]} for place, one in enumerate(messages)]
        answer = self.sqs.delete_message_batch(QueueUrl=self.queue_url, Entries=entries)
        for failed in answer.get("Failed", []):
            log.warning("a message stays on the queue (%s) and will come again", failed.get("Code"))
