"""Keep log groups of CloudWatch Logs longer, before what is in them expires."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Final, Literal

import msgspec

from hikeshi.actions.action import Call
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.errors import Refused
from hikeshi.text import Text

LogGroups = Annotated[
    tuple[Annotated[str, msgspec.Meta(pattern=r"^[\w./#\-]{1,512}$")], ...],
    msgspec.Meta(min_length=1, max_length=50, title="Log groups", examples=[["/aws/lambda/order-intake"]]),
]
Keep = Literal[90, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653]
"""Days that CloudWatch Logs takes, from a quarter of a year on (PutRetentionPolicy)."""
FOR_EVER: Final = 0
"""How a group without a retention stands in the parts: nothing in it ever expires."""

_LONGER = Text(en="What is in the log group is kept longer.", ja="ロググループの内容をより長く保存します。")
_BACK = Text(en="The retention from before.", ja="以前の保存期間に戻します。")
_LEFT = (
    Text(
        en="What has expired already; and whoever may delete a log group or shorten its retention still can.",
        ja="すでに期限切れになった内容は戻りません。ロググループの削除や保存期間の短縮ができる者は、今後もできます。",
    ),
    Text(
        en="Logs in buckets (load balancers, S3 access, CloudTrail): preserve the bucket (aws.s3.preserve).",
        ja="バケット内のログ（ロードバランサー、S3 アクセス、CloudTrail）は、バケットを保全してください（aws.s3.preserve）。",
    ),
)


class RetainLogs(Setting[AwsWorld], frozen=True, kw_only=True):
    """A retention that is shorter than asked for becomes as long; a longer one, and none at all (for ever), are left.

    Undoing lets expire what would have expired: it is refused by nobody, and said. Source: CloudWatch Logs API Reference,
    DescribeLogGroups, PutRetentionPolicy.
    """

    name: ClassVar = "aws.logs.retain"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    target: ClassVar = "logs"
    title: ClassVar = Text(en="Keep log groups longer", ja="ロググループの保存期間を延ばす")
    what: ClassVar = Text(
        en="Lengthens the retention of the CloudWatch log groups named: flow logs, DNS queries, EKS audit, function logs.",
        ja="指定した CloudWatch ロググループ（フローログ、DNS クエリ、EKS 監査、関数ログなど）の保存期間を延ばします。",
    )
    by_hand: ClassVar = Text(
        en="CloudWatch console, Log groups: the retention saved in the plan. What is older than that then expires.",
        ja="CloudWatch コンソールの［ロググループ］で、計画に保存された保存期間に戻します。それより古い内容は消えます。",
    )
    permissions: ClassVar = ("logs:DescribeLogGroups", "logs:PutRetentionPolicy")

    names: LogGroups
    keep_days: Keep = 365

    def resources(self, before: Parts) -> tuple[str, ...]:
        return tuple(before)

    def read(self, world: AwsWorld) -> dict[str, Any]:
        return {name: self._days(world, name) for name in self.names}

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del world
        return {name: self.keep_days for name, days in before.items() if FOR_EVER < days < self.keep_days}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del world
        why = _LONGER if new > now else _BACK
        yield Call("logs:PutRetentionPolicy", {"logGroupName": part, "retentionInDays": new}, why)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world, before
        return Around(will_not_stop=_LEFT)

    def _days(self, world: AwsWorld, name: str) -> int:
        for one in world.pages("logs", "DescribeLogGroups", "logGroups", logGroupNamePrefix=name):
            if one["logGroupName"] == name:
                return int(one.get("retentionInDays", FOR_EVER))
        hint = "Check the account, the region and the name. Where it was deleted, what was in it is gone."
        raise Refused(f"There is no log group {name} in {world.account} {world.region}.", hint=hint)
