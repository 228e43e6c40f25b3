"""Inline policies of users and roles: read, measured against AWS's quota, and the calls that put one or take it away.

A policy is kept as JSON text with sorted keys, so that two texts are equal exactly when they mean the same.
Quotas: IAM User Guide, "IAM and AWS STS quotas": 2 048 characters for all inline policies of a user, 10 240 of a role; white space does
not count.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from hikeshi.actions.action import Call
from hikeshi.actions.aws.identity.principals import GONE, Kind
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

QUOTA: Final[dict[Kind, int]] = {"Role": 10_240, "User": 2_048}

_PUT = Text(en="An explicit deny wins over every allow.", ja="明示的な拒否は、すべての許可に優先します。")
_DROP = Text(
    en="Our deny is taken away; nothing else is touched.", ja="こちらの拒否だけを外します。ほかは変更しません。"
)
_BACK = Text(en="The policy gets its saved text back.", ja="ポリシーを保存済みの内容に戻します。")


def text_of(document: Any) -> str:
    """A policy document as comparable text."""
    return json.dumps(document, separators=(",", ":"), sort_keys=True)


def deny(sid: str, condition: dict[str, Any] | None = None, *, actions: Sequence[str] = ()) -> str:
    """The text of a policy that denies these actions, or everything, under a condition."""
    statement = {"Sid": sid, "Effect": "Deny", "Action": list(actions) or "*", "Resource": "*"}
    return text_of(
        {"Version": "2012-10-17", "Statement": [{**statement, **({"Condition": condition} if condition else {})}]}
    )


def inline(world: AwsWorld, kind: Kind, owner: str, policy: str) -> str | None:
    """The text of one inline policy, None where there is none."""
    try:
        told = world.read("iam", f"Get{kind}Policy", **{f"{kind}Name": owner, "PolicyName": policy})
    except CallFailed as failure:
        if failure.code not in GONE:
            raise
        return None
    return text_of(told["PolicyDocument"])


def room_left(world: AwsWorld, kind: Kind, owner: str, policy: str) -> int:
    """How many characters the policy may have beside the owner's other inline policies."""
    listed: Any = world.pages("iam", f"List{kind}Policies", "PolicyNames", **{f"{kind}Name": owner})  # names only
    others = (inline(world, kind, owner, name) for name in listed if name != policy)
    return QUOTA[kind] - sum(_size(text or "") for text in others)


def _size(text: str) -> int:
    return len("".join(text.split()))


def refuse_if_full(world: AwsWorld, kind: Kind, owner: str, policy: str, text: str) -> None:
    """Raises `Refused` where AWS would: every step before it would have been in vain."""
    left = room_left(world, kind, owner, policy)
    if _size(text) > left:
        hint = (
            "Take an inline policy away by hand that is not needed, or lock the trust of the role (aws.iam.lock_trust)."
        )
        raise Refused(
            f"The inline policies of {owner} are full: {left} characters left, {_size(text)} needed.", hint=hint
        )


def swap(kind: Kind, owner: str, policy: str, now: str | None, new: str | None, *, ours: bool = True) -> Call:
    """The call that takes an inline policy from one text to another, or away."""
    params = {f"{kind}Name": owner, "PolicyName": policy}
    if new is None:
        return Call(f"iam:Delete{kind}Policy", params, _DROP)
    why = _PUT if ours and now is None else _BACK
    return Call(f"iam:Put{kind}Policy", {**params, "PolicyDocument": new}, why)
