"""Whom a snapshot or an image is shared with, in one form for both: EC2 tells and takes it as a list of permissions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

from hikeshi.actions.aws.world import AwsWorld
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

SHARED: Final = "shared with"

NOBODY: Final = Text(en="Nobody but the owner may use it from now on.", ja="今後は所有者以外は使えないようにします。")
LEFT: Final = (
    Text(
        en="Whoever has copied it or made volumes or instances from it keeps those.",
        ja="すでに作られたコピー、ボリューム、インスタンスは相手側に残ります。",
    ),
)


def permissions(told: Iterable[Mapping[str, str]]) -> list[dict[str, str]]:
    """Sorted: their order means nothing to EC2."""
    return sorted(({str(k): str(v) for k, v in one.items()} for one in told), key=lambda one: sorted(one.items()))


def change(now: list[dict[str, str]], new: list[dict[str, str]]) -> dict[str, list[dict[str, str]]]:
    """What to add and what to remove."""
    add, remove = [one for one in new if one not in now], [one for one in now if one not in new]
    return {**({"Add": add} if add else {}), **({"Remove": remove} if remove else {})}


def attribute(world: AwsWorld, operation: str, missing: str, what: str, **params: Any) -> dict[str, Any]:
    """Read an attribute; `missing` is how the error codes begin that mean there is no such thing. Raises `Refused` then."""
    try:
        return world.read("ec2", operation, **params)
    except CallFailed as failure:
        if not failure.code.startswith(missing):
            raise
        hint = "Check the account, the region and the id; only the owner can see whom it is shared with."
        raise Refused(f"There is no {what} in {world.account} {world.region}.", hint=hint) from None


def shared_text(whom: Iterable[str]) -> Text:
    """Whom it is shared with now, for the plan."""
    names = ", ".join(whom) or "-"
    return Text(en=f"Shared at present with: {names}.", ja=f"現在の共有先: {names}。")
