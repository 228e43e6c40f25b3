"""The log source and the fields of a rule, as columns of events and as paths into the record they were read from.

A column answers quickly, so a field has one wherever the parser loses nothing; every other field is looked up in the record itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import msgspec
from sigma.rule import SigmaLogSource


class Near(NamedTuple):
    """SQL over the columns of events that gives a text."""

    sql: str


class Deep(NamedTuple):
    """A path into the JSON of `base`, which is `raw` or `attrs`."""

    base: str
    path: tuple[str, ...]


Field = Near | Deep


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Which events a log source of Sigma means, and where its fields are."""

    kinds: tuple[str, ...]
    """Values of `source_kind`."""
    where: str = "true"
    """SQL that must hold besides."""
    columns: Mapping[str, str] = msgspec.field(default_factory=dict)
    base: str = "attrs"
    """Where fields are that have no column."""
    within: tuple[str, ...] = ()
    """The keys on the way there."""
    dotted: bool = True
    """Whether a dot in a field's name leads one level down."""

    def field(self, name: str) -> Field:
        if name in self.columns:
            return Near(self.columns[name])
        keys = tuple(name.split(".")) if self.dotted else (name,)
        return Deep(self.base, (*self.within, *keys))


CLOUDTRAIL = Origin(
    kinds=("cloudtrail",),
    base="raw",
    columns={
        "awsRegion": "region",
        "errorCode": "error_code",
        "errorMessage": "error_message",
        "eventName": "action",
        # the parser leaves out the ending; a service of another domain was kept whole
        "eventSource": "CASE WHEN contains(service, '.') THEN service ELSE service || '.amazonaws.com' END",
        "sourceIPAddress": "coalesce(src_ip, src_service)",
        "userAgent": "user_agent",
        "userIdentity.accessKeyId": "access_key",
        "userIdentity.accountId": "actor_account",
        "userIdentity.arn": "CASE WHEN starts_with(actor_id, 'arn:') THEN actor_id END",
        "userIdentity.invokedBy": "invoked_by",
        "userIdentity.sessionContext.sessionIssuer.arn": "session_issuer",
        "userIdentity.type": "actor_type",
    },
)

SERVICES: dict[tuple[str, str], Origin] = {
    ("aws", "cloudtrail"): CLOUDTRAIL,
}
"""By product and service."""


def origin(source: SigmaLogSource) -> Origin | None:
    """Where events of this log source are; None where no parser reads it."""
    return SERVICES.get(((source.product or "").lower(), (source.service or "").lower()))
