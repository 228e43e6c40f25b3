"""What the four roles of an account may do, as managed policies: from what the actions declare, cut into the pieces IAM takes.

IAM quotas: 6144 characters in a managed policy (white space not counted), 10 of them on a role unless raised.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from hikeshi.actions.action import Action
from hikeshi.actions.aws.policy import VERSION, Role, looks_only, role_of, statements
from hikeshi.actions.aws.preflight import PERMISSIONS
from hikeshi.errors import Refused

CHARACTERS: Final = 6144
MOST_POLICIES: Final = 10
SPARE: Final = 300
"""Characters left free: a name that is put in later can be longer than what stands for it."""

OWN: Final = frozenset({"sts:AssumeRole", "sts:GetCallerIdentity"})
"""Asked with Hikeshi's own credentials, not in a role; everybody may ask who they are."""


def permissions_of(role: Role, kinds: Iterable[type[Action[Any]]]) -> list[str]:
    """Every permission of the actions done in this role; the role that reads does so for all of them, and asks the preflight's questions.

    All actions of an account read in one session (`desk.runs.worlds`), so that they can read together.
    """
    kinds = list(kinds)
    mine = {permission for kind in kinds if role_of(kind) == role for permission in kind.permissions}
    if role != "read":
        return sorted(mine)
    looks = {name for kind in kinds for name in kind.permissions if looks_only(name)}
    return sorted(mine | looks | (set(PERMISSIONS) - OWN))


def documents(role: Role, kinds: Iterable[type[Action[Any]]], names: Mapping[str, str]) -> list[dict[str, Any]]:
    """The role's managed policies as plain JSON, at most 10. Raises `Refused` where they do not fit."""
    packed: list[list[dict[str, Any]]] = [[]]
    for statement in _small(statements(permissions_of(role, kinds), names)):
        if size([*packed[-1], statement]) > CHARACTERS - SPARE:
            packed.append([])
        packed[-1].append(statement)
    if len(packed) > MOST_POLICIES:
        raise Refused(
            f"The {role} role would need {len(packed)} managed policies; IAM takes {MOST_POLICIES}.",
            hint="Ask AWS for a higher quota, or leave actions out.",
        )
    return [{"Version": VERSION, "Statement": each} for each in packed if each]


def size(listed: Sequence[Mapping[str, Any]]) -> int:
    """Characters as IAM counts them."""
    return len(json.dumps({"Version": VERSION, "Statement": list(listed)}, separators=(",", ":")))


def _small(listed: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """A statement with very many permissions, in several of at most 80."""
    for statement in listed:
        actions = statement["Action"]
        for number, start in enumerate(range(0, len(actions), 80)):
            part = {**statement, "Action": actions[start : start + 80]}
            yield part if number == 0 else {**part, "Sid": f"{statement['Sid']}Part{number + 1}"}
