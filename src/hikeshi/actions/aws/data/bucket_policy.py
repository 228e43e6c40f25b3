"""A deny of ours before the statements of a bucket's policy: put there, recognised, and the policy put back byte for byte."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Iterable
from typing import Any, ClassVar, Final

from hikeshi.actions.action import Call
from hikeshi.actions.aws.data.bucket import READING, Bucket, arn, configuration, configurations, owned
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Parts, Setting
from hikeshi.errors import Refused
from hikeshi.text import Text

MAX_POLICY: Final = 20 * 1024
"""Bytes of a bucket policy at most (Amazon S3 quotas)."""

_BACK = Text(en="The policy is put back byte for byte.", ja="ポリシーを 1 バイトも変えずに戻します。")
_GONE = Text(en="There was no policy before, so it is removed.", ja="以前はポリシーがなかったため、削除します。")


def with_deny(bucket: str, policy: str | None, deny: dict[str, Any]) -> str:
    """The policy with the deny before its statements. Raises `Refused` where one of the same Sid is there, or it gets too long."""
    there, statements = parsed(policy)
    if any(one.get("Sid") == deny["Sid"] for one in statements):
        hint = "The policy it had before is in the plan of that earlier action; undo that one."
        raise Refused(f"The policy of {bucket} is already locked by the statement {deny['Sid']} of Hikeshi.", hint=hint)
    return fitting(bucket, {**there, "Statement": [deny, *statements]})


def parsed(policy: str | None) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A policy as its document, and its statements as a list; an empty one where there is none."""
    there: dict[str, Any] = json.loads(policy or '{"Version": "2012-10-17", "Statement": []}')
    return there, there["Statement"] if isinstance(there["Statement"], list) else [there["Statement"]]


def fitting(bucket: str, document: dict[str, Any]) -> str:
    """The document as text. Raises `Refused` where S3 would not take it for its length."""
    text = json.dumps(document)
    if len(text.encode()) > MAX_POLICY:
        hint = "Shorten the policy first, or name fewer roles where it lets any in."
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


class DenyFirst(Setting[AwsWorld], frozen=True, kw_only=True):
    """What the actions share that put a deny before the statements of a bucket's policy; each says which, and what it means for people."""

    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    radius: ClassVar = "shared"
    target: ClassVar = "bucket"
    permissions: ClassVar = tuple(sorted((*READING, "s3:DeleteBucketPolicy", "s3:PutBucketPolicy")))

    sid: ClassVar[str]
    why: ClassVar[Text]
    """What the changing call does, in the plan."""

    bucket: Bucket

    @abstractmethod
    def deny(self, world: AwsWorld) -> dict[str, Any]:
        """The statement, with `sid` as its Sid."""

    def resources(self, before: Parts) -> tuple[str, ...]:
        del before
        return self.bucket, arn(self.bucket)

    def read(self, world: AwsWorld) -> dict[str, Any]:
        return {"Policy": configuration(world, self.bucket, "Policy")}

    def saved(self, world: AwsWorld) -> dict[str, Any]:
        return configurations(world, self.bucket)

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        return {"Policy": with_deny(self.bucket, before["Policy"], self.deny(world))}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del part
        yield swap(world, self.bucket, self.sid, now, new, self.why)

    def same(self, now: Any, planned: Any) -> bool:
        return alike(now, planned)
