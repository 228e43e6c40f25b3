"""What a question is: something that has to be true for an action to work, asked by reading only.

A question answers yes, no, or unknown where it could not be found out: an unknown is no comfort at 3 a.m., and a guess is worse. Each answer
says what was found and, unless it is yes, what to do about it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, Protocol

import msgspec

from hikeshi.actions.action import Action
from hikeshi.actions.aws.policy import Role
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.text import Text

Verdict = Literal["yes", "no", "unknown"]
Kind = type[Action[Any]]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """One answer. `action` and `resource` are empty where it is about the account, or the region, as a whole."""

    answer: Verdict
    found: Text
    todo: Text | None = None
    question: str = ""
    region: str = ""
    action: str = ""
    resource: str = ""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """One account in one region, as the organisation has set it up. A role that is missing: the caller's own credentials are used."""

    account: str
    region: str
    partition: str = "aws"
    roles: Mapping[Role, str] = {}
    external_id: str = ""
    evidence_bucket: str = ""
    evidence_prefix: str = "hikeshi"
    evidence_key: str = ""
    queue_url: str = ""


class Enter(Protocol):
    """Gives a world of the account; without a role, one with the caller's own credentials. Raises `Failed` where it cannot be entered."""

    def __call__(self, place: Place, role: Role | None) -> AwsWorld: ...


class Ground(msgspec.Struct, frozen=True, kw_only=True):
    """Where a question is asked, and of which actions."""

    place: Place
    enter: Enter
    actions: tuple[Kind, ...]

    def world(self, role: Role = "read") -> AwsWorld:
        return self.enter(self.place, role)

    def own(self) -> AwsWorld:
        return self.enter(self.place, None)


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One question. `permissions` is what asking it takes; `regional` ones are asked in each region."""

    title: Text
    ask: Callable[[Ground], Iterable[Answer]]
    permissions: tuple[str, ...]
    regional: bool = True
    own: bool = False
    """Asked with our own credentials: it needs no way into the account."""
    needed_by: Callable[[Kind], bool] = lambda _kind: False
    """Which actions fail when the answer is no. None: alerts or the record suffer, and no action does."""


def using(*permissions: str) -> Callable[[Kind], bool]:
    """Actions that call one of these."""
    return lambda kind: not set(permissions).isdisjoint(kind.permissions)


def yes(en: str, ja: str, *, resource: str = "", action: str = "") -> Answer:
    return Answer(answer="yes", found=Text(en, ja), resource=resource, action=action)


def no(en: str, ja: str, *, todo: Text, resource: str = "", action: str = "") -> Answer:
    return Answer(answer="no", found=Text(en, ja), todo=todo, resource=resource, action=action)


def unknown(en: str, ja: str, *, todo: Text | None = None, resource: str = "", action: str = "") -> Answer:
    return Answer(answer="unknown", found=Text(en, ja), todo=todo, resource=resource, action=action)
