"""Whether a CloudTrail trail records this region, and its files are complete and delivered. CloudTrail API Reference, DescribeTrails, GetTrailStatus.

The event history of 90 days is there without a trail; a trail is what can be kept and proven.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from hikeshi.actions.aws.preflight.question import Answer, Ground, Question, no, yes
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.text import Text

_START = Text(
    en="Make a multi-region trail with log file validation into a bucket of another account, and start it.",
    ja="ログファイル検証を有効にしたマルチリージョンの証跡を、別アカウントのバケットに向けて作成・開始してください。",
)


def _ask(ground: Ground) -> Iterator[Answer]:
    world = ground.world()
    trails = world.read("cloudtrail", "DescribeTrails", includeShadowTrails=True).get("trailList", ())
    if not trails:
        yield no("There is no trail.", "証跡がありません。", todo=_START)
    for trail in trails:
        yield _one(world, trail)


def _one(world: AwsWorld, trail: Mapping[str, Any]) -> Answer:
    name = str(trail["Name"])
    status = world.read("cloudtrail", "GetTrailStatus", Name=trail.get("TrailARN", name))
    wrong = []
    if not status.get("IsLogging"):
        wrong.append(Text("It is not logging.", "記録が停止しています。"))
    if problem := status.get("LatestDeliveryError"):
        wrong.append(Text(f"Its files are not delivered: {problem}.", f"ログの配信に失敗しています ({problem})。"))
    if not trail.get("LogFileValidationEnabled"):
        wrong.append(Text("Its files cannot be validated.", "ログファイル検証が無効です。"))
    if wrong:
        en, ja = " ".join(text.en for text in wrong), "".join(text.ja for text in wrong)
        return no(en, ja, resource=name, todo=_START)
    return yes("Logging, with validation.", "記録中です(ログファイル検証あり)。", resource=name)


QUESTION = Question(
    title=Text(en="Does CloudTrail record?", ja="CloudTrail は記録しているか"),
    ask=_ask,
    permissions=("cloudtrail:DescribeTrails", "cloudtrail:GetTrailStatus"),
)
