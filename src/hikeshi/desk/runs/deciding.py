"""A decision of a playbook: a person chooses one of the options that are written down, and what follows looks at the choice."""

from __future__ import annotations

from collections.abc import Mapping

from django.db import transaction

from hikeshi.desk.actor import Actor
from hikeshi.desk.incidents.verbs import require_on
from hikeshi.desk.runs import telling
from hikeshi.desk.runs.by_hand import end_by_hand, note_of
from hikeshi.desk.runs.models import Step
from hikeshi.desk.runs.pinned import spec_of
from hikeshi.desk.runs.rows import fresh
from hikeshi.errors import Refused
from hikeshi.playbooks.playbook import Option


def options_of(step: Step) -> tuple[Option, ...]:
    """What can be chosen; empty for a step that is no decision."""
    spec = spec_of(step)
    return spec.options if spec else ()


@transaction.atomic
def decide(
    step: Step, value: str, *, actor: Actor, note: str = "", facts: Mapping[str, object] | None = None
) -> None:  # fmt: skip
    """Take the open decision: `value` is that of one of `options_of(step)`, `note` says why. `facts` as in `finish_by_hand`.

    Raises `Refused` for an option that is not there, and `Conflict` where it has been decided meanwhile.
    """
    require_on(actor, "write", step.run.incident)
    row = fresh(step, "open")
    options = {one.value: one for one in options_of(row)}
    if value not in options:
        raise Refused(f"{value!r} is no option of step {row.key}.", hint=f"Options: {', '.join(options) or 'none'}.")
    said, chosen = note_of(note), options[value].label
    telling.tell_with(row, facts or {}, actor=actor)
    row.choice = value
    end_by_hand(
        row, "done", f"{chosen.en}. {said}".strip(), f"{chosen.ja}。{said}", actor=actor, verb="step.decide",
        data={"choice": value, "en": chosen.en, "ja": chosen.ja, "note": said},
    )  # fmt: skip
