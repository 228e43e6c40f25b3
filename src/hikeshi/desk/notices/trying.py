"""Trying a channel before it is needed: a test message, sent now, with what the service answered."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.desk.notices import channels
from hikeshi.desk.notices.models import Channel
from hikeshi.desk.notices.words import Language, say
from hikeshi.errors import HikeshiError, Refused


def try_channel(row: Channel, *, actor: Actor, to: str = "") -> str:
    """Send a test and return the service's answer. `to` is the number for an SMS gateway. Raises `Failed` with the reason."""
    require(actor, "manage")
    if row.service == "sms" and channels.TO in row.address and not to:
        raise Refused("An SMS gateway needs a number to try.", hint="--to +81..., your own.")
    language: Language = "ja" if (row.language or settings.ENVIRONMENT.language) == "ja" else "en"
    words = say("test", language, {"by": actor.name})
    try:
        said = channels.send(
            row.service, row.address, words.subject, words.body, key=f"hikeshi-test-{secrets.token_hex(8)}", to=to
        )
    except HikeshiError as problem:
        _record(row, actor, problem.message)
        raise
    _record(row, actor, "")
    return said


@transaction.atomic
def _record(row: Channel, actor: Actor, problem: str) -> None:
    row.last_at, row.last_problem = timezone.now(), problem[:500]
    if not problem:
        row.tested_at = row.last_at
    row.save(update_fields=["last_at", "last_problem", "tested_at"])
    ledger.append(
        ORGANISATION, actor=actor, verb="channel.test", obj=row.name, data={"problem": problem} if problem else {}
    )
