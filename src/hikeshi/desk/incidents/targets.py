"""Our own targets beside the law: response, containment, next update and review, as long as the incident gives them a reason to run.

Called inside the verbs that change the incident. A rule `<family>.sevN` says how long; a severity without a rule has no such target.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.utils import timezone

from hikeshi.clocks.rule import Elapsed, rules
from hikeshi.desk.actor import Actor
from hikeshi.desk.duties import verbs as duties
from hikeshi.desk.duties.models import Clock
from hikeshi.desk.incidents.models import Incident
from hikeshi.text import Text

AT_WORK: Final = ("response.", "containment.", "update.")
"""What may run while the incident is open; the review runs after it is closed."""
HOLDS: Final = "hold."
"""Reviews of what is contained, one clock for each; begun and met by the verbs of steps."""


def start(incident: Incident, *, actor: Actor) -> None:
    """The targets of a new incident: each counts from its own moment."""
    for family in AT_WORK:
        begin(incident, family, actor=actor, started_at=_origin(incident, family))


def begin(incident: Incident, family: str, *, actor: Actor, started_at: datetime) -> None:
    """Start the clock of this family for the incident's severity. Updates follow the incident's own rhythm where it has one."""
    name = f"{family}sev{incident.severity}"
    if name in rules():
        seconds = incident.update_every if family == "update." else None
        duties.start(incident.name, name, actor=actor, started_at=started_at, seconds=seconds)


def _origin(incident: Incident, family: str) -> datetime:
    """The moment a target counts from, whatever happened to the severity since."""
    if family == "response.":
        return incident.detected_at
    return (incident.closed_at if family == "review." else None) or incident.declared_at


def rebase(incident: Incident, before: int, *, actor: Actor, at: datetime) -> None:
    """The severity is another one now. Raised: the time counts from `at`; lowered: from where it always did. Breaches stay on record."""
    if before == incident.severity:
        return
    for family in (*AT_WORK, "review."):
        for clock in duties.running(incident.name, family):
            duties.stop(clock, actor=actor, at=at, replaced=True)
            origin = clock.started_at if family == "update." else _origin(incident, family)
            raised = incident.severity < before and family != "review."
            begin(incident, family, actor=actor, started_at=at if raised else origin)
    _rebase_holds(incident, before, actor=actor, at=at)
    if incident.status == "closed" and not duties.running(incident.name, "review."):
        begin(incident, "review.", actor=actor, started_at=_origin(incident, "review."))


def _rebase_holds(incident: Incident, before: int, *, actor: Actor, at: datetime) -> None:
    """A review that a playbook wants sooner than the rule stays that soon."""
    for clock in duties.running(incident.name, HOLDS):
        duties.stop(clock, actor=actor, at=at, replaced=True)
        duties.start(
            incident.name, f"{HOLDS}sev{incident.severity}", actor=actor, title=Text(**clock.title),
            started_at=at if incident.severity < before else clock.started_at,
            suffix=clock.rule.removeprefix(f"{HOLDS}sev{before}"), seconds=_own(clock, before, incident.severity),
        )  # fmt: skip


def _own(clock: Clock, before: int, now: int) -> int | None:
    """How long the clock runs in seconds, where that is less than the rules of both severities say."""
    lasts = round((clock.deadline - clock.started_at).total_seconds())
    said = [rules()[f"{HOLDS}sev{one}"].counting for one in (before, now)]
    return lasts if all(isinstance(one, Elapsed) and lasts < one.seconds for one in said) else None


def stop(incident: Incident, family: str, *, actor: Actor, at: datetime, replaced: bool = False) -> None:
    """The thing was done. `replaced`: it was not, but there is no more reason to wait for it."""
    for clock in duties.running(incident.name, family):
        duties.stop(clock, actor=actor, at=at, replaced=replaced)


def close(incident: Incident, *, actor: Actor, at: datetime) -> None:
    """The work is over: nothing is claimed to be met that was not done, and the review falls due."""
    stop(incident, "response.", actor=actor, at=at)
    for family in ("containment.", "update.", "step.", HOLDS):
        stop(incident, family, actor=actor, at=at, replaced=True)
    begin(incident, "review.", actor=actor, started_at=at)


def reopen(incident: Incident, *, actor: Actor) -> None:
    """The work goes on: people wait for news again, and the review can wait."""
    now = timezone.now()
    stop(incident, "review.", actor=actor, at=now, replaced=True)
    begin(incident, "update.", actor=actor, started_at=now)
    if incident.contained_at is None:
        begin(incident, "containment.", actor=actor, started_at=incident.declared_at)
