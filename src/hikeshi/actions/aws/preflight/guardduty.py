"""Whether GuardDuty is on in this region. Without it nothing of what it detects becomes an alert. GuardDuty API Reference, ListDetectors, GetDetector."""

from __future__ import annotations

from collections.abc import Iterator

from hikeshi.actions.aws.preflight.question import Answer, Ground, Question, no, yes
from hikeshi.text import Text

_ENABLE = Text(
    en="Enable GuardDuty in this region, best for the whole organization by its delegated administrator.",
    ja="このリージョンで GuardDuty を有効にしてください(組織の委任管理者からの一括有効化を推奨)。",
)


def _ask(ground: Ground) -> Iterator[Answer]:
    world = ground.world()
    detectors = [str(one) for one in world.pages("guardduty", "ListDetectors", "DetectorIds")]
    if not detectors:
        yield no("There is no detector.", "ディテクターがありません。", todo=_ENABLE)
    for detector in detectors:
        told = world.read("guardduty", "GetDetector", DetectorId=detector)
        if told.get("Status") != "ENABLED":
            yield no("The detector is suspended.", "ディテクターが停止しています。", resource=detector, todo=_ENABLE)
        else:
            often = str(told.get("FindingPublishingFrequency", "?"))
            yield yes(f"On; repeats are told {often}.", f"有効です(更新の通知間隔: {often})。", resource=detector)


QUESTION = Question(
    title=Text(en="Is GuardDuty on?", ja="GuardDuty は有効か"),
    ask=_ask,
    permissions=("guardduty:GetDetector", "guardduty:ListDetectors"),
)
