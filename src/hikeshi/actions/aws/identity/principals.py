"""Users and roles of IAM: found, and refused where they are never to be touched.

Refused are our own user or role (as STS tells it), service-linked roles (IAM lets nobody change them) and roles that Identity Center
has made (it sets them back). What the organisation has protected is refused by `World.guard`: the ARN and the name of each principal
are among the resources of a plan.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Annotated, Any, ClassVar, Final, Literal

import msgspec

from hikeshi.actions.action import Plan, Receipt
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Setting
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Failed, Refused
from hikeshi.text import Text

Name = Annotated[str, msgspec.Meta(pattern=r"^[\w+=,.@-]{1,128}$")]
UserName = Annotated[Name, msgspec.Meta(title="User", examples=["ci-deploy"])]
RoleName = Annotated[Name, msgspec.Meta(title="Role", examples=["shop-web"])]
PrincipalArn = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^arn:[\w-]+:iam::\d{12}:(user|role)/([!-~]{1,512}/)?[\w+=,.@-]{1,128}$",
        title="User or role",
        examples=["arn:aws:iam::111122223333:user/svc-monitoring"],
    ),
]
Kind = Literal["Role", "User"]

GONE: Final = ("NoSuchEntity", "NoSuchEntityException")
RACE_SECONDS: Final = 4.0
"""How long a change of IAM takes to hold, as published research measured it (3 to 4 s); AWS says "a few minutes"."""

RACE: Final = Text(
    en="IAM changes take seconds, at times minutes, to hold everywhere. Whoever is quick can make a new key or take this away again in"
    " that time; only an organization policy (aws.org.quarantine_account) is out of their reach. Look again afterwards.",
    ja="IAM の変更が全体に行き渡るまで数秒から数分かかります。その間に、攻撃者は新しいキーを作ったり、この変更を取り消したりできます。"
    "攻撃者の手が届かないのは組織のポリシー（aws.org.quarantine_account）だけです。後でもう一度確認してください。",
)


class IdentitySetting(Setting[AwsWorld], frozen=True, kw_only=True):
    """Base of the settings in this room. `check` first lets the time pass in which an attacker can set a change of IAM back."""

    provider: ClassVar = "aws"

    def check(self, world: AwsWorld, plan: Plan) -> Receipt:
        world.pause(RACE_SECONDS)
        return super().check(world, plan)


def own_principal(world: AwsWorld) -> tuple[str, str]:
    """What we are ourselves in this account: ("role", name), ("user", name) or ("root", "")."""
    kind, _, rest = world.caller.split(":", 5)[5].partition("/")
    if kind == "assumed-role":
        return "role", rest.partition("/")[0]
    return kind, rest.rpartition("/")[2]


def server_time(world: AwsWorld) -> datetime:
    """What time it is at AWS, in UTC: the Date header of an answer. Our own clock may be wrong. Raises `Failed` without one."""
    headers = world.read("sts", "GetCallerIdentity")["ResponseMetadata"]["HTTPHeaders"]
    try:
        return parsedate_to_datetime(headers["date"]).replace(tzinfo=UTC)  # HTTP dates are GMT (RFC 9110)
    except (KeyError, ValueError):
        raise Failed("The answer of AWS STS says no time.", permanent=False, hint="Try again.") from None


def find_user(world: AwsWorld, name: str) -> dict[str, Any]:
    """What GetUser tells. Raises `Refused` where there is no such user or it is our own."""
    user = _found(world, "user", "GetUser", "User", UserName=name)
    _not_ours(world, "user", user["UserName"])
    return user


def find_role(world: AwsWorld, name: str) -> dict[str, Any]:
    """What GetRole tells. Raises `Refused` where there is no such role, or where it must not or cannot be changed."""
    role = _found(world, "role", "GetRole", "Role", RoleName=name)
    if role["Path"].startswith("/aws-service-role/"):
        hint = "Only its service uses it: contain what the service acts on, or the whole account (aws.org.quarantine_account)."
        raise Refused(f"{name} is a service-linked role; AWS lets nobody change it.", hint=hint)
    if role["Path"].startswith("/aws-reserved/") or name.startswith("AWSReservedSSO_"):
        hint = "Switch the person off instead: aws.idc.user_off."
        raise Refused(f"{name} belongs to IAM Identity Center, which would set it back.", hint=hint)
    _not_ours(world, "role", role["RoleName"])
    return role


def find_principal(world: AwsWorld, arn: str) -> dict[str, Any]:
    """What GetUser or GetRole tells. Raises `Refused` as those above do, and where the name belongs to another ARN."""
    name = last_part(arn)
    told = find_user(world, name) if kind_of(arn) == "User" else find_role(world, name)
    if told["Arn"] != arn:
        raise Refused(f"{name} is {told['Arn']} here.", hint="Give the ARN as it is.")
    return told


def kind_of(arn: str) -> Kind:
    """Which of the two a `PrincipalArn` names."""
    return "User" if arn.split(":", 5)[5].startswith("user/") else "Role"


def _found(world: AwsWorld, kind: str, operation: str, item: str, **params: str) -> dict[str, Any]:
    try:
        found: dict[str, Any] = world.read("iam", operation, **params)[item]
    except CallFailed as failure:
        if failure.code not in GONE:
            raise
        hint = "Check the account and the name. The root user, federated users and services are no users of IAM."
        raise Refused(
            f"There is no {kind} {', '.join(params.values())} in account {world.account}.", hint=hint
        ) from None
    return found


def _not_ours(world: AwsWorld, kind: str, name: str) -> None:
    if own_principal(world) == (kind, name):
        hint = "If it is compromised, act from another account or by hand."
        raise Refused(f"{name} is the {kind} Hikeshi itself is using here; it would lock itself out.", hint=hint)


def named(arn: str) -> tuple[str, str]:
    """A principal as the resources of a plan: its ARN and its name, so that a register can protect either."""
    return arn, arn.rpartition("/")[2]


def last_part(arn: str) -> str:
    """The name at the end of an ARN, whatever path comes before it."""
    return arn.rpartition("/")[2]


def told_when(value: Any) -> str:
    """A moment of an answer as ISO 8601, "" where there is none."""
    return value.isoformat() if isinstance(value, datetime) else ""


def tags_told(told: Mapping[str, Any]) -> list[dict[str, str]]:
    return [{"Key": tag["Key"], "Value": tag["Value"]} for tag in told.get("Tags", ())]
