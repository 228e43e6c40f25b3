"""`action list | show | policy`: what Hikeshi can do to the world, read from the actions themselves."""

from __future__ import annotations

from typing import Annotated

import typer

from hikeshi.actions import ACTIONS
from hikeshi.actions.aws.policy import policy
from hikeshi.doors.actions import ActionDetail, detail, kind_of, line
from hikeshi.doors.cli.answer import Answer
from hikeshi.environment import read_environment


def list_actions(
    target: Annotated[str, typer.Option(help="Only what acts on this: instance, key, principal, bucket, ...")] = "",
) -> Answer:
    """All actions: what they do, how much they change, whether they can be undone."""
    rows = [line(name, kind) for name, kind in ACTIONS.items() if target in ("", kind.target)]
    return Answer(rows, columns=("name", "title", "target", "effect", "radius", "reversible"))


def show_action(name: str) -> ActionDetail:
    """One action: its inputs, the permissions it needs, and how to undo it without Hikeshi."""
    return detail(name)


def show_policy(
    names: Annotated[list[str], typer.Argument(help="Names of actions; see `hikeshi action list`.")],
    account: Annotated[str, typer.Option(help="The AWS account the policy is for.")],
    region: Annotated[str, typer.Option(help="A region, or * for all.")] = "*",
    bucket: Annotated[
        str, typer.Option(help="The evidence bucket; without it the storage permissions are left out.")
    ] = "",
) -> Answer:
    """The least-privilege IAM policy for the actions named, as JSON ready for AWS."""
    kinds = [kind_of(name) for name in names]
    document = policy(kinds, account=account, region=region, bucket=bucket or read_environment().evidence_bucket)
    return Answer(document, pretty=True)
