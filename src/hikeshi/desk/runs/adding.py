"""Work that no playbook foresaw: a step of the incident all the same. An action is planned, approved, recorded and undone like any other."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Max
from django.utils import timezone

from hikeshi.actions import ACTIONS, action as build_action
from hikeshi.actions.action import inputs_of
from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence import volatility
from hikeshi.desk.incidents import verbs as incidents
from hikeshi.desk.incidents.models import DUTIES, Incident
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.runs import rows
from hikeshi.desk.runs.again import go_on
from hikeshi.desk.runs.due import start_clock
from hikeshi.desk.runs.gate import gives, needs
from hikeshi.desk.runs.models import Run, Step
from hikeshi.desk.runs.pinned import BY_HAND
from hikeshi.desk.runs.releasing import release
from hikeshi.errors import Refused

LONGEST_TITLE: Final = 200
LONGEST_TEXT: Final = 20_000
TITLE: Final = {"en": "Added by hand", "ja": "手動で追加"}
PHASE_OF: Final = {
    "look": "detection_analysis", "collect": "containment", "contain": "containment", "destroy": "eradication",
}  # fmt: skip


@transaction.atomic
def add(
    incident: Incident, name: str, inputs: Mapping[str, Any], *, actor: Actor, reason: str,
    account: str = "", region: str = "",
) -> Step:  # fmt: skip
    """Put one action among the incident's steps; a worker plans it at once. What it changes is asked for as ever.

    Without `account` and `region` they are those of the incident's first alert. Raises `Refused` for an unknown action, a
    wrong input, a missing reason, and where nobody knows the account.
    """
    require_on(actor, "write", incident)
    if not reason.strip():
        raise Refused("An action added by hand needs a reason.", hint="Say in one sentence what it is for.")
    made = build_action(name, inputs)
    kind, run = ACTIONS[name], _run(incident, where(incident, account, region))
    place = _place(run)
    step = Step(
        run=run, kind="action", key=f"A{place}", place=place, phase=PHASE_OF[kind.effect],
        title={"en": kind.title.en, "ja": kind.title.ja}, text={"en": reason.strip(), "ja": reason.strip()}, role="responder",
        action=name, inputs=inputs_of(made), state="planning", due_at=timezone.now(), requested_by=actor.name,
    )  # fmt: skip
    step.full_clean()
    step.save()
    ledger.append(
        incident.name, actor=actor, verb="step.add", obj=f"step {step.key}",
        data={"action": name, "inputs": step.inputs, "account": account, "reason": reason.strip()},
    )  # fmt: skip
    given = gives(step)
    volatility.expect(incident, [*([given] if given else []), *needs(step)], actor=actor)
    incidents.enter_phase(incident, step.phase, actor=actor)
    return step


@transaction.atomic
def add_manual(
    incident: Incident, title: str, text: str = "", *, actor: Actor, run: Run | None = None, role: str = "responder",
    phase: str = "detection_analysis", after: Collection[str] = (), due: datetime | None = None,
) -> Step:  # fmt: skip
    """Put a step for people among those of `run`, or of the incident's added ones, told in one language and shown in both.

    It opens once the steps of that run with the keys in `after` are over, however they ended. `due` is when it should be done. A run that
    had ended goes on. Raises `Refused` for an empty title, an unknown key, role or phase, and a time that is past.
    """
    require_on(actor, "write", incident)
    now, said = timezone.now(), {"title": title.strip(), "text": text.strip()}
    if not said["title"] or len(said["title"]) > LONGEST_TITLE or len(said["text"]) > LONGEST_TEXT:
        raise Refused(
            f"The step needs a title of at most {LONGEST_TITLE} characters.", hint="Details go into its text."
        )
    if due is not None and due <= now:
        raise Refused("It would be due in the past.", hint="Name a time to come.")
    rows.hold(incident.name)
    row = rows.fresh_run(run or _run(incident, {"incident.name": incident.name}), "running", "paused", "ended")
    keys = list(dict.fromkeys(after))
    if strange := [key for key in keys if not row.steps.filter(key=key).exists()]:
        raise Refused(f"The run has no step {strange[0]}.", hint="Name steps by their keys, such as 2.1.")
    place = _place(row)
    step = Step(
        run=row, kind="manual", key=f"M{place}", place=place, phase=phase, role=role, after=keys, requested_by=actor.name,
        title=dict.fromkeys(("en", "ja"), said["title"]), text=dict.fromkeys(("en", "ja"), said["text"] or said["title"]),
    )  # fmt: skip
    if role not in dict(DUTIES):
        raise Refused(f"{role!r} is not a role.", hint=f"Use one of: {', '.join(dict(DUTIES))}.")
    _valid(step)
    step.save()
    rows.write(
        step, actor, "step.add_manual", {**said, "role": role, "after": keys, "due": due.isoformat() if due else ""}
    )
    if due is not None:
        start_clock(step, now, max(1, round((due - now).total_seconds())), actor=actor)
    go_on(row)
    release(row, actor=actor)
    step.refresh_from_db()
    return step


def _valid(step: Step) -> None:
    try:
        step.full_clean()
    except ValidationError as problem:
        raise Refused("; ".join(problem.messages), hint="Look at the role and the phase.") from None


def _place(run: Run) -> int:
    return (run.steps.aggregate(last=Max("place"))["last"] or 0) + 1


def where(incident: Incident, account: str, region: str) -> dict[str, str]:
    """The facts that say in which account and region; those of the incident's first alert where they are not named.

    Raises `Refused` where nobody knows the account.
    """
    alert = incident.alerts.exclude(account="").first()
    facts = {
        "alert.account": account or (alert.account if alert else ""),
        "alert.region": region or (alert.region if alert else "") or settings.ENVIRONMENT.aws_region,
        "incident.name": incident.name,
    }  # fmt: skip
    if not facts["alert.account"]:
        raise Refused("Nobody knows which account is meant.", hint="Name it: no alert of the incident says so.")
    return facts


def _run(incident: Incident, facts: dict[str, str]) -> Run:
    """The incident's run of added steps in this account and region."""
    for run in incident.runs.filter(playbook=BY_HAND):
        if run.facts == facts:
            return run
    run = Run(
        incident=incident, playbook=BY_HAND, version=1, digest="-", title=TITLE, text="{}", facts=facts,
        started_at=timezone.now(),
    )  # fmt: skip
    run.full_clean()
    run.save()
    return run
