"""What is known of an incident and of the house, and which duties follow from it as proposals. People decide on each."""

from __future__ import annotations

from typing import get_args

from django.db import transaction
from django.utils import timezone

from hikeshi.clocks.facts import FACTS, Answer
from hikeshi.desk.actor import Actor
from hikeshi.desk.duties.models import Fact
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION, Chain
from hikeshi.errors import Refused


def known(chain: str) -> dict[str, str]:
    """The answer that counts of each fact somebody has spoken on: what was said of the incident, else of the house.

    A house that does not know has said nothing about the incident.
    """
    rows = Fact.objects.filter(chain__name__in={chain, ORGANISATION}).order_by("pk").select_related("chain")
    house = {row.key: row.answer for row in rows if row.chain.name == ORGANISATION}
    own = {row.key: row.answer for row in rows if row.chain.name == chain}
    return {key: answer for key, answer in house.items() if answer != "unknown"} | own


@transaction.atomic
def say(chain: str, key: str, answer: str, *, actor: Actor, note: str = "") -> Fact:
    """Note what is known: yes, no or unknown. What was said before is kept."""
    if key not in FACTS:
        raise Refused(f"{key[:40]!r} is no fact.", hint="`hikeshi clocks facts` lists them.")
    if answer not in get_args(Answer):
        raise Refused(f"{answer[:20]!r} is no answer.", hint="Use yes, no or unknown.")
    row = Fact(
        chain=Chain.objects.get_or_create(name=chain)[0], key=key, answer=answer, note=note.strip(),
        said_by=actor.name, said_at=timezone.now(),
    )  # fmt: skip
    row.full_clean()
    row.save()
    ledger.append(chain, actor=actor, verb="fact.say", obj=key, data={"answer": answer, "note": row.note})
    return row
