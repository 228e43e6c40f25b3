"""Forbid public snapshots in a region of an account, those there are included."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar, Final

from hikeshi.actions.action import Call
from hikeshi.actions.aws.data.block_account import AccountId, same_account
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.text import Text

STATE: Final = "block public access"
FREE: Final = "unblocked"
ALL: Final = "block-all-sharing"

_WHY = Text(en="No snapshot is public from now on.", ja="今後はどのスナップショットも公開されません。")
_BACK = Text(en="The state from before.", ja="以前の状態に戻します。")
_LEFT = (
    Text(
        en="Snapshots shared with single accounts stay shared: stop sharing each of them.",
        ja="特定のアカウントとの共有は残ります。スナップショットごとに共有を止めてください。",
    ),
    Text(en="Other regions and copies made already.", ja="ほかのリージョンと、すでに作られたコピー。"),
)


class BlockSnapshotSharing(Setting[AwsWorld], frozen=True, kw_only=True):
    """Block public access for snapshots, in the region of the step.

    Source: Amazon EC2 API Reference, EnableSnapshotBlockPublicAccess (one call, then one every ten seconds),
    DisableSnapshotBlockPublicAccess, GetSnapshotBlockPublicAccessState.
    """

    name: ClassVar = "aws.ec2.block_snapshot_sharing"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    radius: ClassVar = "account"
    target: ClassVar = "account"
    title: ClassVar = Text(en="Forbid public snapshots", ja="スナップショットの公開を禁止する")
    what: ClassVar = Text(
        en="Turns on block public access for snapshots in this region: new and existing public sharing has no effect.",
        ja="このリージョンでスナップショットのパブリックアクセスブロックを有効にし、新規と既存の公開を無効にします。",
    )
    by_hand: ClassVar = Text(
        en="EC2 console, Data protection and security, Block public access for EBS snapshots: the state saved in the plan.",
        ja="EC2 コンソール［データ保護とセキュリティ］［EBS スナップショットのパブリックアクセスをブロック］で、計画に保存された状態に戻します。",
    )
    permissions: ClassVar = (
        "ec2:DisableSnapshotBlockPublicAccess",
        "ec2:EnableSnapshotBlockPublicAccess",
        "ec2:GetSnapshotBlockPublicAccessState",
    )

    account_id: AccountId

    def read(self, world: AwsWorld) -> dict[str, Any]:
        same_account(world, self.account_id)
        return {STATE: str(world.read("ec2", "GetSnapshotBlockPublicAccessState").get("State", FREE))}

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del world, before
        return {STATE: ALL}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del world, part, now
        if new == FREE:
            yield Call("ec2:DisableSnapshotBlockPublicAccess", {}, _BACK)
        else:
            yield Call("ec2:EnableSnapshotBlockPublicAccess", {"State": new}, _WHY if new == ALL else _BACK)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world, before
        return Around(will_not_stop=_LEFT)
