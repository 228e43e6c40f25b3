"""Small playbooks for tests, and a worker that carries what is due."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import msgspec
from django.utils import timezone

from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.queue import claim
from hikeshi.desk.runs import starting
from hikeshi.desk.runs.models import Run, Step
from hikeshi.desk.runs.perform import perform
from hikeshi.playbooks.playbook import Playbook

T = {"en": "x", "ja": "あ"}
OPTIONS = [
    {"value": "yes", "label": {"en": "Yes", "ja": "はい"}},
    {"value": "no", "label": {"en": "No", "ja": "いいえ"}},
]
FACTS = {
    "count": {"label": T, "type": "number"}, "hosts": {"label": T, "type": "list"}, "key_id": {"label": T},
}  # fmt: skip


def step(key: str, kind: str = "manual", **fields: Any) -> dict[str, Any]:
    """One step as its file would have it."""
    own: dict[str, dict[str, Any]] = {
        "decision": {"options": OPTIONS}, "evidence": {"collects": ["memory"], "effect": "collect"},
        "wait": {"wait": {"seconds": 1}}, "notify": {"message": {"to": ["responder"], "subject": T, "body": T}},
    }  # fmt: skip
    bare = {"key": key, "kind": kind, "phase": "containment", "title": T, "text": T, "role": "responder"}
    return bare | own.get(kind, {}) | fields


def book(*steps: dict[str, Any], name: str = "played", **fields: Any) -> Playbook:
    """A playbook of these steps."""
    whole = {"name": name, "version": 1, "title": T, "severity": "SEV-2", "summary": T, "facts": FACTS, "steps": steps}
    return msgspec.convert(whole | fields, Playbook)


def play(
    incident: Incident, *steps: dict[str, Any], actor: Actor, parts: tuple[Playbook, ...] = (), **facts: Any
) -> Run:
    """A run of such a playbook. `facts` are declared ones."""
    told = {f"fact.{name}": value for name, value in facts.items()}
    shelf = {one.name: one for one in parts}
    return starting.start(incident, book(*steps), actor=actor, facts=told, shelf=shelf, again=True)


def work(actor: Actor, *, ahead: float = 0, worker: str = "w") -> int:
    """Do what is due, or will be within `ahead` seconds, as a worker does. Returns how often something was claimed."""
    for count in range(200):
        row = claim(Step.objects.all(), worker=worker, now=timezone.now() + timedelta(seconds=ahead), seconds=30)
        if row is None:
            return count
        perform(row, worker=worker, actor=actor)
    raise AssertionError("there is no end to the work")


def at(run: Run, key: str) -> Step:
    """The step with this key, as it is now."""
    return Step.objects.select_related("run__incident").get(run=run, key=key)


def states(run: Run) -> dict[str, str]:
    """The states of all steps now, by key."""
    return dict(run.steps.values_list("key", "state"))
