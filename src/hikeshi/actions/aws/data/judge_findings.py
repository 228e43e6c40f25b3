"""Tell GuardDuty whether its findings were right: never by archiving them, which hides what comes again."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from hikeshi.actions.action import Call, Plan, Receipt
from hikeshi.actions.aws.data.distrust_lists import DetectorId
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.planning import nothing_to_undo
from hikeshi.actions.setting import Parts, Setting
from hikeshi.errors import Refused
from hikeshi.text import Text

FindingIds = Annotated[
    tuple[Annotated[str, msgspec.Meta(pattern=r"^[0-9a-z]{1,300}$")], ...],
    msgspec.Meta(min_length=1, max_length=50, title="Findings", examples=[["16afba5c5c43e07c9e3e5e2e544e95df"]]),
]
Feedback = Literal["USEFUL", "NOT_USEFUL"]

_TELL = Text(en="What people here have found out about it.", ja="調査の結果を GuardDuty に伝えます。")


class JudgeFindings(Setting[AwsWorld], frozen=True, kw_only=True):
    """One call for each finding that does not say so yet; the findings stay where they are, open.

    There is no way back: GuardDuty takes the other word, but none at all it does not. Source: Amazon GuardDuty API Reference,
    GetFindings (Service.UserFeedback), UpdateFindingsFeedback.
    """

    name: ClassVar = "aws.guardduty.feedback"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "no"
    target: ClassVar = "detector"
    title: ClassVar = Text(en="Tell GuardDuty whether it was right", ja="検出が正しかったかを GuardDuty に伝える")
    what: ClassVar = Text(
        en="Marks findings as useful or not useful. It archives nothing, so that repeats stay visible.",
        ja="検出結果に「有用」または「有用でない」の評価を付けます。アーカイブはしないため、再発は引き続き見えます。",
    )
    by_hand: ClassVar = Text(
        en="GuardDuty console, the finding: give the other answer to the question whether it is useful.",
        ja="GuardDuty コンソールの検出結果で、有用かどうかの質問に別の回答をします。",
    )
    permissions: ClassVar = ("guardduty:GetFindings", "guardduty:UpdateFindingsFeedback")

    detector_id: DetectorId
    finding_ids: FindingIds
    feedback: Feedback

    def resources(self, before: Parts) -> tuple[str, ...]:
        return (self.detector_id, *before)

    def read(self, world: AwsWorld) -> dict[str, Any]:
        told = world.read("guardduty", "GetFindings", DetectorId=self.detector_id, FindingIds=list(self.finding_ids))
        found = {str(one["Id"]): one.get("Service", {}).get("UserFeedback") or None for one in told["Findings"]}
        if missing := sorted(set(self.finding_ids) - set(found)):
            hint = "GuardDuty keeps findings for 90 days, in their own region. Check the detector."
            raise Refused(f"GuardDuty has no finding {missing[0]}.", hint=hint)
        return found

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del world
        return dict.fromkeys(before, self.feedback)

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del world, now
        asked = {"DetectorId": self.detector_id, "FindingIds": [part], "Feedback": new}
        yield Call("guardduty:UpdateFindingsFeedback", asked, _TELL)

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        del world, plan  # part of the interface
        raise nothing_to_undo(self, "Plan the action again with the other answer.")
