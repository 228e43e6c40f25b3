"""`POST /in/<source>`: believe it, keep it, answer. The ASGI application beside Django's; see docs/intake.md for what is answered when."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import logging
import math
import time
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple

import msgspec
from django.conf import settings
from django.db import connection
from django.utils import timezone

from hikeshi.desk.alerts.models import Source
from hikeshi.desk.alerts.receiving import Kept, Parcel
from hikeshi.doors.webhook.committing import Committer, Full
from hikeshi.doors.webhook.proving import Denied, Secrets, prove, secrets_of

log = logging.getLogger(__name__)
PATH: Final = "/in/"
FRESH_SECONDS: Final = 1.0
"""How long sources are believed before they are read again: so long a disabled one still gets in."""
BODY_SECONDS: Final = 30.0
"""For the whole body: a sender that dribbles is not waited for."""
NAMED: Final = 100
"""Alerts that an answer names; it always counts them all."""

Scope = Mapping[str, Any]
Receive = Callable[[], Awaitable[Mapping[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]


class Answer(NamedTuple):
    """Status, JSON body, and after how many seconds to come again."""

    status: int
    body: dict[str, Any]
    again: int = 0


class Known(NamedTuple):
    """A source as it was read, ready to be used."""

    row: Source
    secrets: Secrets


class Directory:
    """The webhooks there are, read at most once a second, and how many payloads each may still send."""

    def __init__(self) -> None:
        self._rows: dict[str, Known] = {}
        self._left: dict[str, tuple[float, float]] = {}  # payloads, and when that was
        self._read_at = -math.inf
        self._lock = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="webhook sources")

    async def find(self, name: str) -> Known | None:
        async with self._lock:
            if time.monotonic() - self._read_at > FRESH_SECONDS:
                self._rows = await asyncio.get_running_loop().run_in_executor(self._thread, _read)
                self._read_at = time.monotonic()
        return self._rows.get(name)

    def take(self, row: Source) -> int:
        """Count one payload. Returns after how many seconds to come again; 0: it may come in."""
        now, rate = time.monotonic(), row.per_minute / 60
        left, at = self._left.get(row.name, (float(row.per_minute), now))
        left = min(float(row.per_minute), left + (now - at) * rate)
        away = 0 if left >= 1 else math.ceil((1 - left) / rate)
        self._left[row.name] = (left if away else left - 1, now)
        return away


def _read() -> dict[str, Known]:
    try:
        rows = list(Source.objects.filter(kind="webhook"))
    except Exception:
        connection.close()
        raise
    now = timezone.now()
    return {row.name: Known(row, secrets_of(row, now)) for row in rows}


class Webhooks:
    """The ASGI application of this door."""

    def __init__(self, committer: Committer | None = None) -> None:
        self._committer = committer or Committer()
        self._directory: Directory | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            answer = await self._answer(scope, receive)
        except Denied as denied:
            answer = Answer(denied.status, {"problem": str(denied)})
        except Full as full:
            answer = Answer(503, {"problem": str(full)}, full.seconds)
        except Gone:
            return
        except Exception:  # the door's boundary: nothing is kept, and the sender has to know
            log.exception("a webhook could not be answered")
            answer = Answer(503, {"problem": "It could not be kept just now. Send it again."}, 2)
        with contextlib.suppress(OSError):
            await _send(answer, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Answer:
        if scope["method"] != "POST":
            return Answer(405, {"problem": "Payloads are handed in with POST."})
        headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
        if headers.get("content-encoding", "identity") != "identity":
            return Answer(415, {"problem": "Payloads are taken as they are, not compressed."})
        self._directory = self._directory or Directory()
        known = await self._directory.find(scope["path"].removeprefix(PATH).rstrip("/"))
        limit = known.row.size_limit if known else 64 * 1024
        body = await _body(headers, receive, limit)
        if body is None:
            return Answer(413, {"problem": f"More than {limit} bytes."})
        if known is None:
            raise Denied(401, "The signature or token is missing or wrong.")  # as for one that exists
        message = prove(known.secrets, headers, body, timezone.now())
        if not known.row.enabled:
            return Answer(403, {"problem": f"{known.row.name} is disabled."})
        if away := self._directory.take(known.row):
            return Answer(429, {"problem": f"More than {known.row.per_minute} payloads a minute."}, away)
        simulated = bool(settings.ENVIRONMENT.aws_endpoint_url)
        kept = await asyncio.wrap_future(
            self._committer.hand_in(Parcel(body, known.row.name, message, simulated, known.row.reader))
        )
        return _told(kept, body)


class Gone(Exception):
    """The sender left in the middle of its request: there is nobody to answer."""


async def _body(headers: Mapping[str, str], receive: Receive, limit: int) -> bytes | None:
    """The body, or None for one that is too long, which is not read to its end."""
    said = headers.get("content-length", "")
    if said.isdigit() and int(said[:20]) > limit:
        return None
    parts: list[bytes] = []
    size, more = 0, True
    try:
        async with asyncio.timeout(BODY_SECONDS):
            while more:
                message = await receive()
                if message["type"] == "http.disconnect":
                    raise Gone
                parts.append(message.get("body", b""))
                size, more = size + len(parts[-1]), message.get("more_body", False)
                if size > limit:
                    return None
    except TimeoutError:
        raise Denied(408, "The body did not arrive in time.") from None
    return b"".join(parts)


def _told(kept: Kept, body: bytes) -> Answer:
    """202 for what is new, 200 with the same answer for what had come before, 409 where the id had come with another payload."""
    row = kept.delivery
    if kept.repeated and row.payload_sha256 != _sha256(body):
        return Answer(409, {"problem": "This id came before with another payload.", "delivery": row.pk})
    told = {
        "delivery": row.pk, "alerts": [f"ALR-{pk}" for pk in kept.alerts[:NAMED]], "count": len(kept.alerts),
        "payload_sha256": row.payload_sha256, "problem": row.problem,
    }  # fmt: skip
    return Answer(200 if kept.repeated else 202, told)


def _sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


async def _send(answer: Answer, send: Send) -> None:
    body = msgspec.json.encode(answer.body)
    headers = [
        (b"content-type", b"application/json"), (b"content-length", str(len(body)).encode()),
        (b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff"),
    ]  # fmt: skip
    if answer.again:
        headers.append((b"retry-after", str(answer.again).encode()))
    if answer.status == 405:
        headers.append((b"allow", b"POST"))
    if answer.status in {408, 413}:
        headers.append((b"connection", b"close"))  # the rest of the body is not wanted
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
