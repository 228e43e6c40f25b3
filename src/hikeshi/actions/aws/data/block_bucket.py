"""Close an S3 bucket to the public: Block Public Access on this one bucket."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from hikeshi.actions.action import Call
from hikeshi.actions.aws.data.bucket import READING, Bucket, arn, configuration, configurations, open_to_anybody, owned
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.text import Text

BLOCKED: Final = {
    "BlockPublicAcls": True,
    "IgnorePublicAcls": True,
    "BlockPublicPolicy": True,
    "RestrictPublicBuckets": True,
}
"""All four switches: new public grants are refused, those there are have no effect."""

LEFT: Final = (
    Text(
        en="Principals of this account and presigned URLs still work; so does a CloudFront distribution with its own access.",
        ja="このアカウントの利用者と署名付き URL は引き続き使えます。独自の権限を持つ CloudFront も同様です。",
    ),
    Text(
        en="What has been downloaded is gone; CloudTrail data events and access logs tell what it was, if they were on.",
        ja="すでにダウンロードされたものは取り戻せません。データイベントやアクセスログが有効なら、内容を確認できます。",
    ),
)
_BLOCK = Text(
    en="Public grants by access control list or policy lose their effect.",
    ja="アクセスコントロールリストやポリシーによる公開を無効にします。",
)
_FREE = Text(
    en="There was no such configuration before, so it is removed.", ja="以前は設定がなかったため、設定を削除します。"
)


class BlockBucket(Setting[AwsWorld], frozen=True, kw_only=True):
    """Block Public Access on one bucket. A bucket that is public on purpose stands in the register of what is protected.

    Source: Amazon S3 API Reference, PutPublicAccessBlock, DeletePublicAccessBlock.
    """

    name: ClassVar = "aws.s3.block_bucket"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    target: ClassVar = "bucket"
    title: ClassVar = Text(en="Close the bucket to the public", ja="バケットの公開を止める")
    what: ClassVar = Text(
        en="Turns on Block Public Access for this bucket. Access control lists and policy stay as they are and lose their public effect.",
        ja="このバケットのパブリックアクセスブロックを有効にします。ACL とポリシーは変更せず、公開の効果だけがなくなります。",
    )
    by_hand: ClassVar = Text(
        en="S3 console, the bucket, Permissions, Block public access: set the four switches saved in the plan; none saved means all off.",
        ja="S3 コンソールのバケット［アクセス許可］［パブリックアクセスをブロック］で、計画に保存された 4 つの設定に戻します（保存がなければすべてオフ）。",
    )
    permissions: ClassVar = tuple(sorted((*READING, "s3:PutBucketPublicAccessBlock")))

    bucket: Bucket

    def resources(self, before: Parts) -> tuple[str, ...]:
        del before
        return self.bucket, arn(self.bucket)

    def read(self, world: AwsWorld) -> dict[str, Any]:
        return {"PublicAccessBlock": configuration(world, self.bucket, "PublicAccessBlock")}

    def saved(self, world: AwsWorld) -> dict[str, Any]:
        return configurations(world, self.bucket)

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del world, before
        return {"PublicAccessBlock": BLOCKED}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del part, now
        which = owned(world, self.bucket)
        if new is None:
            yield Call("s3:DeletePublicAccessBlock", which, _FREE)
        else:
            yield Call("s3:PutPublicAccessBlock", {**which, "PublicAccessBlockConfiguration": new}, _BLOCK)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world
        opened = open_to_anybody(before)
        how = ", ".join(opened) or "-"
        public = Text(
            en=f"Public at present by: {how}. Websites and downloads that rely on it will answer 403.",
            ja=f"現在の公開方法: {how}。これに依存するサイトやダウンロードは 403 になります。",
        )
        nothing = Text(
            en="Neither its access control list nor its policy opens it to everybody at present.",
            ja="現在、ACL にもポリシーにも全員への公開はありません。",
        )
        return Around(dependants=(public,) if opened else (), warnings=() if opened else (nothing,), will_not_stop=LEFT)
