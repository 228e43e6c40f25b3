"""CloudTrail's own memory, asked over its API (LookupEvents): what there is before any log was fetched.

It holds management events of the last 90 days, per region; data events and older ones are only in the logs of a trail. Global services
(IAM, the sign-in) are recorded in us-east-1, which is therefore always asked too. A page has 50 events, and two pages a second are
answered per account and region: a busy hour takes minutes. One attribute narrows the question; everything else is narrowed here.

Reference: https://docs.aws.amazon.com/awscloudtrail/latest/APIReference/API_LookupEvents.html
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
from botocore.exceptions import BotoCoreError, ClientError

from hikeshi.aws.clients import client
from hikeshi.aws.failures import CallFailed, translate
from hikeshi.aws.reach import Reach
from hikeshi.text import Text

PERMISSIONS = ("cloudtrail:LookupEvents",)
GLOBAL = "us-east-1"
KEPT = timedelta(days=90)
PAGE = 50
SECONDS = 30.0
INTERVAL = 0.5
"""Seconds between two calls: AWS answers two a second."""

PAUSES = (1.0, 2.0, 4.0, 8.0, 16.0)
"""Seconds before a call that was throttled all the same is repeated: others ask with the same account."""

Attribute = tuple[str, str]
"""What narrows the question at AWS: AccessKeyId, EventName, ReadOnly, Username ... and its value."""


class Pace:
    """A token bucket that holds one: whoever waits for it goes on at most once in `interval` seconds. Safe between threads."""

    def __init__(self, interval: float) -> None:
        self._interval = interval
        self._lock = threading.Lock()
        self._next = 0.0

    def wait(self) -> None:
        with self._lock:
            turn = max(self._next, time.monotonic())
            self._next = turn + self._interval
        time.sleep(max(0.0, turn - time.monotonic()))


@cache
def pace(endpoint_url: str | None, region: str) -> Pace:
    """The pace of one region: all look-ups of this process share it."""
    del endpoint_url, region  # the key
    return Pace(INTERVAL)


def look_up(
    folder: Path, *, start: datetime, end: datetime | None = None, regions: Sequence[str] = (), only: Attribute | None = None,
    reach: Reach | None = None, progress: Callable[[int], None] | None = None,
) -> list[Path]:  # fmt: skip
    """The events of a window, as files of JSON lines that the parser of CloudTrail reads: one file for each region that has any.

    `progress` gets the number of events so far. Raises `CallFailed`, which names the permission that is missing.
    """
    reach = reach or Reach()
    asked = regions_of(regions, reach)
    end = end or datetime.now(UTC)
    count = _Count(progress)
    with ThreadPoolExecutor(len(asked)) as pool:
        written = pool.map(lambda region: _written(folder, region, reach, count, start, end, only), asked)
        return [path for path in written if path.stat().st_size]


def regions_of(regions: Sequence[str], reach: Reach) -> list[str]:
    """The regions that are asked: those named, else the usual one; and always the one of the global services."""
    return list(dict.fromkeys(filter(None, [*(regions or [reach.region]), GLOBAL])))


def limits_of(start: datetime, regions: Sequence[str]) -> list[Text]:
    """What such an answer cannot hold."""
    named = ", ".join(regions)
    said = [
        Text(
            en=f"CloudTrail's API holds management events only ({named}); reads and writes of data are in a trail's logs.",
            ja=f"CloudTrail の API が返すのは管理イベントだけです({named})。データの読み書きは証跡のログを確認してください。",
        )
    ]
    if datetime.now(UTC) - start > KEPT:
        said.append(
            Text(
                en="It holds the last 90 days: what is older in this window was not seen.",
                ja="保持期間は直近 90 日です。この期間のうち 90 日より前は確認できていません。",
            )
        )
    return said


class _Count:
    """Events so far, of all regions."""

    def __init__(self, progress: Callable[[int], None] | None) -> None:
        self._progress = progress
        self._lock = threading.Lock()
        self._events = 0

    def add(self, events: int) -> None:
        with self._lock:
            self._events += events
            if self._progress:
                self._progress(self._events)


def _written(
    folder: Path, region: str, reach: Reach, count: _Count, start: datetime, end: datetime, only: Attribute | None
) -> Path:
    trail = client("cloudtrail", region, reach.endpoint_url, SECONDS)
    path = folder / f"lookup-events-{region}.jsonl"
    asked: dict[str, Any] = {"StartTime": start, "EndTime": end, "MaxResults": PAGE}
    if only:
        asked["LookupAttributes"] = [{"AttributeKey": only[0], "AttributeValue": only[1]}]
    with path.open("wb") as file:
        for events in _pages(trail, asked, pace(reach.endpoint_url, region)):
            file.writelines(msgspec.json.encode(event) + b"\n" for event in events)
            count.add(len(events))
    return path


def _pages(trail: Any, asked: dict[str, Any], turns: Pace) -> Iterator[list[dict[str, Any]]]:
    token: dict[str, str] = {}
    while True:
        answer = _answer(trail, {**asked, **token}, turns)
        yield answer.get("Events", [])
        if not answer.get("NextToken"):
            return
        token = {"NextToken": answer["NextToken"]}


def _answer(trail: Any, asked: dict[str, Any], turns: Pace) -> dict[str, Any]:
    pauses = iter(PAUSES)
    while True:
        turns.wait()
        try:
            return dict(trail.lookup_events(**asked))
        except (ClientError, BotoCoreError) as error:
            failure: CallFailed = translate(error, PERMISSIONS[0], changing=False)
            pause = next(pauses, None)
            if failure.permanent or pause is None:
                raise failure from error
            time.sleep(pause)
