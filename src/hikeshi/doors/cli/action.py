"""`action list | show | policy`: what Hikeshi can do to the world, read from the actions themselves."""

from __future__ import annotations

from typing import Annotated, Final

import typer

from hikeshi.actions import ACTIONS
from hikeshi.actions.aws.policy import Role, names_of, policy
from hikeshi.actions.aws.role_policies import documents
from hikeshi.doors.actions import ActionDetail, detail, kind_of, line
from hikeshi.doors.cli.answer import Answer
from hikeshi.doors.cli.options import WrongUsage
from hikeshi.environment import read_environment

ROLES: Final[dict[str, Role]] = {"acquire": "acquire", "contain": "contain", "eradicate": "eradicate", "read": "read"}


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
    account: Annotated[str, typer.Option(help="The AWS account the policy is for.")],
    names: Annotated[list[str] | None, typer.Argument(help="Names of actions; see `hikeshi action list`.")] = None,
    role: Annotated[str, typer.Option(help="All actions of a role instead: read, acquire, contain or eradicate.")] = "",
    region: Annotated[str, typer.Option(help="A region, or * for all.")] = "*",
    bucket: Annotated[
        str, typer.Option(help="The evidence bucket; without it the permissions on it are left out.")
    ] = "",
) -> Answer:
    """The least-privilege IAM policy for the actions named, as JSON ready for AWS; for a role a list of policies, as IAM limits each."""
    bucket = bucket or read_environment().evidence_bucket
    if bool(names) == bool(role):
        raise WrongUsage("Name actions, or one role.", hint="`hikeshi action policy --role contain --account ACCOUNT`")
    if names:
        kinds = [kind_of(name) for name in names]
        return Answer(policy(kinds, account=account, region=region, bucket=bucket), pretty=True)
    if role not in ROLES:
        raise WrongUsage(f"There is no role {role!r}.", hint=f"Roles: {', '.join(ROLES)}.")
    filled_in = names_of(account=account, region=region, bucket=bucket)
    return Answer(documents(ROLES[role], ACTIONS.values(), filled_in), pretty=True)
