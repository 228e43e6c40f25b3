"""What came of playing a playbook once: every move in order, and where it was not as expected."""

from __future__ import annotations

from typing import Any

import msgspec

from hikeshi.text import Text


class Beat(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One move of one step. `at` is seconds of the played clock since the start of the run; `key` as in the run: "2.1", "2.1/2" for the
    second target, "3.2>1.1" for a step of the playbook within step 3.2.
    """

    at: int
    key: str
    was: str
    now: str
    why: Text | None = None
    calls: tuple[str, ...] = ()
    """Changing calls that were sent, such as "ec2:CreateTags"."""


class Mismatch(msgspec.Struct, frozen=True, kw_only=True):
    """One expectation that was not met. `step` is empty where it is about the account as a whole."""

    step: str
    expected: str
    found: str
    what: Text


class Trace(msgspec.Struct, frozen=True, kw_only=True):
    """One way through one version of a playbook. `derived`: worked out by us, not written in the file."""

    playbook: str
    version: int
    way: str
    derived: bool
    beats: tuple[Beat, ...]
    states: dict[str, str]
    choices: dict[str, str]
    mismatches: tuple[Mismatch, ...] = ()
    notes: tuple[Text, ...] = ()
    seconds: int = 0
    """How long it took on the played clock."""

    @property
    def passed(self) -> bool:
        return not self.mismatches

    @property
    def plain(self) -> dict[str, Any]:
        found: dict[str, Any] = msgspec.to_builtins(self)
        return found | {"passed": self.passed}
