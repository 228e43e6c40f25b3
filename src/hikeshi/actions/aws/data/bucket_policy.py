"""A deny of ours before the statements of a bucket's policy: put there, recognised, and the policy put back byte for byte."""

from __future__ import annotations

import json
from typing import Any, Final

from hikeshi.actions.action import Call
from hikeshi.actions.aws.data.bucket import owned
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.errors import Refused
from hikeshi.text import Text

MAX_POLICY: Final = 20 * 1024
"""Bytes of a bucket policy at most (Amazon S3 quotas)."""

_BACK = Text(en="The policy is put back byte for byte.", ja="ポリシーを 1 バイトも変えずに戻します。")
_GONE = Text(en="There was no policy before, so it is removed.", ja="以前はポリシーがなかったため、削除します。")


def with_deny(bucket: str, policy: str | None, deny: dict[str, Any]) -> str:
    """The policy with the deny before its statements. Raises `Refused` where one of the same Sid is there, or it gets too long."""
    there: dict[str, Any] = json.loads(policy or '{"Version": "2012-10-17", "Statement": []}')
    statements = there["Statement"] if isinstance(there["Statement"], list) else [there["Statement"]]
    if any(one.get("Sid") == deny["Sid"] for one in statements):
        hint = "The policy it had before is in the plan of that earlier lock; undo that one."
        raise Refused(f"Bucket {bucket} is already locked by Hikeshi.", hint=hint)
    text = json.dumps({**there, "Statement": [deny, *statements]})
    if len(text.encode()) > MAX_POLICY:
        hint = "Let fewer roles in, or shorten the policy first."
        raise Refused(f"The policy of {bucket} would be longer than S3 allows ({MAX_POLICY} bytes).", hint=hint)
    return text


def swap(world: AwsWorld, bucket: str, sid: str, now: str | None, new: str | None, why: Text) -> Call:
    """The call that takes the policy from one text to another, or away; `why` on the way there."""
    which = owned(world, bucket)
    if new is None:
        return Call("s3:DeleteBucketPolicy", which, _GONE)
    back = sid in (now or "") and sid not in new
    return Call("s3:PutBucketPolicy", {**which, "Policy": new}, _BACK if back else why)


def alike(now: str | None, planned: str | None) -> bool:
    """Ours is recognised by what it says: S3 may order it differently."""
    return bool(json.loads(now) == json.loads(planned)) if now and planned else now == planned
