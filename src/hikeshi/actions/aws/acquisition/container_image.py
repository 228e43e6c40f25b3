"""Keep an image of ECR: its manifest and every layer, before somebody deletes or replaces it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from hikeshi.actions.aws.acquisition.image_parts import PERMISSIONS, Image, image_parts
from hikeshi.actions.aws.acquisition.keep_parts import KeepParts, Part
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.text import Text

Repository = Annotated[
    str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9._/\-]{1,255}$", title="Repository", examples=["shop/web"])
]
Digest = Annotated[
    str, msgspec.Meta(pattern=r"^sha256:[0-9a-f]{64}$", title="Digest of the image", examples=["sha256:" + "ab" * 32])
]


class AcquireImage(KeepParts, frozen=True, kw_only=True):
    """By digest, since a tag may point to another image by now; each file is held against its own digest.

    Source: Amazon ECR API Reference, BatchGetImage, GetDownloadUrlForLayer; OCI Image Format Specification.
    """

    name: ClassVar = "aws.ecr.acquire_image"
    provider: ClassVar = "aws"
    effect: ClassVar = "collect"
    reversible: ClassVar = "no"
    target: ClassVar = "image"
    title: ClassVar = Text(en="Keep a container image", ja="コンテナイメージを保存する")
    what: ClassVar = Text(
        en="Copies the manifest, the configuration and the layers of an image of ECR into the evidence bucket.",
        ja="ECR のイメージのマニフェスト、設定、レイヤーを証拠バケットに保存します。",
    )
    by_hand: ClassVar = Text(en="Nothing to undo.", ja="元に戻すものはありません。")
    permissions: ClassVar = (*PERMISSIONS, "s3:GetObject", "s3:ListBucket", "s3:PutObject")

    repository: Repository
    digest: Digest

    def about(self) -> str:
        return f"{self.repository}@{self.digest}"

    def parts_of(self, world: AwsWorld) -> Iterator[Part]:
        which = {"imageDigest": self.digest}
        yield from image_parts(
            world, Image(account=world.account, region=world.region, repository=self.repository, id=which)
        )
