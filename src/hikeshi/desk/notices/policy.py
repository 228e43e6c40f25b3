"""How an urgent thing goes on and up until it is acknowledged: steps by severity, from a file of ours or the home folder's own."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Final

import msgspec
from django.conf import settings

from hikeshi import strict_yaml
from hikeshi.errors import Unreadable

OURS: Final = Path(__file__).with_name("policy.yaml")
NAME: Final = "escalation.yaml"
KEYS: Final = ("sev1", "sev2", "sev3", "sev4")

Minutes = Annotated[int, msgspec.Meta(ge=0, le=10_080)]
Level = Annotated[int, msgspec.Meta(ge=1, le=9)]


class Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Steps as (minutes after the beginning, level of the contact list); after the last one it is repeated every `repeat` minutes."""

    steps: Annotated[list[tuple[Minutes, Level]], msgspec.Meta(min_length=1, max_length=20)]
    repeat: Annotated[int, msgspec.Meta(ge=1, le=10_080)]

    def level(self, step: int) -> int:
        """The level that step number `step`, from 0, reaches."""
        return self.steps[min(step, len(self.steps) - 1)][1]

    @property
    def highest(self) -> int:
        """The last level that is reached at all."""
        return max(level for _, level in self.steps)

    def due(self, step: int, began: datetime, now: datetime) -> datetime:
        """When that step falls due. Steps that are written down are never left out; repeats that were missed are."""
        if step < len(self.steps):
            return began + timedelta(minutes=self.steps[step][0])
        last, every = began + timedelta(minutes=self.steps[-1][0]), timedelta(minutes=self.repeat)
        return max(last + (step - len(self.steps) + 1) * every, now + every if step > len(self.steps) else last + every)


def policy(severity: int) -> Policy:
    """The one in force. A file of the home folder with errors in it is left alone: the doctor says so, and people are still told."""
    home = settings.ENVIRONMENT.home / NAME
    try:
        return read(home, home.stat().st_mtime_ns)[severity]
    except (OSError, Unreadable):
        return read(OURS, 0)[severity]


@lru_cache(maxsize=4)
def read(path: Path, changed: int) -> dict[int, Policy]:
    """Raises `Unreadable` with file and line. `changed` is only there so that a changed file is read again."""
    del changed
    document = strict_yaml.read(path)
    if not isinstance(document.value, dict) or set(document.value) != set(KEYS):
        raise document.complaint(f"has to say what happens for each of {', '.join(KEYS)}")
    return {number: _policy(document, key) for number, key in enumerate(KEYS, 1)}


def _policy(document: strict_yaml.Document, key: str) -> Policy:
    try:
        found = msgspec.convert(document.value[key], Policy)
    except msgspec.ValidationError as problem:
        raise document.complaint(str(problem), (key,)) from problem
    minutes = [step[0] for step in found.steps]
    if minutes != sorted(set(minutes)):
        raise document.complaint("the steps are not in the order of their minutes", (key,))
    return found
