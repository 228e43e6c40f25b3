"""What a sender is answered. The desk is a stand-in here; `test_killed.py` asks the real one."""

from __future__ import annotations

import asyncio
import hashlib
import json
import threading
from collections.abc import Sequence
from typing import Any

import pytest
from django.utils import timezone

from hikeshi.desk.alerts.models import Delivery, Source
from hikeshi.desk.alerts.receiving import Kept, Parcel
from hikeshi.desk.alerts.sources import digest
from hikeshi.doors.webhook import committing
from hikeshi.doors.webhook.committing import Committer
from hikeshi.doors.webhook.door import Directory, Known, Webhooks
from hikeshi.doors.webhook.proving import secrets_of

PROOF = {"authorization": "Bearer secret", "idempotency-key": "m-1"}


class Desk:
    """Keeps parcels in memory, as the real one keeps them in tables."""

    def __init__(self) -> None:
        self.kept: dict[str, Kept] = {}
        self.batches: list[int] = []
        self.open = threading.Event()
        self.open.set()

    def receive(self, parcels: Sequence[Parcel]) -> list[Kept]:
        self.open.wait(10)
        self.batches.append(len(parcels))
        return [self._one(parcel) for parcel in parcels]

    def _one(self, parcel: Parcel) -> Kept:
        if parcel.payload == b"broken":
            raise OSError("the disk is full")
        if parcel.message_id in self.kept:
            return self.kept[parcel.message_id]._replace(repeated=True)
        row = Delivery(pk=len(self.kept) + 1, payload_sha256=hashlib.sha256(parcel.payload).hexdigest())
        kept = Kept(row, (7,))
        self.kept[parcel.message_id] = kept
        return kept


class Fixed(Directory):
    def __init__(self, **changes: Any) -> None:
        super().__init__()
        row = Source(name="siem", proof="token", token_sha256=digest("secret"), size_limit=1000, **changes)
        self.known = Known(row, secrets_of(row, timezone.now()))

    async def find(self, name: str) -> Known | None:
        return self.known if name == "siem" else None


class Answer:
    def __init__(self, status: int, headers: dict[bytes, bytes], body: dict[str, Any]) -> None:
        self.status, self.headers, self.body = status, headers, body


async def send(
    door: Webhooks, body: bytes = b"{}", *, path: str = "/in/siem", method: str = "POST", **headers: str
) -> Answer:
    said = PROOF | {name.replace("_", "-"): value for name, value in headers.items()}
    parts = [body[start : start + 400] for start in range(0, len(body), 400)] or [b""]
    messages = [{"type": "http.request", "body": part, "more_body": part is not parts[-1]} for part in parts]
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return messages.pop(0)

    async def give(message: dict[str, Any]) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": method, "path": path,
        "headers": [(name.encode(), value.encode()) for name, value in said.items()],
    }  # fmt: skip
    await door(scope, receive, give)
    return Answer(sent[0]["status"], dict(sent[0]["headers"]), json.loads(sent[1]["body"]))


def door(desk: Desk | None = None, **changes: Any) -> Webhooks:
    made = Webhooks(Committer((desk or Desk()).receive))
    made._directory = Fixed(**changes)
    return made


def ask(*args: Any, made: Webhooks | None = None, **changes: Any) -> Answer:
    return asyncio.run(send(made or door(), *args, **changes))


def test_what_is_kept_is_accepted_and_named() -> None:
    answer = ask(b'{"a": 1}')
    assert (answer.status, answer.body["alerts"], answer.body["count"]) == (202, ["ALR-7"], 1)


def test_the_same_message_again_has_the_same_answer() -> None:
    made = door()
    first, again = ask(made=made), ask(made=made)
    assert (first.status, again.status) == (202, 200)
    assert first.body == again.body


def test_the_same_id_with_another_payload_is_a_conflict() -> None:
    made = door()
    assert [ask(body, made=made).status for body in (b"1", b"2")] == [202, 409]


def test_a_source_that_does_not_exist_looks_like_a_wrong_secret() -> None:
    unknown, wrong = ask(path="/in/nobody"), ask(authorization="Bearer guess")
    assert (unknown.status, unknown.body) == (wrong.status, wrong.body) == (401, wrong.body)


def test_a_disabled_source_is_told_so_only_when_it_proves_itself() -> None:
    assert ask(made=door(enabled=False)).status == 403
    assert ask(made=door(enabled=False), authorization="Bearer guess").status == 401


@pytest.mark.parametrize("said", [{}, {"content_length": "5000"}])
def test_a_body_that_is_too_long_is_not_read_to_its_end(said: dict[str, str]) -> None:
    answer = asyncio.run(send(door(), b"x" * 5000, **said))
    assert (answer.status, answer.headers[b"connection"]) == (413, b"close")


def test_compressed_bodies_and_other_methods_are_refused() -> None:
    assert ask(content_encoding="gzip").status == 415
    assert ask(method="GET").status == 405


def test_too_many_a_minute_are_sent_away_for_a_while() -> None:
    made = door(per_minute=2)
    answers = [ask(made=made, idempotency_key=str(number)) for number in range(3)]
    assert [answer.status for answer in answers] == [202, 202, 429]
    assert 1 <= int(answers[2].headers[b"retry-after"]) <= 30


def test_what_could_not_be_kept_is_never_acknowledged() -> None:
    answer = ask(b"broken")
    assert (answer.status, b"retry-after" in answer.headers) == (503, True)


def test_those_that_wait_are_committed_together() -> None:
    desk = Desk()
    desk.open.clear()
    made = door(desk)

    async def many() -> list[Answer]:
        asked = [asyncio.ensure_future(send(made, idempotency_key=str(number))) for number in range(20)]
        await asyncio.sleep(0.05)
        desk.open.set()
        return await asyncio.gather(*asked)

    assert [answer.status for answer in asyncio.run(many())] == [202] * 20
    assert sum(desk.batches) == 20
    assert len(desk.batches) <= 3


def test_when_too_many_wait_the_next_are_sent_away(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(committing, "MOST_WAITING", 5)
    desk = Desk()
    desk.open.clear()
    made = door(desk)

    async def many() -> list[Answer]:
        asked = [asyncio.ensure_future(send(made, idempotency_key=str(number))) for number in range(20)]
        await asyncio.sleep(0.05)
        desk.open.set()
        return await asyncio.gather(*asked)

    answers = asyncio.run(many())
    away = [answer for answer in answers if answer.status == 503]
    assert away
    assert all(int(answer.headers[b"retry-after"]) >= 1 for answer in away)
    assert len(desk.kept) + len(away) == 20


def test_those_that_come_within_milliseconds_share_a_transaction_from_the_first() -> None:
    desk = Desk()
    made = door(desk)

    async def many() -> list[Answer]:
        return await asyncio.gather(*[send(made, idempotency_key=str(number)) for number in range(8)])

    assert [answer.status for answer in asyncio.run(many())] == [202] * 8
    assert len(desk.batches) < 8
