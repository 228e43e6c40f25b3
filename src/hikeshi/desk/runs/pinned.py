"""The playbook that a run is pinned to: read from the run itself, never from the library, which may have changed since."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Final

import msgspec

from hikeshi.desk.runs.models import Run, Step
from hikeshi.errors import Refused
from hikeshi.playbooks.playbook import Playbook, StepSpec

BY_HAND = "by-hand"
"""The name that a run of added steps has instead of a playbook's."""


def playbook_of(run: Run) -> Playbook | None:
    """What the run goes by; None for steps that were added by hand."""
    return None if run.playbook == BY_HAND else _read(run.digest, lambda: run.text)


def spec_of(step: Step) -> StepSpec | None:
    """The step as its playbook has it; None for one that was added by hand."""
    book = playbook_of(step.run)
    key = step.key.partition("/")[0]  # "2.3/1" is the first target of 2.3
    return next((spec for spec in book.steps if spec.key == key), None) if book else None


def part_of(run: Run, name: str) -> Playbook:
    """A playbook that the run's runs in turn, as it was when the outermost one started. Raises `Refused` for one that is not pinned."""
    if name not in run.parts:
        raise Refused(f"{run} has no playbook {name} within.", hint="It was started before that step was written.")
    text = str(run.parts[name])
    return _read(hashlib.sha256(text.encode()).hexdigest(), lambda: text)


_READ: Final[dict[str, Playbook]] = {}
"""By digest, so that the text of a run need not be asked for again and again."""
MOST_READ: Final = 256


def _read(digest: str, text: Callable[[], str]) -> Playbook:
    """Raises `Refused` where the text is not the one of this digest."""
    if digest not in _READ:
        pinned = text()
        if hashlib.sha256(pinned.encode()).hexdigest() != digest:
            raise Refused("The pinned playbook is not the one that was started.", hint="Verify the ledger.")
        while len(_READ) >= MOST_READ:
            _READ.pop(next(iter(_READ)), None)
        _READ[digest] = msgspec.json.decode(pinned, type=Playbook)
    return _READ[digest]
