"""Whether a request comes from the source it names, and by which id it is known again. No database.

| proof | headers | what is signed |
|---|---|---|
| hmac | `X-Hikeshi-Timestamp` (Unix seconds), `X-Hikeshi-Signature: sha256=<hex>` | `<timestamp>.<body>`; with `Idempotency-Key`: `<timestamp>.<key>.<body>` |
| hub | `X-Hub-Signature-256` or `X-Hikeshi-Signature`: `sha256=<hex>` | the body |
| token | `Authorization: Bearer <token>` or `X-Hikeshi-Token` | nothing |

Signatures are HMAC-SHA256 with the source's secret. What was signed is what makes a request the same one: whoever sends a signed request
again gets the first answer, and nothing is kept twice.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple

from hikeshi.desk.alerts.models import Source
from hikeshi.desk.alerts.sources import digest

TIMESTAMP: Final = "x-hikeshi-timestamp"
SIGNATURE: Final = "x-hikeshi-signature"
HUB_SIGNATURE: Final = "x-hub-signature-256"
TOKEN: Final = "x-hikeshi-token"  # noqa: S105 - the name of a header
KEY: Final = "idempotency-key"


class Denied(Exception):
    """The request is not believed. `status` is 401 for a wrong proof, 400 for a time stamp that is none or not of now."""

    def __init__(self, status: int, problem: str) -> None:
        super().__init__(problem)
        self.status = status


class Secrets(NamedTuple):
    """What of a source decides, taken out of its row: decrypting it for each request would be slow."""

    proof: str
    keys: tuple[bytes, ...]  # of signatures, the newest first
    digests: tuple[str, ...]  # of tokens, SHA-256 in hex
    window_seconds: int


def secrets_of(row: Source, now: datetime) -> Secrets:
    """The secrets that work now: the one in force, and after a rotation the one before it for a while."""
    both = row.before_until is not None and row.before_until > now
    keys = (row.secret, row.secret_before if both else "")
    digests = (row.token_sha256, row.token_before_sha256 if both else "")
    return Secrets(
        row.proof, tuple(one.encode() for one in keys if one), tuple(one for one in digests if one), row.window_seconds
    )


def prove(known: Secrets, headers: Mapping[str, str], body: bytes, now: datetime) -> str:
    """The message id of a request that is believed; empty where the sender gave none. Raises `Denied`.

    Header names are in lower case. Comparisons take the same time wherever the difference is.
    """
    if known.proof == "token":
        said = headers.get(TOKEN) or headers.get("authorization", "").removeprefix("Bearer ").strip()
        found = digest(said)
        _believe(hmac.compare_digest(found, one) for one in known.digests)
        return headers.get(KEY, "")
    if known.proof == "hub":
        _signed(known, headers.get(HUB_SIGNATURE) or headers.get(SIGNATURE, ""), body)
        return hashlib.sha256(body).hexdigest()  # no header is signed: only the body can say that it is the same
    stamp, key = headers.get(TIMESTAMP, ""), headers.get(KEY, "")
    before = ".".join(part for part in (stamp, key) if part).encode("latin-1", "replace")
    found = _signed(known, headers.get(SIGNATURE, ""), before + b"." + body)
    _of_now(stamp, known.window_seconds, now)
    return key or found


def _signed(known: Secrets, said: str, content: bytes) -> str:
    said = said.removeprefix("sha256=").lower()
    _believe(hmac.compare_digest(_signature(key, content), said.encode("utf-8", "replace")) for key in known.keys)
    return said


def _signature(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, content, hashlib.sha256).hexdigest().encode()


def _believe(matches: Iterator[bool]) -> None:
    if not any(list(matches)):  # all are compared, so that the time does not say which secret was nearly right
        raise Denied(401, "The signature or token is missing or wrong.")


def _of_now(stamp: str, window: int, now: datetime) -> None:
    """Asked after the signature: a stranger learns nothing of our clock."""
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise Denied(400, f"{TIMESTAMP} is not a number of seconds since 1970.")
    off = datetime.fromtimestamp(int(stamp), UTC).timestamp() - now.timestamp()
    if abs(off) > window:
        word = "in the future" if off > 0 else "old"
        raise Denied(400, f"The time stamp is {abs(off):.0f} s {word}; {window} s are allowed. Check both clocks.")
