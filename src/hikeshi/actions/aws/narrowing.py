"""The policy of a session: what one plan needs, on the resources it names, and nothing else of what the role may do.

IAM User Guide, session policies: a session has what role *and* session policy allow. Permissions that read are given on everything, as IAM
asks; changing ones by their scopes (`policy.py`), with the plan's own resources in the place of "any".
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final, Literal

import msgspec

from hikeshi.actions.action import Action, Plan
from hikeshi.actions.aws.policy import SCOPES, VERSION, of_iam, policy
from hikeshi.aws.rates import READING
from hikeshi.aws.sessions import MOST_POLICY

KINDS: Final = {"eni": "network-interface", "i": "instance", "vol": "volume"}
"""What an EC2 id begins with, and how its ARN calls it. Groups stay as scoped by tag: some are only made by the plan."""

Width = Literal["resources", "actions", "role"]


class Narrowed(msgspec.Struct, frozen=True):
    """A session policy as compact JSON, and how narrow it is: to the plan's resources, only to its actions, or not at all (too long)."""

    text: str
    width: Width


def narrowed(
    kind: type[Action[Any]], plan: Plan | None, *, account: str, region: str, bucket: str = "", partition: str = "aws"
) -> Narrowed:
    """The narrowest policy that fits into a session."""
    whole = policy([kind], account=account, region=region, bucket=bucket, partition=partition)
    listed = plan.resources if plan else ()
    statements = [
        {name: value for name, value in _only(one, listed).items() if name != "Sid"} for one in whole["Statement"]
    ]
    for width, found in (
        ("resources", statements),
        (
            "actions",
            [
                {
                    "Effect": "Allow",
                    "Action": sorted({one if one in SCOPES else _family(one) for one in of_iam(kind.permissions)}),
                    "Resource": "*",
                }
            ],
        ),
    ):
        text = json.dumps({"Version": VERSION, "Statement": found}, separators=(",", ":"))
        text = text.replace(f":ec2:{region}:{account}:", ":ec2:*:*:")  # shorter, and a role is of one account anyway
        if len(text) <= MOST_POLICY:
            return Narrowed(text, "resources" if width == "resources" else "actions")
    return Narrowed("", "role")


def _only(statement: dict[str, Any], resources: Iterable[str]) -> dict[str, Any]:
    if statement["Resource"] == "*":
        return {**statement, "Action": sorted({_family(name) for name in statement["Action"]})}
    given = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
    return {**statement, "Resource": [one for pattern in given for one in _those(pattern, resources)]}


def _family(permission: str) -> str:
    """Reading is given by family, which is shorter: the role itself says which of them."""
    service, _, name = permission.partition(":")
    return next((f"{service}:{verb}*" for verb in READING if name.startswith(verb)), permission)


def _those(pattern: str, resources: Iterable[str]) -> list[str]:
    stem, star, _ = pattern.rpartition("*")
    named = [stem + one for one in resources if stem.endswith(f":{KINDS.get(one.partition('-')[0], ' ')}/")]
    return named if star and named else [pattern]
