"""The kill switch: stop every call that changes something, in one account or in all of them, and let them go on again.

It is asked before each single call, from the database, by whoever is about to send it: nothing has to reach the workers. A step that
was stopped stays as it is and goes on once the halt is lifted; its plan is compared with the world again, as after any pause.
Only what must not be left half-done goes on to its end (`Action.finishes`, asked in `runs.perform`).
"""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.clouds.models import Halt
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.errors import Refused


class Halted(Refused):
    """Nothing may be changed there now. What was asked for waits; it has not ended."""


def in_force() -> list[Halt]:
    """The halts that are in force, the newest first."""
    return list(Halt.objects.filter(lifted_at=None))


def refuse_if_halted(account: str) -> None:
    """Raises `Halted` while a halt of this account, or of all, is in force. One read of a small table."""
    found = Halt.objects.filter(lifted_at=None, account__in=("", account)).first()
    if found is not None:
        where = f"in account {found.account}" if found.account else "everywhere"
        raise Halted(
            f"{found.by} has stopped all changes {where}: {found.reason}", hint="It goes on once that is lifted."
        )


@transaction.atomic
def halt(*, actor: Actor, reason: str, account: str = "") -> Halt:
    """Stop all changes, in one account or everywhere. Halting what is halted keeps the first reason."""
    require(actor, "command")
    if not reason.strip():
        raise Refused("Stopping all changes needs a reason.", hint="Say it in one sentence; everybody will read it.")
    standing = Halt.objects.filter(lifted_at=None, account=account).first()
    if standing is not None:
        return standing
    row = Halt(account=account, reason=reason.strip(), by=actor.name, at=timezone.now())
    row.full_clean()
    row.save()
    ledger.append(
        ORGANISATION, actor=actor, verb="halt.begin", obj=str(row), data={"account": account, "reason": row.reason}
    )
    return row


@transaction.atomic
def lift(*, actor: Actor, reason: str, account: str = "") -> Halt:
    """Let changes go on. Raises `Refused` where nothing is halted there: one account is not lifted out of a halt of all."""
    require(actor, "command")
    if not reason.strip():
        raise Refused("Lifting a halt needs a reason.", hint="Say in one sentence why changes are safe again.")
    row = Halt.objects.select_for_update().filter(lifted_at=None, account=account).first()
    if row is None:
        raise Refused(
            f"Nothing is halted for {account or 'all accounts'}.", hint="`hikeshi contain halts` lists what is."
        )
    row.lifted_by, row.lifted_at = actor.name, timezone.now()
    row.save(update_fields=["lifted_by", "lifted_at"])
    ledger.append(
        ORGANISATION, actor=actor, verb="halt.lift", obj=str(row), data={"account": account, "reason": reason.strip()}
    )
    return row
