"""Close every bucket of an account to the public: Block Public Access on the account."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

import msgspec

from hikeshi.actions.action import Call
from hikeshi.actions.aws.data.block_bucket import BLOCKED, LEFT
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

AccountId = Annotated[str, msgspec.Meta(pattern=r"^\d{12}$", title="Account", examples=["111122223333"])]

_WHY = Text(
    en="Public grants on every bucket of the account lose their effect.",
    ja="アカウント内のすべてのバケットの公開を無効にします。",
)
_FREE = Text(
    en="There was no such configuration before, so it is removed.", ja="以前は設定がなかったため、設定を削除します。"
)
_ALL = Text(
    en="Every bucket of the account, in every region: public websites, downloads and shared data sets will answer 403.",
    ja="全リージョンの全バケットが対象です。公開サイト、配布ファイル、共有データは 403 になります。",
)


def same_account(world: AwsWorld, account_id: str) -> None:
    """What acts on a whole account names it, so that the approval shows it. Raises `Refused` where the step is for another one."""
    if account_id != world.account:
        hint = "Name the account the step acts in, or start the step for the other account."
        raise Refused(f"The step acts in account {world.account}, not in {account_id}.", hint=hint)


class BlockAccount(Setting[AwsWorld], frozen=True, kw_only=True):
    """Block Public Access on the account, through S3 Control.

    Source: Amazon S3 API Reference (S3 Control), PutPublicAccessBlock, DeletePublicAccessBlock. It may take minutes to be true everywhere.
    """

    name: ClassVar = "aws.s3.block_account"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    radius: ClassVar = "account"
    target: ClassVar = "account"
    title: ClassVar = Text(en="Close all buckets of the account", ja="アカウントの全バケットの公開を止める")
    what: ClassVar = Text(
        en="Turns on Block Public Access for the whole account. No bucket's own configuration is changed.",
        ja="アカウント全体のパブリックアクセスブロックを有効にします。各バケットの設定は変更しません。",
    )
    by_hand: ClassVar = Text(
        en="S3 console, Block Public Access settings for this account: set the four switches saved in the plan; none saved means all off.",
        ja="S3 コンソールの［このアカウントのブロックパブリックアクセス設定］で、計画に保存された 4 つの設定に戻します（保存がなければすべてオフ）。",
    )
    permissions: ClassVar = ("s3:GetAccountPublicAccessBlock", "s3:PutAccountPublicAccessBlock")

    account_id: AccountId

    def read(self, world: AwsWorld) -> dict[str, Any]:
        same_account(world, self.account_id)
        try:
            told = world.read("s3control", "GetPublicAccessBlock", AccountId=self.account_id)
        except CallFailed as failure:
            if failure.code != "NoSuchPublicAccessBlockConfiguration":
                raise
            return {"PublicAccessBlock": None}
        return {"PublicAccessBlock": told["PublicAccessBlockConfiguration"]}

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del world, before
        return {"PublicAccessBlock": BLOCKED}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del world, part, now
        which = {"AccountId": self.account_id}
        if new is None:
            yield Call("s3control:DeletePublicAccessBlock", which, _FREE)
        else:
            yield Call("s3control:PutPublicAccessBlock", {**which, "PublicAccessBlockConfiguration": new}, _WHY)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world, before
        return Around(dependants=(_ALL,), will_not_stop=LEFT)
