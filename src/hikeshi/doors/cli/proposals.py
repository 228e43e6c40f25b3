"""`clocks known | say | propose | sign | signed | unsign`: facts, the duties they point to, and counsel's sign-off."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from hikeshi.desk.duties import counsel, proposals
from hikeshi.desk.incidents import obligations
from hikeshi.doors import find, proposals as shapes
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.who import actor

Whose = Annotated[str, typer.Argument(help="An incident, or the word organisation for what holds for every incident.")]
Rule = Annotated[str, typer.Argument(help="A duty, such as ca-qc; `hikeshi clocks rules` lists them.")]
ORGANISATION = "organisation"


def known(incident: Whose) -> Answer:
    """Every question with its answer: what was said of the incident, else of the organisation, else unknown."""
    who = actor()
    chain = shapes.house(who) if incident == ORGANISATION else find.incident(who, incident).name
    return Answer(shapes.answers(chain), columns=("fact", "answer", "text"))


def say(
    incident: Whose,
    fact: Annotated[str, typer.Argument(help="A key of `hikeshi clocks facts`.")],
    answer: Annotated[str, typer.Argument(help="yes, no or unknown.")],
    note: Annotated[str, typer.Option(help="How it is known.")] = "",
) -> Any:
    """Say what is known. The duties it points to are put on the list as undecided, and their time runs."""
    who = actor()
    if incident == ORGANISATION:
        return shapes.said(obligations.say_house_fact(fact, answer, actor=who, note=note))
    return shapes.said(obligations.say_fact(find.incident(who, incident), fact, answer, actor=who, note=note))


def propose(incident: str) -> Answer:
    """The duties that the facts point to and nobody has decided on, with the questions that are still open."""
    rows = [shapes.proposal(one) for one in proposals.proposals(find.incident(actor(), incident).name)]
    return Answer(rows, columns=("rule", "title", "verdict", "because", "open", "on"))


def sign(
    rule: Rule,
    counsel_name: Annotated[str, typer.Option("--counsel", help="Who has read the rule and its source.")],
    note: Annotated[str, typer.Option(help="What was read, and when.")] = "",
) -> Any:
    """Counsel stands by a rule as it is written now: from here it is proposed by itself."""
    return shapes.sign_off(counsel.sign(rule, actor=actor(), counsel=counsel_name, note=note))


def signed() -> Answer:
    """Every duty in force: whether it is on, and who has signed it off."""
    find.insider(actor())
    return Answer(shapes.standing_rules(), columns=("rule", "on", "confidence", "counsel", "signed_at"))


def unsign(rule: Rule, reason: Annotated[str, typer.Option(help="What has changed.")]) -> Any:
    """Counsel no longer stands by a rule. Clocks that run go on."""
    counsel.withdraw(rule, actor=actor(), reason=reason)
    return {"rule": rule, "on": False}
