"""What the digests of CloudTrail prove, as plain JSON with its reasons in both languages. No database, no Django."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from hikeshi.doors.events import moment
from hikeshi.events.digests import REASONS, Digest, Hole, LogFile, Validation

FINE = frozenset({"linked", "signed", "valid"})
"""The results that ask nobody to look."""


def validation_shape(found: Validation, *, everything: bool = True) -> dict[str, Any]:
    """The counts, then the rows: all of them, or only those that somebody should look at."""
    digests = [_digest(one) for one in found.digests]
    logs = [_log(one) for one in found.logs]
    return {
        "differs": found.differs,
        "digest_count": dict(Counter(one.proof for one in found.digests)),
        "log_count": dict(Counter(one.result for one in found.logs)),
        "others": found.others,
        "digests": [one for one in digests if everything or one["proof"] not in FINE],
        "logs": [one for one in logs if everything or one["result"] not in FINE],
        "holes": [_hole(one) for one in found.holes],
        "unreadable": list(found.unreadable),
    }


def _digest(one: Digest) -> dict[str, Any]:
    return {
        "proof": one.proof,
        "object": one.object or one.file,
        "start": None if one.start_us is None else moment(one.start_us),
        "end": None if one.end_us is None else moment(one.end_us),
        "logs": one.logs,
        "code": one.reason,
        "reason": _words(one.reason),
    }


def _log(one: LogFile) -> dict[str, Any]:
    return {
        "result": one.result,
        "object": one.object,
        "file": one.file,
        "sha256": one.sha256,
        "code": one.reason,
        "reason": _words(one.reason),
    }


def _hole(one: Hole) -> dict[str, Any]:
    return {
        "start": moment(one.start_us),
        "end": moment(one.end_us),
        "hours": one.hours,
        "stream": one.stream,
        "code": one.reason,
        "reason": _words(one.reason),
    }


def _words(code: str) -> Any:
    return msgspec.to_builtins(REASONS[code])
