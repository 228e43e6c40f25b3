"""Nothing stays contained because it was forgotten: by a time that hangs on the severity somebody says that it stays, or has it undone.

A clock for each containment that stands (`clocks/rules/hold.yaml`). It ends when the step is undone or the incident is closed.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db import transaction
from django.utils import timezone

from hikeshi.clocks.rule import Elapsed, rules
from hikeshi.desk.actor import Actor
from hikeshi.desk.duties import verbs as duties
from hikeshi.desk.duties.models import Clock
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.runs.models import Step, Watch
from hikeshi.desk.runs.pinned import spec_of
from hikeshi.desk.runs.rows import fresh, reason_of, write
from hikeshi.errors import Refused
from hikeshi.text import Text

FAMILY: Final = "hold."
OVER: Final = frozenset({"closed", "merged"})


def _suffix(step: Step) -> str:
    return f".{step.run_id}:{step.key}"


def _clocks(step: Step) -> list[Clock]:
    return duties.running(step.run.incident.name, FAMILY, _suffix(step))


def begin(step: Step, *, actor: Actor) -> None:
    """Its review is due in the time of the incident's severity, or of its playbook where that is shorter, from now.

    Does nothing where one is due already, or the incident is over.
    """
    incident = step.run.incident
    if incident.status not in OVER and not _clocks(step):
        duties.start(
            incident.name, f"{FAMILY}sev{incident.severity}", actor=actor, started_at=timezone.now(), suffix=_suffix(step),
            seconds=_shorter(step, f"{FAMILY}sev{incident.severity}"),
            title=Text(f"Review of the containment: step {step.key} {step.title['en']}", f"封じ込めの見直し: ステップ {step.key} {step.title['ja']}"),
        )  # fmt: skip


def _shorter(step: Step, rule: str) -> int | None:
    """The playbook's own limit (`keep_for`) in seconds, where it ends before the rule's; None where the rule's counts."""
    spec, counting = spec_of(step), rules()[rule].counting
    own = spec.keep_for if spec else None
    return own if own is not None and isinstance(counting, Elapsed) and own < counting.seconds else None


def end(step: Step, *, actor: Actor) -> None:
    """It was reviewed, or is undone. Called inside that verb."""
    for clock in _clocks(step):
        duties.stop(clock, actor=actor, at=timezone.now())


@transaction.atomic
def keep(step: Step, *, actor: Actor, reason: str) -> Watch:
    """Somebody who commands has looked and says that it stays contained. The next review is due as long from now."""
    require_on(actor, "command", step.run.incident)
    why = reason_of(reason, "Keeping something contained")
    row = fresh(step, "done")
    found = Watch.objects.filter(step=row).first()
    if found is None:
        raise Refused(f"Step {row.key} contains nothing now.", hint="`hikeshi contain watch` lists what is contained.")
    if row.run.incident.status in OVER:
        raise Refused(f"{row.run.incident} is {row.run.incident.status}.", hint="Reopen it, or undo the step.")
    end(row, actor=actor)
    begin(row, actor=actor)
    write(row, actor, "step.keep", {"reason": why, "state": found.state, "deadline": due(row).isoformat()})
    return found


def due(step: Step) -> datetime:
    """When a containment that stands is reviewed next. Raises `Refused` where no review is due."""
    for clock in _clocks(step):
        return clock.deadline
    raise Refused(f"No review of step {step.key} is due.", hint="Look whether the incident is over.")


def reviews(incidents: Iterable[Incident]) -> dict[str, datetime]:
    """When each containment of these is reviewed, by "RUN:KEY" of its step. One question, whatever their number."""
    names = {incident.name for incident in incidents}
    rows = Clock.objects.filter(chain__name__in=names, rule__startswith=FAMILY, stopped_at=None)
    return {rule.split(".", 2)[2]: deadline for rule, deadline in rows.values_list("rule", "deadline")}
