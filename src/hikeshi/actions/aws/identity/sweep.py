"""Look for what an attacker leaves to come back: who and what was made or changed in IAM since a moment, as a table in the receipt.

Sources: IAM API Reference, GetAccountAuthorizationDetails, ListAccessKeys, GetLoginProfile, ListMFADevices, ListSAMLProviders,
ListOpenIDConnectProviders; IAM Roles Anywhere, ListTrustAnchors. IAM gives no date for attaching a policy, for an inline policy or for a
change of trust: whom a role lets in from outside is listed without a date, the rest only CloudTrail tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Final

import msgspec

from hikeshi.actions.action import Action, Plan, Receipt
from hikeshi.actions.aws.identity.console_off import login_profile
from hikeshi.actions.aws.identity.principals import GONE, last_part
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.planning import make_plan, nothing_to_undo, receipt
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

Moment = Annotated[
    str,
    msgspec.Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$", title="Since (UTC)", examples=["2026-11-06T07:20:00Z"]),
]

MOST_USERS: Final = 1_000
"""Users whose keys, password and devices are asked for: three calls each."""
MOST_ROWS: Final = 500

_BLIND = Text(
    en="Attached and inline policies and changes of trust have no date in IAM: look for AttachUserPolicy, AttachRolePolicy, PutUserPolicy,"
    " PutRolePolicy and UpdateAssumeRolePolicy in CloudTrail (us-east-1).",
    ja="ポリシーの付与、インラインポリシー、信頼ポリシーの変更は IAM に日時が残りません。CloudTrail（us-east-1）で AttachUserPolicy、"
    "AttachRolePolicy、PutUserPolicy、PutRolePolicy、UpdateAssumeRolePolicy を確認してください。",
)
_ELSEWHERE = Text(
    en="What was made and deleted again is not seen, and neither are functions, images and rules that hold a way back in.",
    ja="作成後に削除されたものや、関数、イメージ、ルールなどに仕掛けられた侵入経路は分かりません。",
)


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One thing found. `when` is ISO 8601 in UTC, "" where IAM keeps no date; `note` says what is remarkable."""

    kind: str
    name: str
    when: str = ""
    note: str = ""


class Sweep(Action[AwsWorld], frozen=True, kw_only=True):
    """Read IAM and list what is younger than `since`. Changes nothing."""

    name: ClassVar = "aws.iam.sweep"
    provider: ClassVar = "aws"
    effect: ClassVar = "look"
    reversible: ClassVar = "no"
    target: ClassVar = "account"
    title: ClassVar = Text(en="Look for ways back in", ja="再侵入の足がかりを探す")
    what: ClassVar = Text(
        en="Lists users, roles, keys, passwords, devices, policies and providers made or changed since a moment, and roles that let others in.",
        ja="指定時点以降に作成・変更されたユーザー、ロール、キー、パスワード、MFA 機器、ポリシー、プロバイダーと、外部を信頼するロールを列挙します。",
    )
    by_hand: ClassVar = Text(en="Nothing to undo: it only reads.", ja="元に戻すものはありません（読み取りのみです）。")
    permissions: ClassVar = (
        "iam:GetAccountAuthorizationDetails",
        "iam:GetLoginProfile",
        "iam:GetOpenIDConnectProvider",
        "iam:ListAccessKeys",
        "iam:ListMFADevices",
        "iam:ListOpenIDConnectProviders",
        "iam:ListSAMLProviders",
        "rolesanywhere:ListTrustAnchors",
    )

    since: Moment

    def plan(self, world: AwsWorld) -> Plan:
        if datetime.fromisoformat(self.since) > world.now():
            raise Refused(f"{self.since} is still to come.", hint="Give the moment of the first sign, in UTC.")
        return make_plan(
            world,
            self,
            resources=(world.account,),
            calls=(),
            before={},
            after={},
            will_not_stop=(_BLIND, _ELSEWHERE),
        )

    def do(self, world: AwsWorld, plan: Plan) -> Receipt:
        rows, left = self._found(world)
        dated = [row for row in rows if row.when]
        summary = Text(
            en=f"{len(dated)} made or changed since {self.since}; {len(rows) - len(dated)} roles let others in.",
            ja=f"{self.since} 以降に作成・変更されたものが {len(dated)} 件、外部を信頼するロールが {len(rows) - len(dated)} 件あります。",
        )
        still_open = [*plan.will_not_stop, *([_unread(left)] if left else [])]
        table = [msgspec.to_builtins(row) for row in rows[:MOST_ROWS]]
        observed = {"since": self.since, "rows": table, "rows_left_out": max(0, len(rows) - MOST_ROWS)}
        return receipt(self, "done", summary, observed, grade="configured", still_open=still_open)

    def check(self, world: AwsWorld, plan: Plan) -> Receipt:
        """Looks again: something may have been made in the meantime."""
        return self.do(world, plan)

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        del world, plan
        raise nothing_to_undo(self, self.by_hand.en)

    def _found(self, world: AwsWorld) -> tuple[list[Row], int]:
        """The rows, the youngest first and those without a date last, and how many users were not asked about."""
        start = datetime.fromisoformat(self.since)
        users = list(_details(world, "User", "UserDetailList"))
        roles = list(_details(world, "Role", "RoleDetailList"))
        told = [
            *(_dated("user", one["UserName"], one["CreateDate"]) for one in users),
            *(_dated("role", one["RoleName"], one["CreateDate"]) for one in roles),
            *(
                _dated("group", one["GroupName"], one["CreateDate"])
                for one in _details(world, "Group", "GroupDetailList")
            ),
            *_policies(world),
            *(row for user in users[:MOST_USERS] for row in _credentials(world, user["UserName"])),
            *_providers(world),
        ]
        young = sorted(((when, row) for when, row in told if when >= start), key=lambda pair: pair[0], reverse=True)
        rows = [*(row for _, row in young), *trusting_others(world.account, roles)]
        return rows, max(0, len(users) - MOST_USERS)


Dated = tuple[datetime, Row]


def _dated(kind: str, name: str, when: datetime, note: str = "") -> Dated:
    return when, Row(kind=kind, name=name, when=when.astimezone(UTC).isoformat(), note=note)


def _details(world: AwsWorld, kind: str, items: str) -> Iterator[dict[str, Any]]:
    return world.pages("iam", "GetAccountAuthorizationDetails", items, Filter=[kind])


def _policies(world: AwsWorld) -> Iterator[Dated]:
    for one in _details(world, "LocalManagedPolicy", "Policies"):
        used = one.get("AttachmentCount", 0)
        yield _dated("policy", one["PolicyName"], one.get("UpdateDate", one["CreateDate"]), f"attached to {used}")


def _credentials(world: AwsWorld, user: str) -> Iterator[Dated]:
    """A user's keys, password and devices; nothing where the user is gone by now."""
    try:
        for key in world.pages("iam", "ListAccessKeys", "AccessKeyMetadata", UserName=user):
            yield _dated("key", key["AccessKeyId"], key["CreateDate"], f"{key['Status']}, of {user}")
        if profile := login_profile(world, user):
            yield _dated("password", user, datetime.fromisoformat(profile["created"]))
        for device in world.pages("iam", "ListMFADevices", "MFADevices", UserName=user):
            yield _dated("device", device["SerialNumber"], device["EnableDate"], f"of {user}")
    except CallFailed as failure:
        if failure.code not in GONE:
            raise


def _providers(world: AwsWorld) -> Iterator[Dated]:
    for one in world.pages("iam", "ListSAMLProviders", "SAMLProviderList"):
        yield _dated("provider", one["Arn"], one["CreateDate"])
    for one in world.pages("iam", "ListOpenIDConnectProviders", "OpenIDConnectProviderList"):
        told = world.read("iam", "GetOpenIDConnectProvider", OpenIDConnectProviderArn=one["Arn"])
        yield _dated("provider", one["Arn"], told["CreateDate"])
    for one in world.pages("rolesanywhere", "ListTrustAnchors", "trustAnchors"):
        note = "enabled" if one["enabled"] else "disabled"
        yield _dated("provider", one["trustAnchorArn"], one["updatedAt"], f"{note}, {one['name']}")


def trusting_others(account: str, roles: Iterable[Mapping[str, Any]]) -> Iterator[Row]:
    """Roles whose trust names anybody at all, another account, or a provider from outside."""
    for role in roles:
        document = role["AssumeRolePolicyDocument"]
        statements = document.get("Statement", [])
        for statement in statements if isinstance(statements, list) else [statements]:
            outside = sorted(set(_outside(account, statement.get("Principal", {}))))
            if outside and statement.get("Effect") == "Allow":
                yield Row(kind="trust", name=role["RoleName"], note=f"lets in {', '.join(outside)}")


def _outside(account: str, principal: Any) -> Iterator[str]:
    if principal == "*":
        yield "*"
        return
    for kind, listed in principal.items():
        for one in [listed] if isinstance(listed, str) else listed:
            if kind == "Federated" or (kind == "AWS" and account not in one):
                yield one if kind == "AWS" else last_part(one)


def _unread(count: int) -> Text:
    return Text(
        en=f"{count} users were not asked for their keys, passwords and devices: there are more than {MOST_USERS}.",
        ja=f"ユーザーが {MOST_USERS} 名を超えるため、{count} 名のキー、パスワード、MFA 機器は確認していません。",
    )
