"""Lock an S3 bucket: everybody is denied but the responders and break-glass."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final

import msgspec

from hikeshi.actions.aws.data.bucket import arn
from hikeshi.actions.aws.data.bucket_policy import DenyFirst
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts
from hikeshi.text import Text

LOCK: Final = "HikeshiLock"

Principals = Annotated[
    tuple[Annotated[str, msgspec.Meta(pattern=r"^arn:[a-z\-]+:iam::\d{12}:(role|user)/.+$")], ...],
    msgspec.Meta(
        min_length=1, max_length=20, title="Still let in", examples=[["arn:aws:iam::111122223333:role/break-glass"]]
    ),
]

_LOCK = Text(
    en="A deny for everybody but the listed roles comes before the statements there are.",
    ja="一覧のロール以外を拒否する文を、既存の文の前に加えます。",
)
_USERS = Text(
    en="Every application and person that uses the bucket is cut off, other accounts included.",
    ja="別アカウントを含め、このバケットを使うすべてのアプリケーションと人が遮断されます。",
)
_LEFT = (
    Text(
        en="AWS services acting for themselves (log delivery, replication by AWS) are not denied.",
        ja="AWS サービス自身による操作（ログ配信など）は拒否しません。",
    ),
    Text(
        en="The root user of the account can always delete the policy.",
        ja="アカウントのルートユーザーはいつでもポリシーを削除できます。",
    ),
)


class LockPolicy(DenyFirst, frozen=True, kw_only=True):
    """A deny statement before the present ones; the policy is saved byte for byte, and that there was none as well.

    Our own caller is always among those let in, or the undo would be locked out. Source: Amazon S3 API Reference, PutBucketPolicy;
    IAM User Guide, condition keys aws:PrincipalArn and aws:PrincipalIsAWSService. [?] that S3 gives a policy back exactly as put.
    """

    name: ClassVar = "aws.s3.lock_policy"
    sid: ClassVar = LOCK
    why: ClassVar = _LOCK
    title: ClassVar = Text(en="Lock the bucket", ja="バケットを封鎖する")
    what: ClassVar = Text(
        en="Denies everybody but the named roles and Hikeshi itself every action on the bucket and its objects.",
        ja="指定したロールと Hikeshi 自身を除き、バケットとオブジェクトへのすべての操作を拒否します。",
    )
    by_hand: ClassVar = Text(
        en="S3 console, the bucket, Permissions, Bucket policy: paste the policy saved in the plan, or delete it where none is saved.",
        ja="S3 コンソールのバケット［アクセス許可］［バケットポリシー］に、計画に保存されたポリシーを貼り付けます（保存がなければ削除）。",
    )
    permissions: ClassVar = (*DenyFirst.permissions, "sts:GetCallerIdentity")

    let_in: Principals

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world, before
        return Around(dependants=(_USERS,), will_not_stop=_LEFT)

    def deny(self, world: AwsWorld) -> dict[str, Any]:
        let_in = sorted({*self.let_in, *ourselves(str(world.read("sts", "GetCallerIdentity")["Arn"]))})
        return {
            "Sid": LOCK,
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn(self.bucket), f"{arn(self.bucket)}/*"],
            "Condition": {
                "ArnNotLike": {"aws:PrincipalArn": let_in},
                "Bool": {"aws:PrincipalIsAWSService": "false"},
            },
        }


def ourselves(caller: str) -> tuple[str, ...]:
    """How a policy names who is calling: a session's role, with and without a path, since the session does not tell it."""
    parts = caller.split(":", 5)
    kind, _, name = parts[5].partition("/")
    if kind != "assumed-role":
        return (caller,)
    role = name.partition("/")[0]
    account = f"{parts[0]}:{parts[1]}:iam::{parts[4]}"
    return f"{account}:role/{role}", f"{account}:role/*/{role}"
