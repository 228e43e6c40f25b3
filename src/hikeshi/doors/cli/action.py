"""`action list | show | policy`: what Hikeshi can do to the world, read from the actions themselves."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import typer

from hikeshi.actions import ACTIONS
from hikeshi.actions.action import Action
from hikeshi.actions.aws.policy import policy
from hikeshi.doors.cli.answer import Answer
from hikeshi.environment import read_environment
from hikeshi.errors import Refused


def _kind(name: str) -> type[Action[Any]]:
    if name not in ACTIONS:
        raise Refused(f"There is no action called {name!r}.", hint=f"Known actions: {', '.join(ACTIONS)}.")
    return ACTIONS[name]


def _line(name: str, kind: type[Action[Any]]) -> dict[str, Any]:
    title = msgspec.to_builtins(kind.title)
    return {
        "name": name,
        "title": title,
        "effect": kind.effect,
        "reversible": kind.reversible,
        "provider": kind.provider,
    }


def list_actions() -> Answer:
    """All actions: what they do, how much they change, whether they can be undone."""
    rows = [_line(name, kind) for name, kind in ACTIONS.items()]
    return Answer(rows, columns=("name", "title", "effect", "reversible"))


def show_action(name: str) -> dict[str, Any]:
    """One action: its inputs, the permissions it needs, and how to undo it without Hikeshi."""
    kind = _kind(name)
    inputs = [
        {"name": field.name, "kind": _type(field.type), "value": "" if field.required else str(field.default)}
        for field in msgspec.structs.fields(kind)
    ]
    return _line(name, kind) | {
        "what": msgspec.to_builtins(kind.what),
        "by_hand": msgspec.to_builtins(kind.by_hand),
        "needs_evidence": list(kind.needs_evidence),
        "permissions": list(kind.permissions),
        "inputs": inputs,
    }


def _type(kind: Any) -> str:
    return getattr(kind, "__name__", str(kind))


def show_policy(
    names: Annotated[list[str], typer.Argument(help="Names of actions; see `hikeshi action list`.")],
    account: Annotated[str, typer.Option(help="The AWS account the policy is for.")],
    region: Annotated[str, typer.Option(help="A region, or * for all.")] = "*",
    bucket: Annotated[
        str, typer.Option(help="The evidence bucket; without it the storage permissions are left out.")
    ] = "",
) -> Answer:
    """The least-privilege IAM policy for the actions named, as JSON ready for AWS."""
    kinds = [_kind(name) for name in names]
    document = policy(kinds, account=account, region=region, bucket=bucket or read_environment().evidence_bucket)
    return Answer(document, pretty=True)
