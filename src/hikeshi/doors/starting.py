"""Before a playbook starts: which one fits, which facts are known, and what would open at once. Nothing is written."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
from django.conf import settings
from typing_extensions import TypedDict  # pydantic asks for this one below Python 3.12

from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.playbooks.reading import propose
from hikeshi.desk.runs import answering
from hikeshi.errors import Refused
from hikeshi.playbooks import flow
from hikeshi.playbooks.conditions import condition
from hikeshi.playbooks.facts import FACTS, NUMBERS, bound_fact, checked, told_by_alert
from hikeshi.playbooks.playbook import FactSpec, Playbook, StepSpec

Both = dict[str, str]
"""One text in both languages: {en, ja}."""


class FactShape(TypedDict):
    """A fact that the playbook uses. `name` is its full one ("fact.key_id"); `value` is null while it is not known.

    `type`: text, number (whole), yes_no, list (of texts). `told`: it is told by people; else the alert and the incident say it.
    """

    name: str
    label: Both
    type: str
    value: Any
    told: bool


class MoveShape(TypedDict):
    """What becomes of one step at once: `to` is open, lacking or not_needed; `why` says why it does not open, `items` are its targets."""

    key: str
    title: Both
    kind: str
    role: str
    action: str
    to: str
    why: Both | None
    items: list[str]


class LookShape(TypedDict):
    """What starting would do first. `later` counts the steps that would wait for these."""

    playbook: str
    version: int
    digest: str
    title: Both
    entry: list[Both]
    facts: list[FactShape]
    first: list[MoveShape]
    later: int


def proposed(incident: Incident) -> Playbook | None:
    """The playbook that answers the incident's alerts, the first alert first; None where none says that it does."""
    kinds = incident.alerts.order_by("pk").values_list("kind", flat=True)
    return next((book for kind in kinds if (book := propose(kind)) is not None), None)


def known(incident: Incident, book: Playbook, given: Mapping[str, object]) -> dict[str, Any]:
    """What the run would start with: what the alert says, and what was given ("fact.key_id", "key_id" or "alert.bucket"), in its type.

    Raises `Refused` for a name that is no fact of the playbook, and for a value that does not fit.
    """
    told = dict(_told(book, name, value) for name, value in given.items())
    found = _of_alert(incident) | told
    return {**found, **told_by_alert(book, found)}


def _of_alert(incident: Incident) -> dict[str, Any]:
    """What the incident's first alert says; without one, the incident and the region of the installation."""
    first = incident.alerts.order_by("pk").first()
    bare = {"incident.name": incident.name, "alert.region": settings.ENVIRONMENT.aws_region}
    return answering.facts_of(first, incident) if first else bare


def _told(book: Playbook, name: str, value: object) -> tuple[str, Any]:
    short = name.removeprefix("fact.")
    if short in book.facts:
        return f"fact.{short}", checked(book.facts[short], short, value)
    if name in FACTS:
        return name, checked(_spec(name), name, value)
    names = ", ".join((*book.facts, *FACTS))
    raise Refused(f"{name[:80]!r} is no fact of {book.name}.", hint=f"Facts are {names}.")


def _spec(name: str) -> FactSpec:
    return FactSpec(label=FACTS[name], type="number" if name in NUMBERS else "text")


def questions(book: Playbook, facts: Mapping[str, Any]) -> list[FactShape]:
    """The facts that the playbook declares, then those of the alert that its steps name."""
    specs = {f"fact.{name}": spec for name, spec in book.facts.items()}
    specs |= {name: _spec(name) for name in dict.fromkeys(_used(book)) if name in FACTS}
    return [
        {"name": name, "label": msgspec.to_builtins(spec.label), "type": spec.type, "value": facts.get(name), "told": name.startswith("fact.")}
        for name, spec in specs.items()
    ]  # fmt: skip


def _used(book: Playbook) -> Iterator[str]:
    for step in book.steps:
        yield from (bound_fact(value) or "" for value in (*step.inputs.values(), step.for_each))
        for text in (step.when, step.wait.until if step.wait else None):
            yield from sorted(condition(text).names) if text else ()


def look(book: Playbook, facts: Mapping[str, Any]) -> LookShape:
    """What would open at once with these facts, and what would not, with the reason."""
    moves = flow.moves(book, {}, {}, facts)
    return {
        "playbook": book.name, "version": book.version, "digest": book.digest, "title": msgspec.to_builtins(book.title),
        "entry": [msgspec.to_builtins(text) for text in book.entry], "facts": questions(book, facts),
        "first": [_move(book.step(move.key), move) for move in moves], "later": len(book.steps) - len(moves),
    }  # fmt: skip


def _move(step: StepSpec, move: flow.Move) -> MoveShape:
    return {
        "key": step.key, "title": msgspec.to_builtins(step.title), "kind": step.kind, "role": step.role, "action": step.action,
        "to": move.to, "why": msgspec.to_builtins(move.why) if move.why else None, "items": list(move.items),
    }  # fmt: skip
