"""Nothing is encrypted with a key of the caller's own any more: what ransom of a bucket is done with."""

from __future__ import annotations

from typing import Any, ClassVar, Final

from hikeshi.actions.aws.data.bucket import arn
from hikeshi.actions.aws.data.bucket_policy import DenyFirst
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts
from hikeshi.text import Text

SID: Final = "HikeshiDenyCustomerKeys"

_DENY = Text(
    en="A deny for writes that bring a key of their own comes before the statements there are.",
    ja="独自の鍵を指定した書き込みを拒否する文を、既存の文の前に加えます。",
)
_USERS = Text(
    en="Applications that use keys of their own (SSE-C) cannot write any more; reading goes on.",
    ja="独自の鍵（SSE-C）を使うアプリケーションは書き込めなくなります。読み取りはできます。",
)
_LEFT = (
    Text(
        en="What is encrypted already: only earlier versions come back (aws.s3.restore_versions).",
        ja="すでに暗号化されたものは、以前のバージョンからしか戻せません（aws.s3.restore_versions）。",
    ),
    Text(
        en="Deleting and overwriting without such a key: take the principal's rights, or lock the bucket (aws.s3.lock_policy).",
        ja="鍵を使わない削除や上書き。プリンシパルの権限を止めるか、バケットを封鎖してください（aws.s3.lock_policy）。",
    ),
)


class DenyCustomerKeys(DenyFirst, frozen=True, kw_only=True):
    """A deny statement before the present ones, on the header that brings the key; copying an object onto itself writes, too.

    Source: Amazon S3 User Guide, "Using server-side encryption with customer-provided keys", the condition key
    s3:x-amz-server-side-encryption-customer-algorithm. The policy is saved byte for byte, as `aws.s3.lock_policy` does.
    """

    name: ClassVar = "aws.s3.deny_customer_keys"
    sid: ClassVar = SID
    why: ClassVar = _DENY
    title: ClassVar = Text(en="Deny encryption with foreign keys", ja="独自の鍵による暗号化を拒否する")
    what: ClassVar = Text(
        en="Denies everybody to write objects encrypted with a key of the caller's own (SSE-C), as ransom of buckets is done.",
        ja="呼び出し元の独自の鍵（SSE-C）で暗号化した書き込みを、すべての相手に対して拒否します（身代金目的の暗号化への対処）。",
    )
    by_hand: ClassVar = Text(
        en=f"S3 console, the bucket, Permissions, Bucket policy: remove the statement {SID}, or the policy where it is the only one.",
        ja=f"S3 コンソールのバケット［アクセス許可］［バケットポリシー］で、文 {SID} を取り除きます（ほかになければポリシーごと削除）。",
    )

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world, before
        return Around(dependants=(_USERS,), will_not_stop=_LEFT)

    def deny(self, world: AwsWorld) -> dict[str, Any]:
        del world
        return {
            "Sid": SID,
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:PutObject",
            "Resource": f"{arn(self.bucket)}/*",
            "Condition": {"Null": {"s3:x-amz-server-side-encryption-customer-algorithm": "false"}},
        }
