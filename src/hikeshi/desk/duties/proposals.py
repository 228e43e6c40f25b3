"""Which duties the facts point to. Hikeshi proposes and lets time run as "undecided"; people decide."""

from __future__ import annotations

import msgspec
from django.db import transaction
from django.utils import timezone

from hikeshi.clocks.facts import FACTS, Verdict, judge
from hikeshi.clocks.rule import Rule, rules
from hikeshi.desk.actor import Actor
from hikeshi.desk.duties import counsel, facts, law
from hikeshi.desk.duties.models import Decision, Fact
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import ORGANISATION, Chain

HIKESHI = "Hikeshi"
"""Who is named as having decided where nobody has: always "undecided"."""


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """A duty nobody has decided on. `because` are facts known to be so, `open` the questions to answer first; `on`: it is offered by itself."""

    rule: Rule
    verdict: Verdict
    because: tuple[str, ...]
    open: tuple[str, ...]
    on: bool


def proposals(chain: str) -> list[Proposal]:
    """What may apply first, then what is open, without what people have decided on and what the facts rule out."""
    decided = {name for name, row in law.decisions(chain).items() if row.decided_by != HIKESHI}
    known, signatures = facts.known(chain), counsel.signed()
    found = []
    for rule in rules().values():
        if rule.duty is None or rule.duty.when is None or not rule.in_force or rule.name in decided:
            continue
        verdict, missing = judge(rule.duty.when, known)
        because = tuple(key for key in (*rule.duty.when.all, *rule.duty.when.any) if known.get(key) == "yes")
        if verdict == "may_apply" or (verdict == "open" and because):
            on = counsel.is_on(rule, signatures)
            found.append(Proposal(rule=rule, verdict=verdict, because=because, open=missing, on=on))
    return sorted(found, key=lambda one: (one.verdict != "may_apply", not one.on, len(one.open)))


@transaction.atomic
def say(chain: str, key: str, answer: str, *, actor: Actor, note: str = "") -> Fact:
    """Note a fact, and let the clocks of the duties it now points to run as undecided, where their rules are on."""
    row = facts.say(chain, key, answer, actor=actor, note=note)
    if chain != ORGANISATION:
        propose(chain, actor=actor)
    return row


@transaction.atomic
def propose(chain: str, *, actor: Actor) -> list[Decision]:
    """Put every duty that may apply on the list as undecided, once. Returns those that are new."""
    listed = law.decisions(chain)
    fresh = [one for one in proposals(chain) if one.verdict == "may_apply" and one.on and one.rule.name not in listed]
    made = []
    for one in fresh:
        reason = "; ".join(FACTS[key].text.en for key in one.because)
        row = Decision(
            chain=Chain.objects.get_or_create(name=chain)[0], rule=one.rule.name, rule_version=one.rule.version,
            answer="undecided", reason=reason, decided_by=HIKESHI, decided_at=timezone.now(),
        )  # fmt: skip
        row.full_clean()
        row.save()
        data = {"reason": reason, "facts": list(one.because), "version": one.rule.version}
        ledger.append(chain, actor=actor, verb="duty.propose", obj=one.rule.name, data=data)
        made.append(row)
    if made:
        law.settle(chain, actor=actor)
    return made
