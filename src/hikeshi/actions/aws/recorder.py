"""Where changing calls are written down: the intent before the call, the answer after it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Any, Literal, Protocol

import msgspec

Settled = Literal["done", "failed", "unknown"]
"""`unknown`: sent, and no usable answer came. An intent that was never settled means the same: a worker died in between."""

_SIGNED = re.compile(r"(https?://[^\s\"'?]+)\?[^\s\"']*X-Amz-Signature=[^\s\"']*")


SECRETS = frozenset({"Password", "UserData"})
"""Parameters that are never written down."""


class Recorder(Protocol):
    """Keeps a trace of every changing call. An exception raised from `intend` stops the call from being sent."""

    def intend(self, operation: str, params: Mapping[str, Any]) -> str:
        """Write down that `operation` ("ec2:CreateTags") is about to be sent; returns a reference for `settle`.

        `params` is plain JSON without secrets: signed URLs are cut and bodies replaced by their hash.
        """
        ...

    def settle(self, ref: str, outcome: Settled, request_id: str, seconds: float, error: str) -> None:
        """Write down the answer: AWS's request id ("" where none came), the time taken, and the error ("" where none)."""
        ...

    def alive(self) -> None:
        """Called now and then while the caller waits for its turn. An exception raised here ends the wait."""
        ...


class NullRecorder:
    """Keeps nothing: for dry runs and previews, which only read."""

    def intend(self, operation: str, params: Mapping[str, Any]) -> str:  # noqa: ARG002  the names are the interface
        return ""

    def settle(self, ref: str, outcome: Settled, request_id: str, seconds: float, error: str) -> None:
        pass

    def alive(self) -> None:
        pass


class Recorded(msgspec.Struct, kw_only=True):
    """One line of a `ListRecorder`; `outcome` is empty while no answer has been written down."""

    operation: str
    params: Mapping[str, Any]
    outcome: Settled | Literal[""] = ""
    request_id: str = ""
    seconds: float = 0.0
    error: str = ""


class ListRecorder:
    """Keeps the trace in memory: for tests and for the command line."""

    def __init__(self) -> None:
        self.lines: list[Recorded] = []

    def intend(self, operation: str, params: Mapping[str, Any]) -> str:
        self.lines.append(Recorded(operation=operation, params=params))
        return str(len(self.lines) - 1)

    def settle(self, ref: str, outcome: Settled, request_id: str, seconds: float, error: str) -> None:
        line = self.lines[int(ref)]
        line.outcome, line.request_id, line.seconds, line.error = outcome, request_id, seconds, error

    def alive(self) -> None:
        pass

    @property
    def operations(self) -> list[str]:
        """The operations in the order in which they were intended."""
        return [line.operation for line in self.lines]


def without_secrets(value: Any) -> Any:
    """The same value as plain JSON that may be kept: no signature of a URL, no password, no bytes (their size and SHA-256 instead)."""
    if isinstance(value, bytes):
        return {"bytes": len(value), "sha256": hashlib.sha256(value).hexdigest()}
    if isinstance(value, str):
        return _SIGNED.sub(r"\1?<signature removed>", value)
    if isinstance(value, Mapping):
        return {str(key): "<secret>" if key in SECRETS else without_secrets(item) for key, item in value.items()}
    if isinstance(value, Sequence):
        return [without_secrets(item) for item in value]
    return value
