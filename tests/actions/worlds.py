"""The AWS world as tests use it: watched, and with bad weather where they ask for it, on the real path through the SDK."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from botocore.exceptions import ClientError, ReadTimeoutError

from hikeshi.actions.aws.recorder import ListRecorder, Settled
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.simulation.short_cut import quick

Fault = Literal["throttled", "internal", "lost after", "denied", "vanished"]

_CODES: Mapping[Fault, tuple[str, int]] = {
    "throttled": ("ThrottlingException", 400),
    "internal": ("InternalError", 500),
    "denied": ("AccessDenied", 403),
    "vanished": ("ResourceNotFoundException", 404),
}


class Killed(Exception):
    """The worker has died."""


class DyingRecorder(ListRecorder):
    """Dies after writing the n-th intent (the call is not sent), or before writing the n-th answer (it was)."""

    def __init__(self, calls: int, *, sent: bool) -> None:
        super().__init__()
        self.calls = calls
        self.dies_after_sending = sent

    def intend(self, operation: str, params: Mapping[str, Any]) -> str:
        ref = super().intend(operation, params)
        if not self.dies_after_sending and len(self.lines) == self.calls:
            raise Killed
        return ref

    def settle(self, ref: str, outcome: Settled, request_id: str, seconds: float, error: str) -> None:
        if self.dies_after_sending and len(self.lines) == self.calls:
            raise Killed
        super().settle(ref, outcome, request_id, seconds, error)


class WatchedWorld(AwsWorld):
    """The AWS world with a recorder that can be looked at, no waiting, and a clock that can be moved.

    Its `at`-th changing call (0: each) meets `fault`, once; "vanished" stays, since what is gone does not come back.
    """

    record: ListRecorder
    ahead: timedelta = timedelta()
    fault: Fault | None = None
    at: int = 0
    _due = False

    def now(self) -> datetime:
        return super().now() + self.ahead

    def change(self, service: str, operation: str, why: Any, /, **params: Any) -> dict[str, Any]:
        self._due = self.at in (0, len(self.sent) + 1)
        try:
            return super().change(service, operation, why, **params)
        finally:
            self._due = False

    def _client(self, service: str) -> Any:
        real = quick(super()._client(service))
        return _Broken(self, real) if self._due and self.fault else real

    def meet(self, call: Any, name: str, params: dict[str, Any]) -> Any:
        fault, self._due = self.fault, self.fault == "vanished"
        if fault == "lost after":
            call(**params)
            raise ReadTimeoutError(endpoint_url="https://aws.example")
        assert fault is not None
        code, status = _CODES[fault]
        told = {"Error": {"Code": code, "Message": "made up"}, "ResponseMetadata": {"HTTPStatusCode": status}}
        raise ClientError(told, name)  # type: ignore[arg-type]  # the stubs ask for all of the metadata


class _Broken:
    def __init__(self, world: WatchedWorld, real: Any) -> None:
        self._world = world
        self._real = real

    def __getattr__(self, name: str) -> Any:
        call = getattr(self._real, name)
        return lambda **params: self._world.meet(call, name, params)
