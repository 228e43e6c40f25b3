"""Sessions of roles: how an account is entered, for at most an hour, under the approver's name and with no more than the plan needs.

References: AWS STS API Reference, AssumeRole; IAM User Guide, session policies and "Monitor and control actions taken with assumed roles".
Keys live in the memory of this process only: never logged, never stored, never in an error.
"""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta
from typing import Final

import msgspec
from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from hikeshi.aws.clients import Keys, client
from hikeshi.aws.failures import translate

SECONDS: Final = 3600
REFRESH: Final = timedelta(minutes=5)
"""Before the end of a session a new one is taken."""
MOST_KEPT: Final = 500
MOST_POLICY: Final = 2048
"""Characters of a session policy. AWS also limits a packed size that it does not let us calculate."""
NOT_ALLOWED: Final = re.compile(r"[^\w+=,.@-]", re.ASCII)


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """How one step enters an account. `policy` narrows the session; empty: all that the role may do."""

    role: str
    session: str
    external_id: str = ""
    source_identity: str = ""
    policy: str = ""


def named(text: str) -> str:
    """A name as STS takes it for sessions and source identities: 2 to 64 characters, others replaced by a hyphen."""
    return NOT_ALLOWED.sub("-", text)[:64].ljust(2, "-")


class Sessions:
    """The sessions of a process, each taken once and again before it ends. Safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._taking: dict[tuple[Entry, str | None], threading.Lock] = {}
        self._kept: dict[tuple[Entry, str | None], tuple[Keys, datetime]] = {}

    def keys(self, entry: Entry, region: str, endpoint_url: str | None, read_timeout: float) -> Keys:
        """The keys of a session. Raises `CallFailed` where the role does not let us in."""
        key = (entry, endpoint_url)
        with self._lock:
            taking = self._taking.setdefault(key, threading.Lock())
        with taking:
            kept = self._kept.get(key)
            if kept is None or kept[1] - REFRESH <= datetime.now(UTC):
                kept = _assumed(entry, region, endpoint_url, read_timeout)
                self._keep(key, kept)
            return kept[0]

    def forget(self) -> None:
        """Take every session anew."""
        with self._lock:
            self._kept.clear()
            self._taking.clear()

    def _keep(self, key: tuple[Entry, str | None], kept: tuple[Keys, datetime]) -> None:
        with self._lock:
            while len(self._kept) >= MOST_KEPT:
                oldest = next(iter(self._kept))
                del self._kept[oldest]
                self._taking.pop(oldest, None)
            self._kept[key] = kept


def _assumed(entry: Entry, region: str, endpoint_url: str | None, read_timeout: float) -> tuple[Keys, datetime]:
    sent = {
        "RoleArn": entry.role,
        "RoleSessionName": entry.session,
        "DurationSeconds": SECONDS,
        "ExternalId": entry.external_id,
        "SourceIdentity": entry.source_identity,
        "Policy": entry.policy,
    }
    sts = client("sts", region, endpoint_url, read_timeout, attempts=3)  # it changes nothing: may be sent again
    try:
        told = sts.assume_role(**{name: value for name, value in sent.items() if value})["Credentials"]
    except (ClientError, BotoCoreError, ResponseParserError) as error:
        raise translate(error, "sts:AssumeRole", changing=False) from error
    return Keys(told["AccessKeyId"], told["SecretAccessKey"], told["SessionToken"]), told["Expiration"]


SESSIONS: Final = Sessions()
"""Those of this process."""
