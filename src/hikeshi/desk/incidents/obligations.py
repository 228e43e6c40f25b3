"""Moments, decisions and filings of an incident: who may say what. The clocks follow by themselves, see `duties/law.py`."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from hikeshi.clocks.moments import Moment as Claim
from hikeshi.desk.accounts.permissions import require
from hikeshi.desk.actor import Actor
from hikeshi.desk.duties import drafts, law, proposals
from hikeshi.desk.duties.models import Decision, Fact, Filing, Moment, Statement
from hikeshi.desk.incidents import calling_in
from hikeshi.desk.incidents.calls import CALLS
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.ledger.models import ORGANISATION


def record_moment(incident: Incident, key: str, when: Claim, *, actor: Actor, note: str = "") -> Moment:
    """Say when a moment was: an aware datetime, or a day. Any responder on the incident may."""
    require_on(actor, "write", incident)
    return law.record(incident.name, key, when, actor=actor, note=note)


def withdraw_moment(incident: Incident, row: Moment, *, actor: Actor, reason: str) -> None:
    """Take a claim back: it can move a deadline of the law, so it is for those who command."""
    require_on(actor, "command", incident)
    law.withdraw(row, actor=actor, reason=reason)


def decide(incident: Incident, rule: str, answer: str, *, actor: Actor, reason: str) -> Decision:
    """Say whether a duty applies (`applies`, `does_not_apply`, `undecided`, `waived_by_authority`), for those who command."""
    require_on(actor, "command", incident)
    return law.decide(incident.name, rule, answer, actor=actor, reason=reason)


def file(
    incident: Incident,
    rule: str,
    *,
    actor: Actor,
    at: datetime,
    channel: str = "",
    reference: str = "",
    proof: str = "",
) -> Filing:
    """Note that people have sent the report. Hikeshi itself never sends."""
    require_on(actor, "write", incident)
    return law.file(incident.name, rule, actor=actor, at=at, channel=channel, reference=reference, proof=proof)


@transaction.atomic
def say_fact(incident: Incident, key: str, answer: str, *, actor: Actor, note: str = "") -> Fact:
    """Say what is known: yes, no or unknown. Any responder on the incident may.

    The duties it points to run as undecided, and whom it calls for is called in, in the same transaction.
    """
    require_on(actor, "write", incident)
    if key in CALLS:
        calling_in.lock(Incident.objects.filter(pk=incident.pk))
    row = proposals.say(incident.name, key, answer, actor=actor, note=note)
    calling_in.call_in(incident, actor=actor, only={key})
    return row


@transaction.atomic
def say_house_fact(key: str, answer: str, *, actor: Actor, note: str = "") -> Fact:
    """Say what the organisation is, once for all incidents. For those who command everywhere. What it calls for is called in to all open ones."""
    require(actor, "command")
    if key not in CALLS:
        return proposals.say(ORGANISATION, key, answer, actor=actor, note=note)
    calling_in.lock(calling_in.open_incidents())
    row = proposals.say(ORGANISATION, key, answer, actor=actor, note=note)
    for incident in calling_in.open_incidents():
        calling_in.call_in(incident, actor=actor, only={key})
    return row


def state(
    incident: Incident, content: str, item: int, *, actor: Actor, certainty: str, en: str = "", ja: str = "",
    sources: str = "", version: int | None = None,
) -> Statement:  # fmt: skip
    """Say what is known of one item of a report. Any responder on the incident may."""
    require_on(actor, "write", incident)
    return drafts.state(
        incident.name, content, item, actor=actor, certainty=certainty, en=en, ja=ja, sources=sources, version=version
    )
