"""Keep an encryption key usable: deletion cancelled, enabled again, open to its account, unknown grants revoked."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Final

import msgspec

from hikeshi.actions.action import Call, Plan, Receipt
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

KeyId = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^(mrk-[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$",
        title="KMS key",
        examples=["1234abcd-12ab-34cd-56ef-1234567890ab"],
    ),
]
Grantees = Annotated[
    tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=256)], ...],
    msgspec.Meta(max_length=20, title="Revoke grants of", examples=[["arn:aws:iam::111122223333:user/mallory"]]),
]
GRANT: Final = "grant to "
_KEPT: Final = ("GranteePrincipal", "RetiringPrincipal", "Operations", "Constraints", "Name")

_USABLE = Text(en="Data encrypted with it must stay readable.", ja="この鍵で暗号化されたデータを読めるようにします。")
_OPEN = Text(en="The account itself must be able to manage the key.", ja="アカウント自身が鍵を管理できるようにします。")
_REVOKE = Text(en="This grant must not be used any more.", ja="このグラントを使えないようにします。")
_OFF = Text(en="The key is disabled as before.", ja="以前のとおり鍵を無効にします。")
_LOSS = Text(
    en="A deletion that was scheduled is not scheduled again: the key is disabled instead.",
    ja="予定されていた削除は再設定しません。代わりに鍵を無効にします。",
)
_REVOKED = Text(
    en="Grants that were revoked are not made again; what they let whom do is in the plan.",
    ja="取り消したグラントは作り直しません。内容は計画に保存されています。",
)
_LEFT = (
    Text(
        en="Data keys already given out can be used without the key; what they encrypted stays readable to whoever has them.",
        ja="すでに渡されたデータキーは、この鍵なしで使えます。",
    ),
)


class ProtectKey(Setting[AwsWorld], frozen=True, kw_only=True):
    """Reverse what an attacker does to a KMS key to make data unreadable, or to keep access to it.

    The policy only ever gains: a statement for the account where there is none. Source: AWS KMS API Reference, CancelKeyDeletion,
    EnableKey, PutKeyPolicy, RevokeGrant. A key cancelled from deletion is disabled until it is enabled.
    """

    name: ClassVar = "aws.kms.protect"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "with-loss"
    radius: ClassVar = "shared"
    target: ClassVar = "encryption-key"
    title: ClassVar = Text(en="Keep the key usable", ja="暗号鍵を守る")
    what: ClassVar = Text(
        en="Cancels a scheduled deletion, enables the key, lets its own account manage it and revokes the grants named.",
        ja="予定された削除を取り消し、鍵を有効にし、アカウント自身が管理できるようにし、指定したグラントを取り消します。",
    )
    by_hand: ClassVar = Text(
        en="KMS console, the key: disable it, set the policy saved in the plan; create-grant makes the saved grants again.",
        ja="KMS コンソールの鍵で、無効化し、計画に保存されたポリシーに戻します。グラントは create-grant で作り直します。",
    )
    permissions: ClassVar = (
        "kms:CancelKeyDeletion",
        "kms:DescribeKey",
        "kms:DisableKey",
        "kms:EnableKey",
        "kms:GetKeyPolicy",
        "kms:ListGrants",
        "kms:PutKeyPolicy",
        "kms:RevokeGrant",
    )

    key_id: KeyId
    revoke_from: Grantees = ()

    def read(self, world: AwsWorld) -> dict[str, Any]:
        found = {
            "Usable": self._state(world) == "Enabled",
            "Policy": world.read("kms", "GetKeyPolicy", KeyId=self.key_id, PolicyName="default")["Policy"],
        }
        return found | {_named(grant): _kept(grant) for grant in self._grants(world)}

    def saved(self, world: AwsWorld) -> dict[str, Any]:
        return {"State": self._state(world)}

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        root = f"arn:aws:iam::{world.account}:root"
        policy = _opened(before["Policy"], root)
        grants = {part: None for part in before if part.startswith(GRANT)}
        return {"Usable": True, **({"Policy": policy} if policy else {}), **grants}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del now
        which = {"KeyId": self.key_id}
        if part == "Usable" and new:
            if self._state(world) == "PendingDeletion":
                yield Call("kms:CancelKeyDeletion", which, _USABLE)
            yield Call("kms:EnableKey", which, _USABLE)
        elif part == "Usable":
            yield Call("kms:DisableKey", which, _OFF)
        elif part == "Policy":
            yield Call("kms:PutKeyPolicy", {**which, "PolicyName": "default", "Policy": new}, _OPEN)
        else:
            for grant in self._grants(world):
                if _named(grant) == part:
                    yield Call("kms:RevokeGrant", {**which, "GrantId": grant["GrantId"]}, _REVOKE)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world
        state = before["State"]
        told = Text(en=f"The key is {state} at present.", ja=f"鍵の現在の状態: {state}。")
        return Around(warnings=(told,), will_not_stop=_LEFT)

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        after = plan.after["parts"]
        back = {part: new for part, new in after.items() if not part.startswith(GRANT)}
        told = Setting.undo(self, world, msgspec.structs.replace(plan, after={"parts": back}))
        lost = (_LOSS,) if plan.before["saved"]["State"] == "PendingDeletion" else ()
        revoked = (_REVOKED,) if len(back) < len(after) else ()
        return msgspec.structs.replace(told, still_open=(*told.still_open, *lost, *revoked))

    def _state(self, world: AwsWorld) -> str:
        try:
            return str(world.read("kms", "DescribeKey", KeyId=self.key_id)["KeyMetadata"]["KeyState"])
        except CallFailed as failure:
            if failure.code != "NotFoundException":
                raise
            hint = "Check the account, the region and the id; a key is gone for good once its waiting period has ended."
            raise Refused(f"There is no key {self.key_id} in {world.account} {world.region}.", hint=hint) from None

    def _grants(self, world: AwsWorld) -> list[dict[str, Any]]:
        """The grants that are to be revoked."""
        if not self.revoke_from:
            return []
        answer = world.read("kms", "ListGrants", KeyId=self.key_id)
        found = list(answer["Grants"])
        while answer.get("Truncated"):
            answer = world.read("kms", "ListGrants", KeyId=self.key_id, Marker=answer["NextMarker"])
            found += answer["Grants"]
        return [grant for grant in found if grant["GranteePrincipal"] in self.revoke_from]


def _named(grant: dict[str, Any]) -> str:
    """A grant by what it lets whom do: the same when it is made again."""
    told = json.dumps(_kept(grant), sort_keys=True)
    return f"{GRANT}{grant['GranteePrincipal']} ({hashlib.sha256(told.encode()).hexdigest()[:8]})"


def _kept(grant: dict[str, Any]) -> dict[str, Any]:
    """A grant without its id and its moment of creation: what it lets whom do."""
    return {name: grant[name] for name in _KEPT if grant.get(name)}


def _opened(policy: str, root: str) -> str | None:
    """The policy with a statement for the account before the others; None where it has one."""
    told: dict[str, Any] = json.loads(policy)
    statements = told["Statement"] if isinstance(told["Statement"], list) else [told["Statement"]]
    for one in statements:
        principal = one.get("Principal", {})
        named = principal.get("AWS", ()) if isinstance(principal, dict) else ()
        if one.get("Effect") == "Allow" and root in ([named] if isinstance(named, str) else named):
            return None
    ours = {"Sid": "HikeshiAccount", "Effect": "Allow", "Principal": {"AWS": root}, "Action": "kms:*", "Resource": "*"}
    return json.dumps({**told, "Statement": [ours, *statements]})
