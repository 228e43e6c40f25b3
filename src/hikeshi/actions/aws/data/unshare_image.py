"""Stop sharing a machine image: nobody but its owner may launch instances from it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

import msgspec

from hikeshi.actions.action import Call
from hikeshi.actions.aws.data.sharing import LEFT, NOBODY, SHARED, attribute, change, permissions, shared_text
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.text import Text

ImageId = Annotated[
    str, msgspec.Meta(pattern=r"^ami-([0-9a-f]{8}|[0-9a-f]{17})$", title="Image", examples=["ami-0abc1234def567890"])
]


class UnshareImage(Setting[AwsWorld], frozen=True, kw_only=True):
    """Take every account, organisation and the public off an image's launch permissions. Its snapshots are shared on their own.

    Source: Amazon EC2 API Reference, DescribeImageAttribute, ModifyImageAttribute.
    """

    name: ClassVar = "aws.ec2.unshare_image"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    target: ClassVar = "image"
    title: ClassVar = Text(en="Stop sharing the image", ja="マシンイメージの共有を止める")
    what: ClassVar = Text(
        en="Removes every account, organisation and the public from the image's launch permissions.",
        ja="イメージの起動許可から、すべてのアカウント、組織、公開設定を外します。",
    )
    by_hand: ClassVar = Text(
        en="EC2 console, AMIs, Edit AMI permissions: add what is saved in the plan.",
        ja="EC2 コンソールの［AMI］［AMI 許可を編集］で、計画に保存されたものを追加します。",
    )
    permissions: ClassVar = ("ec2:DescribeImageAttribute", "ec2:ModifyImageAttribute")

    image_id: ImageId

    def read(self, world: AwsWorld) -> dict[str, Any]:
        which = {"ImageId": self.image_id, "Attribute": "launchPermission"}
        told = attribute(world, "DescribeImageAttribute", "InvalidAMIID", f"image {self.image_id}", **which)
        return {SHARED: permissions(told.get("LaunchPermissions", ()))}

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del world, before
        return {SHARED: []}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del world, part
        asked = {"Attribute": "launchPermission", "LaunchPermission": change(now, new)}
        yield Call("ec2:ModifyImageAttribute", {"ImageId": self.image_id, **asked}, NOBODY)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world
        return Around(
            dependants=(shared_text(value for one in before[SHARED] for value in one.values()),), will_not_stop=LEFT
        )
