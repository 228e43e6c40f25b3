"""Let nobody assume a role any more: our deny before the statements of its trust policy, which stay as they are.

The document is kept as text with its order, so that undoing writes exactly what was read. A principal that was deleted has become its id
in the document (AIDA..., AROA...); AWS refuses to take such a document back, so it is noticed before anything is written.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, ClassVar, Final

from hikeshi.actions.action import Call
from hikeshi.actions.aws.identity.principals import RACE, IdentitySetting, RoleName, find_role, named
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts
from hikeshi.errors import Refused
from hikeshi.text import Text

SID: Final = "HikeshiLock"
LOCK: Final[Mapping[str, Any]] = {
    "Sid": SID,
    "Effect": "Deny",
    "Principal": "*",
    "Action": ["sts:AssumeRole", "sts:AssumeRoleWithSAML", "sts:AssumeRoleWithWebIdentity"],
}
USUAL: Final = 2_048
MOST: Final = 4_096
"""Characters of a trust policy, white space not counted: the quota, and how far it can be raised."""
DELETED: Final = re.compile(r"A(ID|RO|GP|NP)A[A-Z0-9]{12,}")

_WHY = {
    True: Text(en="An explicit deny wins over every allow.", ja="明示的な拒否は、すべての許可に優先します。"),
    False: Text(en="The trust policy gets its saved text back.", ja="信頼ポリシーを保存済みの内容に戻します。"),
}
_SESSIONS = Text(
    en="Sessions that exist go on until they expire: end them as well (aws.iam.revoke_role_sessions).",
    ja="既存のセッションは期限まで有効です。あわせて無効にしてください（aws.iam.revoke_role_sessions）。",
)
_EVERYBODY = Text(
    en="Nobody can assume the role any more: instances, functions and tasks on it fail when their credentials run out.",
    ja="誰もこのロールを引き受けられなくなります。これを使うインスタンス、関数、タスクは、認証情報の期限が切れると失敗します。",
)
_LONG = Text(
    en=f"With our deny the trust policy is longer than {USUAL} characters; AWS takes it only where the quota was raised.",
    ja=f"拒否を加えると信頼ポリシーが {USUAL} 文字を超えます。上限を引き上げてある場合にだけ受け付けられます。",
)


class LockTrust(IdentitySetting, frozen=True, kw_only=True):
    """Prepend a deny to the trust policy. Source: IAM API Reference, UpdateAssumeRolePolicy.

    That `"Principal": "*"` in a deny also holds for AWS services is documented and not proven on a real account.
    """

    name: ClassVar = "aws.iam.lock_trust"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    radius: ClassVar = "shared"
    target: ClassVar = "principal"
    title: ClassVar = Text(en="Lock the trust of a role", ja="ロールの信頼ポリシーをロックする")
    what: ClassVar = Text(
        en="Puts a deny before the statements of the trust policy, so that nobody can assume the role. The others stay as they are.",
        ja="信頼ポリシーの先頭に拒否を加え、誰もロールを引き受けられないようにします。ほかの文はそのまま残ります。",
    )
    by_hand: ClassVar = Text(
        en=f"IAM console, the role, Trust relationships: remove the statement {SID}.",
        ja=f"IAM コンソールのロールの［信頼関係］で、{SID} の文を削除します。",
    )
    permissions: ClassVar = ("iam:GetRole", "iam:UpdateAssumeRolePolicy", "sts:GetCallerIdentity")

    role: RoleName

    def read(self, world: AwsWorld) -> dict[str, Any]:
        role = find_role(world, self.role)
        return {"arn": role["Arn"], self.role: _text(role["AssumeRolePolicyDocument"])}

    def resources(self, before: Parts) -> tuple[str, ...]:
        return named(before["arn"])

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        """Raises `Refused` where AWS would not take the document: a deleted principal in it, or too long."""
        del world
        document = json.loads(before[self.role])
        if gone := sorted(set(deleted_principals(document))):
            hint = "They match nobody: take them out by hand and plan again; or end its sessions (aws.iam.revoke_role_sessions)."
            raise Refused(
                f"The trust policy names deleted principals, which AWS will not take back: {gone}.", hint=hint
            )
        text = _text(locked(document))
        if _size(text) > MOST:
            raise Refused(f"With our deny the trust policy would have {_size(text)} characters; AWS takes {MOST}.")
        return {self.role: text}

    def same(self, now: Any, planned: Any) -> bool:
        """As documents: AWS may write the same one in another order."""
        try:
            return bool(json.loads(now) == json.loads(planned))
        except (TypeError, ValueError):
            return bool(now == planned)

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del world, now
        lock = any(one.get("Sid") == SID for one in _statements(json.loads(new)))
        yield Call("iam:UpdateAssumeRolePolicy", {"RoleName": part, "PolicyDocument": new}, _WHY[lock])

    def around(self, world: AwsWorld, before: Parts) -> Around:
        long = _size(_text(locked(json.loads(before[self.role])))) > USUAL
        del world
        return Around(
            dependants=(_EVERYBODY,), will_not_stop=(_SESSIONS, RACE), warnings=(_LONG,) if long else ()
        )  # fmt: skip


def locked(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document with our deny first; as it is where the deny is there."""
    statements = _statements(document)
    if any(one == LOCK for one in statements):
        return dict(document)
    return {**document, "Statement": [dict(LOCK), *statements]}


def deleted_principals(document: Mapping[str, Any]) -> Iterator[str]:
    """The ids that stand where a deleted user or role was named."""
    for statement in _statements(document):
        principal = statement.get("Principal", {})
        named_there = principal.get("AWS", ()) if isinstance(principal, Mapping) else ()
        for one in [named_there] if isinstance(named_there, str) else named_there:
            if DELETED.fullmatch(one):
                yield one


def _statements(document: Mapping[str, Any]) -> list[Any]:
    told = document.get("Statement", [])
    return list(told) if isinstance(told, list) else [told]


def _text(document: Any) -> str:
    return json.dumps(document, separators=(",", ":"))


def _size(text: str) -> int:
    return len("".join(text.split()))
