"""Registering the accounts that actions may enter, and what in them is never touched."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.clouds.models import Account, Protected
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.errors import Refused

FIELDS: Final = (
    "acquire_role", "contain_role", "environment", "eradicate_role", "evidence_bucket", "evidence_key", "external_id", "forensic_account",
    "management", "mode", "name", "read_role", "regions",
)  # fmt: skip
"""What may be said of an account, and changed later."""
NUMBER: Final = re.compile(r"\d{12}", re.ASCII)
ROLE: Final = re.compile(r"arn:aws(-cn|-us-gov)?:iam::(?P<account>\d{12}):role/[\w+=,.@/-]{1,180}", re.ASCII)
MOST_REGIONS: Final = 40
LEAST_OF_A_PATTERN: Final = 4
"""Characters of a pattern that are no * or ?: "*" alone would stop every containment, and nobody would know why."""


@transaction.atomic
def add(number: str, *, actor: Actor, **said: Any) -> Account:
    """Register an account of AWS, or a retired one again. From the first one on, accounts that are not registered are refused."""
    require(actor, "command")
    row = Account.objects.select_for_update().filter(provider="aws", number=number).first()
    if row is not None and row.retired_at is None:
        raise Refused(f"{number} is registered already.", hint="Change it instead.")
    row = row or Account(number=number)
    row.added_by, row.added_at, row.retired_at = actor.name, timezone.now(), None
    _say(row, said)
    ledger.append(ORGANISATION, actor=actor, verb="cloud.add", obj=number, data=said)
    return row


@transaction.atomic
def change(account: Account, *, actor: Actor, **said: Any) -> Account:
    """Say something else about an account: only the fields given are changed."""
    require(actor, "command")
    row = Account.objects.select_for_update().get(pk=account.pk)
    if row.retired_at is not None:
        raise Refused(f"{row.number} is retired.", hint="Add it again.")
    was = {name: getattr(row, name) for name in said if name in FIELDS}
    _say(row, said)
    ledger.append(ORGANISATION, actor=actor, verb="cloud.change", obj=row.number, data={"was": was, "now": said})
    return row


@transaction.atomic
def retire(account: Account, *, actor: Actor, reason: str) -> None:
    """No action enters it any more; its record stays."""
    require(actor, "command")
    reason = _reason(reason)
    row = Account.objects.select_for_update().get(pk=account.pk)
    if row.retired_at is not None:
        raise Refused(f"{row.number} is retired already.", hint="Nothing is to be done.")
    row.retired_at = timezone.now()
    row.save(update_fields=["retired_at"])
    ledger.append(ORGANISATION, actor=actor, verb="cloud.retire", obj=row.number, data={"reason": reason})


@transaction.atomic
def protect(pattern: str, *, actor: Actor, reason: str) -> Protected:
    """No action touches what fits this id, name or ARN (* and ? allowed), from the next look on."""
    require(actor, "command")
    pattern, reason = pattern.strip(), _reason(reason)
    if len(re.sub(r"[*?]", "", pattern)) < LEAST_OF_A_PATTERN:
        raise Refused(
            f"{pattern!r} would protect nearly everything.", hint="Name at least a part: i-0abc* or *bastion*."
        )
    row = Protected(pattern=pattern, reason=reason, added_by=actor.name, added_at=timezone.now())
    row.full_clean()
    row.save()
    ledger.append(ORGANISATION, actor=actor, verb="cloud.protect", obj=pattern, data={"reason": reason})
    return row


@transaction.atomic
def unprotect(pattern: str, *, actor: Actor, reason: str) -> None:
    """Let actions touch it again."""
    require(actor, "command")
    reason = _reason(reason)
    if not Protected.objects.filter(pattern=pattern).delete()[0]:
        raise Refused(f"{pattern!r} is not on the list.", hint="What the environment protects is changed there.")
    ledger.append(ORGANISATION, actor=actor, verb="cloud.unprotect", obj=pattern, data={"reason": reason})


def account_for(number: str) -> Account | None:
    """The registration of an account; None where accounts are not registered but allowed by the environment, or not listed at all.

    Deny by default: as soon as any account is registered or listed in HIKESHI_AWS_ACCOUNTS, others are refused.
    """
    rows = list(Account.objects.filter(provider="aws", retired_at=None))
    listed = settings.ENVIRONMENT.aws_accounts
    found = next((row for row in rows if row.number == number), None)
    if found is None and number not in listed and (rows or listed or Account.objects.exists()):
        raise Refused(
            f"The account {number or '(unknown)'} is not one that actions may touch.",
            hint="Register it (`hikeshi cloud add`), or list it in HIKESHI_AWS_ACCOUNTS.",
        )
    return found


def protected_patterns(account: Account | None = None) -> tuple[str, ...]:
    """Everything that is never touched: by the register, by the environment, and our own infrastructure without being told."""
    said = Protected.objects.values_list("pattern", flat=True)
    return tuple(dict.fromkeys((*settings.ENVIRONMENT.aws_protected, *said, *own_infrastructure(account))))


def own_infrastructure(account: Account | None = None) -> Iterator[str]:
    """The roles by which we enter, the bucket of evidence, its key, the locker and the queue: an attacker would point us at them."""
    environment = settings.ENVIRONMENT
    rows = [account] if account else list(Account.objects.filter(retired_at=None))
    for row in rows:
        for role in row.roles.values():
            yield from _role_names(role)
        yield from _bucket_names(row.evidence_bucket)
        if row.evidence_key:
            yield from (row.evidence_key, row.evidence_key.rpartition("/")[2])
    yield from _bucket_names(environment.evidence_bucket)
    yield from _bucket_names(environment.locker.removeprefix("s3://").partition("/")[0])
    if environment.queue_url:
        yield from (environment.queue_url, f"*:sqs:*:{environment.queue_url.rpartition('/')[2]}")


def _role_names(role: str) -> Iterable[str]:
    name = role.rpartition("/")[2]
    return (role, name, f"arn:*:sts::*:assumed-role/{name}/*") if role else ()


def _bucket_names(bucket: str) -> Iterable[str]:
    return (bucket, f"arn:*:s3:::{bucket}", f"arn:*:s3:::{bucket}/*") if bucket else ()


def _say(row: Account, said: dict[str, Any]) -> None:
    for name, value in said.items():
        if name not in FIELDS:
            raise Refused(f"An account has no {name}.", hint=f"It has: {', '.join(FIELDS)}.")
        setattr(row, name, value)
    if not NUMBER.fullmatch(row.number):
        raise Refused(f"{row.number!r} is no account of AWS.", hint="Twelve digits.")
    for role in row.roles.values():
        found = ROLE.fullmatch(role)
        if role and (found is None or found["account"] != row.number):
            raise Refused(
                f"{role!r} is no role of {row.number}.", hint=f"Such as arn:aws:iam::{row.number}:role/hikeshi-contain."
            )
    if not isinstance(row.regions, list) or len(row.regions) > MOST_REGIONS:
        raise Refused("Regions are a list of names.", hint="Such as ap-northeast-1; empty: any.")
    if wrong := [one for one in row.regions if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", str(one), re.ASCII)]:
        raise Refused(f"{wrong[0]!r} is no region.", hint="Such as ap-northeast-1.")
    row.full_clean()
    row.save()


def _reason(text: str) -> str:
    if not text.strip():
        raise Refused("A reason is needed.", hint="One sentence that can be read next year.")
    return text.strip()[:300]
