"""One sign that something may be wrong, as a sender says it, in our words."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import cached_property
from typing import Literal, NamedTuple

import msgspec

from hikeshi.text import Text

Kind = Literal[
    "account", "address", "domain", "file", "hash", "host", "instance", "key", "mail", "principal", "resource", "url"
]
"""What an observable is: `resource` is an ARN or name of anything in a cloud, `key` an access key id, `principal` a user or role."""


class Observable(NamedTuple):
    """Something an alert names, by which alerts belong together."""

    kind: Kind
    value: str


class Signal(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What an alert says, in our words. `key` is the sender's identity of the finding; `score` is 0 to 10 as GuardDuty counts.

    `cause` are the values that findings of one cause have in common; empty: source system, kind, account and what it is about.
    `archived` is true where the sender says that it is over. `doubts` are what a person should know before believing the signal.
    """

    key: str
    title: str
    kind: str
    score: float
    account: str = ""
    region: str = ""
    instance_id: str = ""
    resource_role: str = ""
    remote_address: str = ""
    principal: str = ""
    sample: bool = False
    archived: bool = False
    count: int = 1
    first_seen_at: datetime | None = None
    last_seen_at: datetime | None = None
    observables: tuple[Observable, ...] = ()
    cause: tuple[str, ...] = ()
    doubts: tuple[Text, ...] = ()

    @cached_property
    def fingerprint(self) -> str:
        """SHA-256, in hex, of what findings of one cause have in common: alerts with the same one are folded into a group."""
        about = self.instance_id or self.principal or self.remote_address
        cause = self.cause or (self.key.partition(":")[0], self.kind, self.account, self.region, about)
        return hashlib.sha256("\x1f".join(cause).encode()).hexdigest()
