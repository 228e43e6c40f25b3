"""Starting a playbook: its text and those of the playbooks it runs in turn are pinned, and its steps become rows."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any, Final

import msgspec
from django.db import transaction
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.evidence import volatility
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.ledger import verbs as ledger
from hikeshi.desk.playbooks.reading import books
from hikeshi.desk.runs import rows
from hikeshi.desk.runs.gate import gives, needs
from hikeshi.desk.runs.models import Run, StandingOrder, Step
from hikeshi.desk.runs.releasing import release
from hikeshi.errors import Refused
from hikeshi.pace import part
from hikeshi.playbooks import flow
from hikeshi.playbooks.conditions import condition
from hikeshi.playbooks.facts import bind, told_by_alert, world
from hikeshi.playbooks.playbook import Playbook, StepSpec

DEEPEST: Final = 3
"""Playbooks within playbooks, the outermost counted."""


@part("playbook")
@transaction.atomic
def start(
    incident: Incident, playbook: Playbook, *, actor: Actor, facts: Mapping[str, Any],
    order: StandingOrder | None = None, again: bool = False, shelf: Mapping[str, Playbook] | None = None,
) -> Run:  # fmt: skip
    """Turn the playbook into steps, pinned to its present text and to that of the playbooks it runs, which are looked up on the `shelf`
    (by name; all that may be run, where it is left out).

    A fact that is missing is asked for when its step opens; with a standing order, where nobody is there to tell it, raises `Refused`.
    Raises `Refused` too where the incident has a run of this playbook already and `again` does not say that a second one is meant, and
    for playbooks that run each other in a circle or deeper than DEEPEST.
    """
    require_on(actor, "write", incident)
    with ledger.together(incident.name):
        if not again and incident.runs.filter(playbook=playbook.name, within=None).exists():
            raise Refused(
                f"{incident} has the playbook {playbook.name} already.",
                hint="Go on with that run; say that it is meant to be started once more where it really is.",
            )
        pinned = _parts(playbook, books() if shelf is None else shelf, 1)
        parts = {name: book.canonical.decode() for name, book in pinned.items()}
        known = {"incident.name": incident.name, "incident.severity": incident.severity, **facts}
        known |= told_by_alert(playbook, known)
        run = make(incident, playbook, playbook.canonical.decode(), parts, known, actor=actor, order=order)
        if wanted := [*_evidence_of(run, playbook), *volatility.of_alerts(incident)]:
            volatility.expect(incident, wanted, actor=actor)
        release(run, actor=actor)
    return run


def _parts(playbook: Playbook, shelf: Mapping[str, Playbook], depth: int) -> dict[str, Playbook]:
    """The playbooks that it runs, and those that they run. Raises `Refused` for one that is not there."""
    found: dict[str, Playbook] = {}
    for step in playbook.steps:
        if step.playbook is None:
            continue
        if depth >= DEEPEST:
            raise Refused(f"{playbook.name} runs {step.playbook}: more than {DEEPEST} playbooks within each other.")
        if step.playbook not in shelf:
            raise Refused(f"Step {step.key} of {playbook.name} runs {step.playbook}, which is not there.")
        found[step.playbook] = shelf[step.playbook]
        found |= _parts(shelf[step.playbook], shelf, depth + 1)
    return found


def make(
    incident: Incident, playbook: Playbook, text: str, parts: Mapping[str, str], facts: Mapping[str, Any], *, actor: Actor,
    order: StandingOrder | None = None, within: Step | None = None,
) -> Run:  # fmt: skip
    """The rows, and their line in the record. `text` is the playbook's canonical one. Called inside the verb that starts it.

    Nothing is open yet: `release` does that.
    """
    digest = hashlib.sha256(text.encode()).hexdigest()
    run = Run(
        incident=incident, playbook=playbook.name, version=playbook.version, digest=digest, parts=dict(parts),
        title=msgspec.to_builtins(playbook.title), text=text, facts=dict(facts), order=order,
        started_at=timezone.now(), within=within,
    )  # fmt: skip
    run.clean_fields(exclude=("incident", "order", "within"))  # rows that the caller has just read
    run.save()
    # The engine has checked what a playbook says, and its keys: no row has to be looked at one by one.
    Step.objects.bulk_create(_rows(run, playbook, "" if order or within else actor.name))
    data = {"version": playbook.version, "digest": digest, "order": order.name if order else ""}
    rows.write_run(run, actor, "run.start", data | ({"within": within.key} if within else {}))
    return run


def _rows(run: Run, playbook: Playbook, asked_by: str) -> Iterator[Step]:
    for place, spec in enumerate(playbook.steps, 1):
        yield Step(
            run=run, kind=spec.kind, key=spec.key, place=place, phase=spec.phase, title=msgspec.to_builtins(spec.title),
            text=msgspec.to_builtins(spec.text), role=spec.role, after=list(flow.waits_for(playbook, spec)), action=spec.action,
            inputs=_known_inputs(playbook, spec, run.facts, strictly=run.order is not None and run.within is None), requested_by=asked_by,
        )  # fmt: skip


def _known_inputs(playbook: Playbook, spec: StepSpec, facts: Mapping[str, Any], *, strictly: bool) -> dict[str, Any]:
    """The inputs as far as they are known at the start; they are bound again when the step opens.

    `strictly`: nobody is there to tell what is missing, so the run is refused where an action that is sure to be done lacks a fact.
    """
    if spec.for_each or not spec.action:
        return {}
    try:
        return bind(playbook, spec, facts)
    except Refused:
        if strictly and _sure(playbook, spec, facts):
            raise
        return {}


def _sure(playbook: Playbook, spec: StepSpec, facts: Mapping[str, Any]) -> bool:
    """Whether what is known at the start says that the step is done: a condition on what people do later leaves it open."""
    if not spec.when:
        return True
    when = condition(spec.when)
    return all(name.startswith(("alert.", "incident.")) for name in when.names) and when.holds(
        world(playbook, facts, {}, {})
    )


def _evidence_of(run: Run, playbook: Playbook) -> Iterator[volatility.Wanted]:
    """What the run will collect, and what its containments need whether anything collects it or not.

    A step whose target nobody has told yet adds nothing: its line is made when there is something to collect.
    """
    acting = any(spec.action for spec in playbook.steps)
    for step in run.steps.exclude(action="") if acting else ():
        given = gives(step)
        yield from (one for one in (*([given] if given else []), *needs(step)) if one[1])
