"""Counsel's sign-off: a rule is on when it was read at the source by us, or when the organisation's counsel stands by its text."""

from __future__ import annotations

import hashlib

import msgspec
from django.db import transaction
from django.utils import timezone

from hikeshi.clocks.rule import Rule
from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.duties.law import legal
from hikeshi.desk.duties.models import SignOff
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.errors import Refused


def digest(rule: Rule) -> str:
    """SHA-256, in hex, of the rule's whole content: a change of one word needs a new sign-off."""
    return hashlib.sha256(msgspec.json.encode(msgspec.to_builtins(rule), order="sorted")).hexdigest()


def sign_offs(rule: Rule) -> list[SignOff]:
    """Every sign-off of the rule, the newest first; those of another text, or withdrawn, do not count."""
    return list(SignOff.objects.filter(rule=rule.name).order_by("-pk"))


def signed() -> dict[str, str]:
    """The digest each rule was last signed off with, for those not withdrawn: one query for all rules."""
    rows = SignOff.objects.filter(withdrawn_at__isnull=True).order_by("pk")
    return dict(rows.values_list("rule", "digest"))


def is_on(rule: Rule, signatures: dict[str, str]) -> bool:
    """Whether the rule is offered by itself. One that is off can still be decided on by hand: a clock too many harms nobody."""
    if not rule.in_force or rule.duty is None:
        return False
    return rule.duty.ships_on or signatures.get(rule.name) == digest(rule)


@transaction.atomic
def sign(rule_name: str, *, actor: Actor, counsel: str, note: str = "") -> SignOff:
    """Put on record that `counsel` (a name) has read the rule as it is now and stands by it. Raises `Refused`."""
    require(actor, "command")
    rule = legal(rule_name)
    if not counsel.strip():
        raise Refused("A sign-off needs the name of counsel.", hint="Name who has read the rule and its source.")
    if not rule.in_force:
        raise Refused(f"{rule.name} is not in force: no sign-off can start it.", hint="See its note and its source.")
    row = SignOff(
        rule=rule.name, rule_version=rule.version, digest=digest(rule), counsel=counsel.strip(), note=note.strip(),
        signed_at=timezone.now(),
    )  # fmt: skip
    row.full_clean()
    row.save()
    _write(row, "rule.sign_off", actor, {"counsel": row.counsel, "version": row.rule_version, "digest": row.digest})
    return row


@transaction.atomic
def withdraw(rule_name: str, *, actor: Actor, reason: str) -> None:
    """Counsel no longer stands by it. Clocks that run go on: whether a duty applies is decided per incident."""
    require(actor, "command")
    if not reason.strip():
        raise Refused("Taking a sign-off back needs a reason.", hint="Say what has changed.")
    row = SignOff.objects.filter(rule=rule_name, withdrawn_at__isnull=True).order_by("pk").last()
    if row is None:
        raise Refused(f"Nobody has signed {rule_name[:60]!r} off.")
    SignOff.objects.filter(rule=rule_name, withdrawn_at__isnull=True).update(withdrawn_at=timezone.now())
    _write(row, "rule.unsign", actor, {"reason": reason.strip()[:500]})


def _write(row: SignOff, verb: str, actor: Actor, data: dict[str, object]) -> None:
    ledger.append(ORGANISATION, actor=actor, verb=verb, obj=row.rule, data=data)
