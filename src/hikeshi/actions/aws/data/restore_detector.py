"""Bring threat detection back: GuardDuty watches again where somebody has suspended or deleted its detector."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Final

import msgspec

from hikeshi.actions.action import Call, Plan, Receipt
from hikeshi.actions.aws.data.block_account import AccountId, same_account
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.errors import Refused
from hikeshi.text import Text

Features = Annotated[
    tuple[Annotated[str, msgspec.Meta(pattern=r"^[A-Z][A-Z0-9_]{2,60}$")], ...],
    msgspec.Meta(max_length=20, title="Protections to switch on", examples=[["S3_DATA_EVENTS", "EKS_AUDIT_LOGS"]]),
]
DETECTOR: Final = "Detector"
ON: Final = "ENABLED"

_ON = Text(en="GuardDuty has to watch.", ja="GuardDuty の監視を再開します。")
_NEW = Text(
    en="The detector was deleted: a new one begins.", ja="検出器が削除されているため、新しい検出器を作成します。"
)
_GAP = Text(
    en="What happened while it was off is not found afterwards: look at CloudTrail and flow logs of that time.",
    ja="停止中の出来事は後から検出されません。その間の CloudTrail とフローログを調べてください。",
)
_LISTS = Text(
    en="Trusted lists and suppression rules that hide findings: switch those off that nobody here made.",
    ja="検出を隠す信頼済みリストと抑制ルール。身に覚えのないものは無効にしてください。",
)
_LOST = Text(
    en="The findings of the deleted detector are gone. In an organization the administrator account adds it as a member again.",
    ja="削除された検出器の検出結果は失われています。組織では、管理者アカウントがメンバーとして追加し直してください。",
)


class RestoreDetector(Setting[AwsWorld], frozen=True, kw_only=True):
    """The detector of the region of the step: enabled, made anew where there is none; named protections as well.

    There is no way back: nobody here has the right to switch detection off. Source: Amazon GuardDuty API Reference, ListDetectors,
    GetDetector, UpdateDetector, CreateDetector.
    """

    name: ClassVar = "aws.guardduty.restore"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "no"
    target: ClassVar = "account"
    title: ClassVar = Text(en="Bring GuardDuty back", ja="GuardDuty を復旧する")
    what: ClassVar = Text(
        en="Enables GuardDuty in this region again, and the protections named, where they were suspended, disabled or deleted.",
        ja="このリージョンで停止・削除された GuardDuty と、指定した保護機能を再び有効にします。",
    )
    by_hand: ClassVar = Text(
        en="GuardDuty console, Settings: suspend it, and switch protections off, as saved in the plan.",
        ja="GuardDuty コンソールの［設定］で、停止と保護機能を計画に保存された状態に戻します。",
    )
    permissions: ClassVar = (
        "guardduty:CreateDetector",
        "guardduty:GetDetector",
        "guardduty:ListDetectors",
        "guardduty:UpdateDetector",
    )

    account_id: AccountId
    features: Features = ()
    """Protections to switch on besides, by the names GuardDuty gives them."""

    def resources(self, before: Parts) -> tuple[str, ...]:
        del before
        return (self.account_id,)

    def read(self, world: AwsWorld) -> dict[str, Any]:
        same_account(world, self.account_id)
        detector = self._detector(world)
        if detector is None:
            return {DETECTOR: None, **dict.fromkeys(self.features)}
        told = world.read("guardduty", "GetDetector", DetectorId=detector)
        states = {str(one["Name"]): str(one["Status"]) for one in told.get("Features", ())}
        return {DETECTOR: str(told["Status"]), **{name: states.get(name) for name in self.features}}

    def saved(self, world: AwsWorld) -> dict[str, Any]:
        detector = self._detector(world)
        if detector is None:
            return {}
        told = world.read("guardduty", "GetDetector", DetectorId=detector)
        names = ("Features", "FindingPublishingFrequency", "Status", "UpdatedAt")
        return {"detector": detector, **msgspec.to_builtins({name: told[name] for name in names if name in told})}

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del world, before
        return {DETECTOR: ON, **dict.fromkeys(self.features, ON)}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        detector = self._detector(world)
        if part != DETECTOR:
            asked = {"DetectorId": detector or "<detector>", "Features": [{"Name": part, "Status": new}]}
            yield Call("guardduty:UpdateDetector", asked, _ON)
        elif now is None:
            yield Call("guardduty:CreateDetector", {"Enable": True}, _NEW)
        else:
            yield Call("guardduty:UpdateDetector", {"DetectorId": detector, "Enable": True}, _ON)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world
        return Around(warnings=() if before[DETECTOR] else (_LOST,), will_not_stop=(_GAP, _LISTS))

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        del world, plan  # part of the interface
        hint = "What it was before is in the plan; whoever owns it can set it so in the GuardDuty console."
        raise Refused("Hikeshi does not switch detection off.", hint=hint)

    def _detector(self, world: AwsWorld) -> str | None:
        """There is one in a region at most."""
        return next((str(one) for one in world.pages("guardduty", "ListDetectors", "DetectorIds")), None)
