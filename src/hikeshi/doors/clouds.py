"""Cloud accounts and what is never touched in them, as plain data: what is registered and what the environment says, the same for every door."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings
from typing_extensions import TypedDict

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.clouds.models import Account, Protected
from hikeshi.desk.clouds.verbs import own_infrastructure
from hikeshi.doors.find import NotThere


class CloudShape(TypedDict):
    """An account that actions may enter. `source`: register, or environment (HIKESHI_AWS_ACCOUNTS; changed only there).

    `environment` empty: counts as production. `mode`: ask, confirmed or suspected. `regions` empty: any. A role is an ARN; empty: the
    credentials of the worker.
    """

    account: str
    source: str
    name: str
    environment: str
    mode: str
    regions: list[str]
    read_role: str
    acquire_role: str
    contain_role: str
    eradicate_role: str
    external_id: str
    evidence_bucket: str
    evidence_key: str
    forensic_account: str
    management: bool
    added_by: str
    added_at: datetime | None
    retired_at: datetime | None


class ProtectedShape(TypedDict):
    """What no action changes. `source`: register, environment (HIKESHI_AWS_PROTECTED), or own (our roles, buckets, keys and queues)."""

    pattern: str
    source: str
    reason: str
    added_by: str
    added_at: datetime | None


def shape(row: Account, source: str = "register") -> CloudShape:
    return {
        "account": row.number, "source": source, "name": row.name, "environment": row.environment, "mode": row.mode,
        "regions": row.regions, "read_role": row.read_role, "acquire_role": row.acquire_role,
        "contain_role": row.contain_role, "eradicate_role": row.eradicate_role, "external_id": row.external_id, "evidence_bucket": row.evidence_bucket,
        "evidence_key": row.evidence_key, "forensic_account": row.forensic_account, "management": row.management,
        "added_by": row.added_by, "added_at": row.added_at, "retired_at": row.retired_at,
    }  # fmt: skip


def clouds_for(actor: Actor, *, retired: bool = False) -> list[CloudShape]:
    """What actions may enter, the register first; with `retired`, the registrations that have ended."""
    require(actor, "triage")
    rows = list(Account.objects.filter(retired_at__isnull=not retired))
    numbers = {row.number for row in rows}
    listed = [] if retired else [one for one in settings.ENVIRONMENT.aws_accounts if one not in numbers]
    return [*map(shape, rows), *(_listed(number) for number in listed)]


def _listed(number: str) -> CloudShape:
    """As an account of the environment is treated: the defaults of the register."""
    return shape(Account(number=number), "environment")


def cloud(actor: Actor, number: str) -> CloudShape:
    """One account, from the register or else the environment. Raises `NotThere`."""
    try:
        row = named(actor, number)
    except NotThere:
        if number not in settings.ENVIRONMENT.aws_accounts:
            raise
        return _listed(number)
    if row.retired_at and number in settings.ENVIRONMENT.aws_accounts:
        return _listed(number)
    return shape(row)


def named(actor: Actor, number: str) -> Account:
    """One account of the register, also a retired one. Raises `NotThere`."""
    require(actor, "triage")
    row = Account.objects.filter(provider="aws", number=number.replace("\x00", "")[:40]).first()
    if row is None:
        raise NotThere(
            f"There is no account {number[:40]!r} on the register.",
            hint="`hikeshi cloud list` shows it; what is in HIKESHI_AWS_ACCOUNTS alone is added before it is changed.",
        )
    return row


def protected_for(actor: Actor) -> list[ProtectedShape]:
    """Everything that is never touched, the register first; each pattern once."""
    require(actor, "triage")
    found: dict[str, ProtectedShape] = {}
    for row in _protected():
        found.setdefault(row["pattern"], row)
    return list(found.values())


def protected(row: Protected) -> ProtectedShape:
    return {
        "pattern": row.pattern, "source": "register", "reason": row.reason, "added_by": row.added_by, "added_at": row.added_at,
    }  # fmt: skip


def _protected() -> Iterator[ProtectedShape]:
    yield from map(protected, Protected.objects.all())
    for source, patterns in (("environment", settings.ENVIRONMENT.aws_protected), ("own", own_infrastructure())):
        for pattern in patterns:
            yield {"pattern": pattern, "source": source, "reason": "", "added_by": "", "added_at": None}
