"""LookupEvents, which moto does not have: over records that were handed in, with the real limits.

Records are posted as a JSON list to `/hikeshi-sim/trail`. As with the real one, an answer has 50 events at most, the latest first, one
attribute narrows it, and a third question within a second of the first is throttled, per region. Every event is in its own region.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from hikeshi.simulation.wire import Answer, Call, error_answer, json_answer

CONTROL: Final = "/hikeshi-sim/trail"
PAGE: Final = 50
PER_SECOND: Final = 2

Record = Mapping[str, Any]


class Lookups:
    """The records handed in. Safe to use from many threads."""

    paced: bool = True
    """Whether it refuses whoever asks more often than AWS lets them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._records: list[Record] = []
        self._asked: dict[str, deque[float]] = {}

    def replace(self, body: bytes) -> None:
        """Take a JSON list of CloudTrail records. Raises `msgspec.MsgspecError` when it is not one."""
        records = msgspec.json.decode(body or b"[]", type=list[dict[str, Any]])
        with self._lock:
            self._records = sorted(records, key=lambda record: str(record["eventTime"]), reverse=True)

    def look_up(self, call: Call) -> Answer:
        if self.paced and not self._in_time(call.region):
            return error_answer(call, 400, "ThrottlingException", "Rate exceeded (simulated).")
        found = [
            record for record in self._records if record["awsRegion"] == call.region and _fits(record, call.params)
        ]
        first = int(call.params.get("NextToken") or 0)
        last = first + min(PAGE, int(call.params.get("MaxResults") or PAGE))
        answer: dict[str, Any] = {"Events": [_event(record) for record in found[first:last]]}
        if last < len(found):
            answer["NextToken"] = str(last)
        return json_answer(answer)

    def _in_time(self, region: str) -> bool:
        with self._lock:
            asked, now = self._asked.setdefault(region, deque(maxlen=PER_SECOND)), time.monotonic()
            if len(asked) == PER_SECOND and now - asked[0] < 1.0 - 0.05:  # the clock of whoever asks is not ours
                return False
            asked.append(now)
            return True


def _fits(record: Record, params: Mapping[str, Any]) -> bool:
    at = _seconds(record)
    if not params.get("StartTime", at) <= at <= params.get("EndTime", at):
        return False
    return all(
        _value(record, one["AttributeKey"]) == one["AttributeValue"] for one in params.get("LookupAttributes", ())
    )


def _value(record: Record, attribute: str) -> str | None:
    who: Mapping[str, Any] = record.get("userIdentity") or {}
    values = {
        "AccessKeyId": who.get("accessKeyId"),
        "EventId": record.get("eventID"),
        "EventName": record.get("eventName"),
        "EventSource": record.get("eventSource"),
        "ReadOnly": str(record.get("readOnly", False)).lower(),
        "Username": who.get("userName") or str(who.get("arn", "")).rpartition("/")[2],
    }
    return values.get(attribute)


def _seconds(record: Record) -> float:
    return msgspec.convert(record["eventTime"], datetime).timestamp()


def _event(record: Record) -> dict[str, Any]:
    names = {"EventId": "eventID", "EventName": "eventName", "EventSource": "eventSource"}
    return {
        **{name: record.get(key) for name, key in names.items()},
        "EventTime": _seconds(record),
        "Username": _value(record, "Username"),
        "ReadOnly": _value(record, "ReadOnly"),
        "CloudTrailEvent": msgspec.json.encode(record).decode(),
    }
