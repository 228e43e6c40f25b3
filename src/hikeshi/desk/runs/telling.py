"""Facts that people tell while a playbook runs, each in its declared type.

A fact that is told anew replaces the one before; both are in the record, and steps that have opened keep what they were filled in with.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.db import transaction
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.runs.models import Run, Step
from hikeshi.desk.runs.pinned import playbook_of, spec_of
from hikeshi.desk.runs.releasing import release
from hikeshi.desk.runs.rows import fresh_run, write_run
from hikeshi.errors import Refused
from hikeshi.playbooks.conditions import condition
from hikeshi.playbooks.facts import FACTS, NUMBERS, bound_fact, checked
from hikeshi.playbooks.playbook import FactSpec, Playbook, StepSpec
from hikeshi.text import Text


class Known(NamedTuple):
    """One fact of a run. `value` is None while nobody has told it; `wanted_by` are keys of steps that it is asked for by, or that name it."""

    name: str
    label: Text
    type: str
    value: Any
    wanted_by: tuple[str, ...]
    given: bool
    """It came with the alert or the incident and cannot be told by people."""


def facts_of_run(run: Run) -> list[Known]:
    """The declared facts of the run's playbook in its order, then those of the alert that its steps name."""
    book = playbook_of(run)
    if book is None:
        return []
    wanted = _wanted(book)
    own = {f"fact.{name}": (spec.label, str(spec.type)) for name, spec in book.facts.items()}
    alert = {name: (FACTS[name], "number" if name in NUMBERS else "text") for name in FACTS if name in wanted}
    return [
        Known(name, label, kind, run.facts.get(name), wanted.get(name, ()), name in alert and name in run.facts)
        for name, (label, kind) in {**own, **alert}.items()
    ]


def _wanted(book: Playbook) -> dict[str, tuple[str, ...]]:
    found: dict[str, tuple[str, ...]] = {}
    for step in book.steps:
        for name in dict.fromkeys(_names(step)):
            found[name] = (*found.get(name, ()), step.key)
    return found


def _names(step: StepSpec) -> list[str]:
    named = [bound_fact(value) for value in (*step.inputs.values(), step.for_each)]
    until = step.wait.until if step.wait else None
    seen = [name for text in (step.when, until) if text for name in sorted(condition(text).names)]
    return [f"fact.{name}" for name in step.asks] + [name for name in (*named, *seen) if name]


@transaction.atomic
def tell(run: Run, told: Mapping[str, object], *, actor: Actor) -> dict[str, Any]:
    """Tell facts: by full name ("fact.key_id", "alert.bucket") or a declared one by its own ("key_id"). Steps that lacked one go on.

    Returns them in their types. Of the alert's facts only those can be told that the alert did not say. Raises `Refused` for a name that
    is not there, a value of the wrong type, nothing told, and for a run that has ended.
    """
    require_on(actor, "write", run.incident)
    row = fresh_run(run, "running", "paused")
    if not told:
        raise Refused("No fact was told.", hint="Name one, such as key_id=AKIA...")
    found = _tell(row, told, actor)
    release(row, actor=actor)
    run.facts = row.facts
    return found


def tell_with(step: Step, told: Mapping[str, object], *, actor: Actor) -> None:
    """The facts told by whoever ends a step, inside that verb. Raises `Refused` where one that the step asks for is not known by then."""
    if told:
        row = fresh_run(step.run, "running", "paused")
        _tell(row, told, actor)
        step.run = row
    spec = spec_of(step)
    missing = [name for name in (spec.asks if spec else ()) if f"fact.{name}" not in step.run.facts]
    if missing:
        raise Refused(f"Step {step.key} asks for {', '.join(missing)}.", hint="Tell it together with the step.")


def _tell(row: Run, told: Mapping[str, object], actor: Actor) -> dict[str, Any]:
    book = playbook_of(row)
    if book is None:
        raise Refused("Steps added by hand have no facts.", hint="Facts belong to a playbook.")
    found = dict(_checked(book, row, name, value) for name, value in told.items())
    was = {name: row.facts[name] for name in found if name in row.facts}
    row.facts = {**row.facts, **found}
    row.save(update_fields=["facts"])
    # A wait may look whether it is over.
    row.steps.filter(kind="wait", state="running", due_at__isnull=False).update(due_at=timezone.now())
    write_run(row, actor, "fact.tell", {"told": found, "was": was, "facts": said(found)})
    return found


def said(facts: Mapping[str, Any]) -> str:
    """Facts in one line, for people."""
    return ", ".join(
        f"{name}={', '.join(value) if isinstance(value, list) else value}" for name, value in facts.items()
    )


def _checked(book: Playbook, run: Run, name: str, value: object) -> tuple[str, Any]:
    short = name.removeprefix("fact.")
    if short in book.facts:
        return f"fact.{short}", checked(book.facts[short], short, value)
    if name not in FACTS or name.startswith("incident."):
        can = [*book.facts, *(one for one in FACTS if one.startswith("alert.") and one not in run.facts)]
        raise Refused(f"{name} is no fact that can be told here.", hint=f"Facts: {', '.join(can)}.")
    if name in run.facts and run.facts[name] != value:
        raise Refused(f"{name} is known from the alert.", hint="What an alert said is not corrected here.")
    return name, checked(FactSpec(label=FACTS[name]), name, value)
