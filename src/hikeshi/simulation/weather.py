"""The climate of the simulated account, where faults are single gusts: request buckets, latency, missing permissions, late sight.

One object is posted to `/hikeshi-sim/weather` and replaces the one before; `{}` means good weather. What AWS does:

    buckets   each API of an account and region has a bucket, and who finds it empty is refused (`hikeshi.aws.rates` has the published ones)
    latency   seconds that each answer takes at least
    denied    permissions the caller lacks, by IAM's names, * and ? allowed ("ec2:Create*")
    unseen    how many times what was just made in EC2 is not found, or is left out of a list, before it is seen
    late      how many lists of EC2, asked for again after a change, still tell the state before it

Simplified: a real bucket refills continuously per account as AWS counts it, and late sight depends on time and not on how often one asks.
"""

from __future__ import annotations

import re
import threading
import time
import xml.etree.ElementTree as ET
from collections import OrderedDict
from collections.abc import Callable
from fnmatch import fnmatchcase
from typing import Final

import msgspec

from hikeshi.aws.rates import READING, api, rate_of
from hikeshi.simulation.faults import DENIED, THROTTLED
from hikeshi.simulation.wire import Answer, Call, error_answer

CONTROL: Final = "/hikeshi-sim/weather"
MOST_KEPT: Final = 500
EC2_ID: Final = re.compile(r"\b((?:acl|eni|igw|rtb|sg|snap|subnet|vol|vpc)-[0-9a-f]{8,17})\b")
NOT_FOUND: Final = {
    "acl": "InvalidNetworkAclID.NotFound",
    "eni": "InvalidNetworkInterfaceID.NotFound",
    "igw": "InvalidInternetGatewayID.NotFound",
    "rtb": "InvalidRouteTableID.NotFound",
    "sg": "InvalidGroup.NotFound",
    "snap": "InvalidSnapshot.NotFound",
    "subnet": "InvalidSubnetID.NotFound",
    "vol": "InvalidVolume.NotFound",
    "vpc": "InvalidVpcID.NotFound",
}
"""Amazon EC2 API Reference, error codes."""
ET.register_namespace("", "http://ec2.amazonaws.com/doc/2016-11-15/")


class Weather(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What is posted; see above."""

    buckets: bool = False
    latency: float = 0.0
    denied: tuple[str, ...] = ()
    unseen: int = 0
    late: int = 0


class Climate:
    """The weather that is on now, and what it has to remember. Safe to use from many threads."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._lock, self._clock = threading.Lock(), clock
        self.replace(b"{}")

    def replace(self, body: bytes) -> None:
        """Take a weather. Raises `msgspec.ValidationError` or `msgspec.DecodeError` when it is none."""
        now = msgspec.json.decode(body or b"{}", type=Weather)
        with self._lock:
            self.now = now
            self.refused = 0
            self._levels: dict[tuple[str, str, str, bool], tuple[float, float]] = {}
            self._unseen: dict[str, int] = {}
            self._told: OrderedDict[str, Answer] = OrderedDict()
            self._late: dict[str, int] = {}

    @property
    def good(self) -> bool:
        return self.now == Weather()

    def stops(self, call: Call, account: str) -> Answer | None:
        """The answer with which the call ends here; None: it goes through."""
        time.sleep(self.now.latency)
        name = f"{call.service}:{call.operation}"
        if any(fnmatchcase(name, pattern) for pattern in self.now.denied):
            return _refusal(DENIED, call, "You are not authorized to perform this operation (simulated).")
        if self.now.buckets and not self._has_token(call, account):
            return _refusal(THROTTLED, call, "Request limit exceeded (simulated).")
        return self._not_found(call) or self._still(call)

    def _has_token(self, call: Call, account: str) -> bool:
        one = api(call.service, call.operation, call.params)
        if (rate := rate_of(one)) is None:
            return True
        key = (account, call.region, str(one), one.listed)
        with self._lock:
            now = self._clock()
            level, at = self._levels.get(key, (rate.burst, now))
            level = min(rate.burst, level + (now - at) * rate.refill)
            self._levels[key] = (level - 1, now) if level >= 1 else (level, now)
            self.refused += level < 1
        return level >= 1

    def _not_found(self, call: Call) -> Answer | None:
        """A call that names what is not seen yet outright; in filters it is only left out, see `_without`."""
        if call.service != "ec2" or not self._unseen:
            return None
        named = {
            str(value) for key, value in call.params.items() if EC2_ID.fullmatch(str(value)) and "Filter" not in key
        }
        for name in sorted(named & set(self._unseen)):
            if self._count_down(name):
                code = NOT_FOUND[name.partition("-")[0]]
                return error_answer(call, 400, code, f"The id '{name}' does not exist (simulated: not seen yet)")
        return None

    def _count_down(self, name: str) -> bool:
        with self._lock:
            left = self._unseen.get(name, 0)
            self._unseen[name] = left - 1
            if left <= 1:
                self._unseen.pop(name)
        return left > 0

    def _still(self, call: Call) -> Answer | None:
        key = _key(call)
        with self._lock:
            if self._late.get(key, 0) <= 0:
                return None
            self._late[key] -= 1
            return self._told.get(key)

    def passed(self, call: Call, answer: Answer) -> Answer:
        """What the caller sees of an answer, and what is remembered of it."""
        if call.service != "ec2" or answer.status != 200:
            return answer
        if call.operation.startswith(READING):
            answer = self._without_unseen(answer)
            if self.now.late:
                with self._lock:
                    self._told[_key(call)] = answer
                    while len(self._told) > MOST_KEPT:
                        self._told.popitem(last=False)
            return answer
        with self._lock:
            if self.now.unseen and call.operation.startswith("Create") and call.operation != "CreateTags":
                asked = {str(value) for value in call.params.values()}
                made = set(EC2_ID.findall(answer.body.decode("utf-8", "replace"))) - asked
                self._unseen.update(dict.fromkeys(made, self.now.unseen))
            self._late = dict.fromkeys(self._told, self.now.late)
        return answer

    def _without_unseen(self, answer: Answer) -> Answer:
        hidden = [name for name in tuple(self._unseen) if name.encode() in answer.body and self._count_down(name)]
        return msgspec.structs.replace(answer, body=_without(answer.body, hidden)) if hidden else answer


def _key(call: Call) -> str:
    return f"{call.region} {call.operation} {sorted(call.params.items())}"


def _refusal(codes: dict[str, tuple[int, str]], call: Call, message: str) -> Answer:
    status, code = codes[call.protocol]
    return error_answer(call, status, code, message)


def _without(body: bytes, names: list[str]) -> bytes:
    """The list without the elements that speak of these. The document is our own simulator's."""
    root = ET.fromstring(body)  # noqa: S314
    for listed in root:
        for item in list(listed):
            if any(element.text in names for element in item.iter()):
                listed.remove(item)
    return ET.tostring(root)
