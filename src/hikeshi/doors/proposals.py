"""Facts, proposed duties and sign-offs as plain data, the same for the API, the command line and the console."""

from __future__ import annotations

from typing import Any

import msgspec

from hikeshi.clocks.facts import FACTS
from hikeshi.clocks.rule import rules
from hikeshi.desk.actor import Actor
from hikeshi.desk.duties import counsel, facts
from hikeshi.desk.duties.models import Fact, SignOff
from hikeshi.desk.duties.proposals import Proposal
from hikeshi.desk.ledger.models import ORGANISATION
from hikeshi.doors import find


def house(actor: Actor) -> str:
    """The chain of what the organisation is, for whoever has a part in anything."""
    find.insider(actor)
    return ORGANISATION


def answers(chain: str) -> list[dict[str, Any]]:
    """Every question with its answer; `answer` is yes, no or unknown."""
    known = facts.known(chain)
    return [
        {"fact": key, "topic": one.topic, "text": msgspec.to_builtins(one.text), "answer": known.get(key, "unknown")}
        for key, one in FACTS.items()
    ]


def said(row: Fact) -> dict[str, Any]:
    """What somebody has just said."""
    return {name: getattr(row, name) for name in ("key", "answer", "note", "said_by", "said_at")}


def proposal(one: Proposal) -> dict[str, Any]:
    """`verdict` is may_apply or open; `open` are the questions to answer first; `on`: its time runs by itself."""
    return {
        "rule": one.rule.name,
        "title": msgspec.to_builtins(one.rule.title),
        "verdict": one.verdict,
        "because": list(one.because),
        "open": list(one.open),
        "on": one.on,
    }


def sign_off(row: SignOff) -> dict[str, Any]:
    names = ("rule", "rule_version", "digest", "counsel", "note", "signed_at", "withdrawn_at")
    return {name: getattr(row, name) for name in names}


def standing_rules() -> list[dict[str, Any]]:
    """Every duty in force with whether it is on, how sure we are, and the sign-off that counts."""
    newest = {row.rule: row for row in SignOff.objects.filter(withdrawn_at__isnull=True).order_by("pk")}
    signatures = {name: row.digest for name, row in newest.items()}
    return [
        {
            "rule": rule.name,
            "title": msgspec.to_builtins(rule.title),
            "on": counsel.is_on(rule, signatures),
            "confidence": rule.duty.confidence,
            "counsel": newest[rule.name].counsel if rule.name in newest else "",
            "signed_at": newest[rule.name].signed_at if rule.name in newest else None,
        }
        for rule in rules().values()
        if rule.duty is not None and rule.in_force
    ]
