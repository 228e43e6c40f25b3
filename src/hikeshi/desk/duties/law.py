"""What the law asks of an incident: from moments, decisions and filings to clocks.

People record, decide and file; `settle` then makes the clocks agree, as often as it is called. A rule that nobody decided on runs as
"undecided" beside the others: its time passes all the same.
"""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec
from django.db import transaction
from django.utils import timezone

from hikeshi.clocks.counting import Due, compute
from hikeshi.clocks.moments import MOMENTS, Moment as Claim, earlier
from hikeshi.clocks.rule import Rule, rules
from hikeshi.desk.actor import Actor
from hikeshi.desk.duties import verbs
from hikeshi.desk.duties.cited import check_cited
from hikeshi.desk.duties.models import ANSWERS, Clock, Decision, Filing, Moment
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.ledger.models import Chain
from hikeshi.errors import Refused

MICROSECOND = timedelta(microseconds=1)


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How one duty stands: the rule, what was decided, how its clock counts, and what was filed, oldest first."""

    rule: Rule
    decision: Decision
    due: Due
    filings: tuple[Filing, ...]


def legal(name: str) -> Rule:
    """A rule that is a duty. Raises `Refused` for any other."""
    rule = rules().get(name)
    if rule is None or rule.duty is None:
        raise Refused(f"{name[:60]!r} is no duty of a law or contract.", hint="`hikeshi clocks rules` lists them.")
    return rule


@transaction.atomic
def record(chain: str, key: str, when: Claim, *, actor: Actor, note: str = "") -> Moment:
    """Note when a moment was, as claimed by the actor. An instant needs a zone. The clocks that hang on it start or move."""
    if key not in MOMENTS:
        raise Refused(f"{key[:40]!r} is not a moment.", hint=f"Known are {', '.join(MOMENTS)}.")
    instant = when if isinstance(when, datetime) else None
    if _ahead(key, when):
        raise Refused(f"{key} would be in the future.", hint="Record what has happened; check the zone.")
    row = Moment(
        chain=_chain(chain), key=key, at=instant, day=None if isinstance(when, datetime) else when, note=note.strip(),
        recorded_by=actor.name, recorded_at=timezone.now(),
    )  # fmt: skip
    row.full_clean()
    row.save()
    ledger.append(
        chain, actor=actor, verb="moment.record", obj=key,
        data={"when": when.isoformat(), "note": row.note, "claim": row.pk},
    )  # fmt: skip
    settle(chain, actor=actor)
    return row


@transaction.atomic
def withdraw(row: Moment, *, actor: Actor, reason: str) -> None:
    """The claim was wrong. It stays on record; the clocks follow the claims that are left."""
    if not reason.strip():
        raise Refused("Taking a time back needs a reason.", hint="Say what shows that it was wrong.")
    if row.withdrawn_at is not None:
        raise Refused("That time was taken back before.")
    row.withdrawn_at, row.withdrawn_why = timezone.now(), reason.strip()[:500]
    row.save(update_fields=["withdrawn_at", "withdrawn_why"])
    ledger.append(
        row.chain.name,
        actor=actor,
        verb="moment.withdraw",
        obj=row.key,
        data={"reason": row.withdrawn_why, "claim": row.pk},
    )
    settle(row.chain.name, actor=actor)


@transaction.atomic
def decide(chain: str, rule_name: str, answer: str, *, actor: Actor, reason: str) -> Decision:
    """Say whether a duty applies. `does_not_apply` and `waived_by_authority` are as important to keep as `applies`, with the reason."""
    rule = legal(rule_name)
    if answer not in dict(ANSWERS):
        raise Refused(f"{answer[:40]!r} is not an answer.", hint=f"Use one of: {', '.join(dict(ANSWERS))}.")
    if not reason.strip():
        raise Refused("A decision on a duty needs a reason.", hint="Say on which facts it rests.")
    row = Decision(
        chain=_chain(chain), rule=rule.name, rule_version=rule.version, answer=answer, reason=reason.strip(),
        decided_by=actor.name, decided_at=timezone.now(),
    )  # fmt: skip
    row.full_clean()
    row.save()
    ledger.append(
        chain, actor=actor, verb="duty.decide", obj=rule.name,
        data={"answer": answer, "reason": row.reason, "version": rule.version},
    )  # fmt: skip
    settle(chain, actor=actor)
    return row


@transaction.atomic
def file(
    chain: str, rule_name: str, *, actor: Actor, at: datetime, channel: str = "", reference: str = "", proof: str = ""
) -> Filing:
    """Note that the report was sent, with what proves it. How late it was is frozen here. Raises `Refused` without a decision."""
    rule = legal(rule_name)
    if decisions(chain).get(rule.name) is None:
        raise Refused(f"Nobody has decided on {rule.name} yet.", hint="Decide first that the duty applies, and why.")
    if at > timezone.now() + timedelta(minutes=5):
        raise Refused("The filing would be in the future.", hint="Record it when it was sent; check the zone.")
    check_cited(chain, proof)
    due = compute(rule, moments_of(chain, rule), timezone.now()).due_at
    late = max(0, (at - due) // MICROSECOND) if due else 0
    row = Filing(
        chain=_chain(chain), rule=rule.name, at=at, channel=channel.strip(), reference=reference.strip(),
        proof=proof.strip(), filed_by=actor.name, recorded_at=timezone.now(), late_by_us=late,
    )  # fmt: skip
    row.full_clean()
    row.save()
    ledger.append(
        chain, actor=actor, verb="duty.file", obj=rule.name,
        data={
            "at": at.isoformat(), "channel": row.channel, "reference": row.reference, "proof": row.proof,
            "late_by_us": late,
        },
    )  # fmt: skip
    settle(chain, actor=actor)
    return row


def _ahead(key: str, when: Claim) -> bool:
    """Not yet anywhere on earth. The one day that lies ahead by its meaning may."""
    if isinstance(when, datetime):
        return when > timezone.now() + timedelta(minutes=5)
    return key != "year_end_after_discovery" and when > (timezone.now() + timedelta(hours=14)).date()


def decisions(chain: str) -> dict[str, Decision]:
    """The decision that counts of each rule decided on."""
    return {row.rule: row for row in Decision.objects.filter(chain__name=chain).order_by("pk")}


def claims_of(chain: str) -> dict[str, list[Moment]]:
    """The claims of each moment that nobody has taken back; the one that counts, the earliest, first."""
    found: dict[str, list[Moment]] = {}
    for row in Moment.objects.filter(chain__name=chain, withdrawn_at__isnull=True).order_by("pk"):
        rows = found.setdefault(row.key, [])
        first = not rows or earlier(row.when, rows[0].when) != rows[0].when
        rows.insert(0 if first else len(rows), row)
    return found


def contradicted(chain: str) -> dict[str, list[Moment]]:
    """The moments of which people claim different times: the claims of each, the one that counts first."""
    return {key: rows for key, rows in claims_of(chain).items() if len({row.when for row in rows}) > 1}


def moments_of(chain: str, rule: Rule) -> dict[str, Claim]:
    """The moments as this rule sees them: the earliest claim of each, and the filings of the regime it belongs to.

    A filing is a moment only for rules of the same regime: the notification of one law starts nothing under another.
    """
    found = {key: rows[0].when for key, rows in claims_of(chain).items()}
    for filing in Filing.objects.filter(chain__name=chain).order_by("-at"):
        other = rules().get(filing.rule)
        if other is None or not _heard_by(rule, other):
            continue
        found[other.stops_on] = filing.at  # the first filing comes last in this order, and counts
    return found


def _heard_by(rule: Rule, other: Rule) -> bool:
    if other.name == rule.name:
        return True
    same = rule.duty is not None and other.duty is not None and rule.duty.regime == other.duty.regime
    return same and other.stops_on in rule.anchors


def standings(chain: str) -> list[Standing]:
    """Every duty somebody has decided on, the most urgent first; what has no date, or does not apply, at the end."""
    now = timezone.now()
    found = []
    for name, decision in decisions(chain).items():
        rule = rules().get(name)
        if rule is not None:
            due = compute(rule, moments_of(chain, rule), now)
            filings = tuple(Filing.objects.filter(chain__name=chain, rule=name))
            found.append(Standing(rule=rule, decision=decision, due=due, filings=filings))
    return sorted(found, key=_urgency)


def _urgency(one: Standing) -> tuple[bool, bool, bool, float, str]:
    off = one.decision.answer in {"does_not_apply", "waived_by_authority"}
    at = one.due.due_at.timestamp() if one.due.due_at else 0.0
    return off, bool(one.filings), one.due.due_at is None, at, one.rule.name


@transaction.atomic
def settle(chain: str, *, actor: Actor) -> None:
    """Make the clocks of the chain agree with what is recorded: start, replace or stop them. Doing it twice changes nothing."""
    Chain.objects.select_for_update().get(name=chain)
    for one in standings(chain):
        _settle(chain, one, actor)


def _settle(chain: str, one: Standing, actor: Actor) -> None:
    running = Clock.objects.filter(chain__name=chain, rule=one.rule.name, stopped_at__isnull=True).first()
    wanted = one.due.due_at if one.decision.answer in {"applies", "undecided"} else None
    now = timezone.now()
    if one.filings:
        if running is not None:
            verbs.stop(running, actor=actor, at=one.filings[0].at)
        return
    if running is not None and (wanted is None or running.deadline != wanted):
        verbs.stop(running, actor=actor, at=now, replaced=True)
        running = None
    if running is None and wanted is not None:
        verbs.begin(chain, one.rule, one.due, actor=actor, started_at=_start(chain, one.rule, wanted))


def _start(chain: str, rule: Rule, due: datetime) -> datetime:
    """When the clock began to run, for showing how much is spent: the earliest moment it counts from."""
    found = moments_of(chain, rule)
    claims = [found[name] for name in rule.anchors if name in found]
    first = next((claim for claim in claims if isinstance(claim, datetime)), None)
    if first is None:
        zone = due.tzinfo
        first = (
            min(datetime.combine(claim, datetime.min.time(), zone) for claim in claims) if claims else timezone.now()
        )
    return first


def _chain(name: str) -> Chain:
    return Chain.objects.get_or_create(name=name)[0]
