"""Faults of the cloud that can be switched on: throttling, refusals, lost answers, server errors, delay and slow snapshots.

A list of faults is posted to `/hikeshi-sim/faults` and replaces the one before; an empty list means good weather. The first fault that
fits a call is used up by one: `times` of them and it is over.
"""

from __future__ import annotations

import threading
from typing import Final, Literal

import msgspec

from hikeshi.simulation.wire import Answer, Call, error_answer

Kind = Literal["", "throttle", "denied", "timeout", "500", "pending"]
"""`timeout`: the call is carried out but its answer never comes. `pending`: each snapshot is reported pending for its first `times`
descriptions. Empty: only the delay."""


class Fault(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """`service` as in the signature (ec2, ssm, s3), `operation` as the API names it, or the HTTP method; `*` fits all.

    `seconds` is waited before anything else; with `timeout`, after the call was carried out.
    """

    service: str = "*"
    operation: str = "*"
    error: Kind = ""
    times: int = 1
    seconds: float = 0.0

    def fits(self, call: Call) -> bool:
        return self.service in ("*", call.service) and self.operation in ("*", call.operation, call.method)


class Faults:
    """The faults that are switched on now. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []
        self._described: dict[str, int] = {}

    def replace(self, body: bytes) -> None:
        """Take a JSON list of faults. Raises `msgspec.ValidationError` or `msgspec.DecodeError` when it is not one."""
        faults = msgspec.json.decode(body or b"[]", type=list[Fault])
        with self._lock:
            self._faults = faults
            self._described.clear()

    def current(self) -> list[Fault]:
        with self._lock:
            return list(self._faults)

    def take(self, call: Call) -> Fault | None:
        """The fault this call meets, used up by one; `pending` is a state of the cloud and never used up here."""
        with self._lock:
            for fault in self._faults:
                if fault.times > 0 and fault.error != "pending" and fault.fits(call):
                    fault.times -= 1
                    return fault
        return None

    def still_pending(self, call: Call, snapshot: str) -> bool:
        """Whether this description of a snapshot is one of those that say pending."""
        with self._lock:
            times = max(
                (fault.times for fault in self._faults if fault.error == "pending" and fault.fits(call)), default=0
            )
            seen = self._described.get(snapshot, 0)
            if seen >= times:
                return False
            self._described[snapshot] = seen + 1
            return True


# What the services really answer: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html and its siblings.
THROTTLED: Final = {
    "ec2": (503, "RequestLimitExceeded"),
    "json": (400, "ThrottlingException"),
    "query": (400, "Throttling"),
    "rest": (503, "SlowDown"),
    "rest-json": (429, "TooManyRequestsException"),
}
DENIED: Final = {
    "ec2": (403, "UnauthorizedOperation"),
    "json": (400, "AccessDeniedException"),
    "query": (403, "AccessDenied"),
    "rest": (403, "AccessDenied"),
    "rest-json": (403, "AccessDeniedException"),
}
BROKEN: Final = {
    "ec2": (500, "InternalError"),
    "json": (500, "InternalServerError"),
    "query": (500, "InternalFailure"),
    "rest": (500, "InternalError"),
    "rest-json": (500, "InternalServerErrorException"),
}
ERRORS: Final = {
    "500": (BROKEN, "An internal error has occurred (simulated)."),
    "denied": (DENIED, "You are not authorized to perform this operation (simulated)."),
    "throttle": (THROTTLED, "Rate exceeded (simulated)."),
}


def fault_answer(fault: Fault, call: Call) -> Answer | None:
    """The error this fault answers with, or None when the call goes through."""
    if fault.error not in ERRORS:
        return None
    codes, message = ERRORS[fault.error]
    status, code = codes[call.protocol]
    return error_answer(call, status, code, message)
