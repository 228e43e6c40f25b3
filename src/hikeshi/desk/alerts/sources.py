"""Who may hand alerts in, and how they prove it. Secrets are shown once and never again."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone

from hikeshi.desk.accounts.models import Person
from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.alerts.models import PROOFS, SOURCE_KINDS, Delivery, Source
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.errors import Refused

OVERLAP: Final = timedelta(hours=24)
"""How long the secret before a rotation works, unless somebody says otherwise."""
LONGEST_OVERLAP: Final = timedelta(days=30)
SIZE_LIMIT: Final = 5 * 1024 * 1024
"""Bytes that no source may exceed: a payload is held in memory whole."""
LONGEST_WINDOW: Final = 24 * 3600
"""Seconds."""


@transaction.atomic
def add(
    name: str, *, actor: Actor, kind: str = "webhook", proof: str = "hmac", reader: str = "", owner: Person | None = None,
    window_seconds: int = 300, size_limit: int = 1024 * 1024, per_minute: int = 60_000, silent_seconds: int = 0,
) -> tuple[Source, str]:  # fmt: skip
    """Let a source hand alerts in. Returns it and its secret, which is not shown again (empty where no webhook is opened).

    Raises `Refused` for a name that is taken and for limits that are none.
    """
    require(actor, "manage")
    _check(kind, proof, window_seconds, size_limit, per_minute)
    now = timezone.now()
    row = Source(
        name=name, kind=kind, proof=proof, reader=reader, owner=owner or Person.objects.filter(pk=actor.person_id or 0).first(),
        window_seconds=window_seconds, size_limit=size_limit, per_minute=per_minute, silent_seconds=silent_seconds,
        made_at=now, rotated_at=now,
    )  # fmt: skip
    secret = _new_secret(row) if kind == "webhook" else ""
    try:
        row.full_clean()
    except ValidationError as problem:
        raise Refused(" ".join(problem.messages), hint="A name is unique, of letters, digits, - and _.") from problem
    row.save()
    _write(row, actor, "source.add", {"kind": kind, "proof": proof, "reader": reader, "owner": str(row.owner or "")})
    return row, secret


def _check(kind: str, proof: str, window: int, size: int, per_minute: int) -> None:
    if kind not in dict(SOURCE_KINDS):
        raise Refused(f"{kind!r} is no kind of source.", hint=f"Use one of: {', '.join(dict(SOURCE_KINDS))}.")
    if proof not in dict(PROOFS):
        raise Refused(f"{proof!r} is no proof.", hint=f"Use one of: {', '.join(dict(PROOFS))}.")
    if not 1 <= window <= LONGEST_WINDOW:
        raise Refused(f"A replay window of {window} seconds.", hint=f"Use 1 to {LONGEST_WINDOW} seconds.")
    if not 1 <= size <= SIZE_LIMIT:
        raise Refused(f"A size limit of {size} bytes.", hint=f"Use 1 to {SIZE_LIMIT} bytes.")
    if per_minute < 1:
        raise Refused(f"A rate of {per_minute} a minute.", hint="Disable the source instead.")


def _new_secret(row: Source) -> str:
    said = f"hkw_{secrets.token_urlsafe(32)}"
    row.secret, row.token_sha256 = ("", digest(said)) if row.proof == "token" else (said, "")
    return said


def digest(token: str) -> str:
    """What is kept of a token: its SHA-256, in hex."""
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


@transaction.atomic
def rotate(row: Source, *, actor: Actor, overlap: timedelta = OVERLAP) -> str:
    """Give a webhook a new secret, returned and not shown again. The one before works for `overlap`; zero: not any more."""
    require(actor, "manage")
    if row.kind != "webhook":
        raise Refused(f"{row} has no secret.", hint="Only webhooks have one.")
    if not timedelta() <= overlap <= LONGEST_OVERLAP:
        raise Refused("An overlap of that length.", hint="Use 0 to 720 hours.")
    row = Source.objects.select_for_update().get(pk=row.pk)
    now = timezone.now()
    row.secret_before, row.token_before_sha256 = (row.secret, row.token_sha256) if overlap else ("", "")
    row.before_until, row.rotated_at = now + overlap if overlap else None, now
    said = _new_secret(row)
    row.save(
        update_fields=["secret", "token_sha256", "secret_before", "token_before_sha256", "before_until", "rotated_at"]
    )
    _write(row, actor, "source.rotate", {"overlap_hours": overlap // timedelta(hours=1)})
    return said


@transaction.atomic
def disable(row: Source, *, actor: Actor, reason: str) -> None:
    """Take nothing more from it. Raises `Refused` without a reason: what is not taken may be an alert that is missed."""
    require(actor, "manage")
    if not reason.strip():
        raise Refused("Disabling a source needs a reason.", hint="Say in one sentence why its alerts are not needed.")
    _switch(row, enabled=False)
    _write(row, actor, "source.disable", {"reason": reason.strip()})


@transaction.atomic
def enable(row: Source, *, actor: Actor) -> None:
    require(actor, "manage")
    _switch(row, enabled=True)
    _write(row, actor, "source.enable", {})


def _switch(row: Source, *, enabled: bool) -> None:
    row.enabled = enabled
    row.save(update_fields=["enabled"])


def _write(row: Source, actor: Actor, verb: str, data: Mapping[str, Any]) -> None:
    ledger.append(ORGANISATION, actor=actor, verb=verb, obj=row.name, data=data)


def shown(actor: Actor) -> QuerySet[Source]:
    """The sources, for those who may triage."""
    require(actor, "triage")
    return Source.objects.select_related("owner")


def trouble(row: Source, now: datetime) -> str:
    """What is wrong with a source, in one word: disabled, never (nothing came yet), silent (longer than expected), or nothing."""
    if not row.enabled:
        return "disabled"
    if row.last_seen_at is None:
        return "never"
    if row.silent_seconds and now - row.last_seen_at > timedelta(seconds=row.silent_seconds):
        return "silent"
    return ""


def aside_counts() -> dict[str, int]:
    """How many deliveries of each source wait because they were not understood."""
    rows = Delivery.objects.filter(~Q(problem=""), dismissed_at=None).order_by()
    return dict(rows.values_list("source").annotate(n=Count("pk")))
