"""Bring an audit trail back: it records again, everything an administrator does, in every region, with validation."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Final

import msgspec

from hikeshi.actions.action import Call, Plan, Receipt
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

Trail = Annotated[
    str, msgspec.Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._\-]{2,127}$", title="Trail", examples=["organization-trail"])
]

COVERAGE: Final = {"IncludeGlobalServiceEvents": True, "IsMultiRegionTrail": True, "LogFileValidationEnabled": True}
_ASKED: Final = {"LogFileValidationEnabled": "EnableLogFileValidation"}
EVERYTHING: Final = {
    "ReadWriteType": "All",
    "IncludeManagementEvents": True,
    "ExcludeManagementEventSources": [],
}
_MANAGEMENT: Final = {"Field": "eventCategory", "Equals": ["Management"]}

_LOGGING = Text(en="The trail has to record.", ja="証跡の記録を再開します。")
_WIDER = Text(en="Nothing an administrator does may be left out.", ja="管理操作が記録から漏れないようにします。")
_GAP = Text(
    en="What happened while it was off is not in the trail; event history keeps management events for 90 days all the same.",
    ja="停止中の操作は証跡に残りません。ただし管理イベントは、イベント履歴に 90 日間残ります。",
)


class RestoreTrail(Setting[AwsWorld], frozen=True, kw_only=True):
    """Undo the common ways to blind CloudTrail. The tampered state is in the plan, as evidence, before anything is changed.

    There is no way back: nobody here has the right to switch a trail off. Data events that are recorded stay so. A trail that was deleted has to be made again by its owner, and a bucket policy that stops
    delivery is put right by aws.cloudtrail.restore_bucket_policy: both are said. Source: CloudTrail API Reference, StartLogging, PutEventSelectors, UpdateTrail.
    """

    name: ClassVar = "aws.cloudtrail.restore"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "no"
    target: ClassVar = "trail"
    title: ClassVar = Text(en="Bring the audit trail back", ja="監査証跡を復旧する")
    what: ClassVar = Text(
        en="Starts logging again and makes the trail cover all management events, all regions and log file validation.",
        ja="記録を再開し、すべての管理イベント、全リージョン、ログファイルの検証を対象に含めます。",
    )
    by_hand: ClassVar = Text(
        en="CloudTrail console, the trail: stop logging, edit the events and general details as saved in the plan.",
        ja="CloudTrail コンソールの証跡で、ログ記録、イベント、全般設定を計画に保存された値に戻します。",
    )
    permissions: ClassVar = (
        "cloudtrail:GetEventSelectors",
        "cloudtrail:GetTrail",
        "cloudtrail:GetTrailStatus",
        "cloudtrail:PutEventSelectors",
        "cloudtrail:StartLogging",
        "cloudtrail:UpdateTrail",
    )

    trail: Trail

    def read(self, world: AwsWorld) -> dict[str, Any]:
        told = find_trail(world, self.trail)
        if (home := told.get("HomeRegion", world.region)) != world.region:
            raise Refused(f"Trail {self.trail} can only be changed in {home}.", hint=f"Start the step in {home}.")
        selectors = world.read("cloudtrail", "GetEventSelectors", TrailName=self.trail)
        kinds = ("EventSelectors", "AdvancedEventSelectors")
        return {
            "Coverage": {name: bool(told.get(name)) for name in COVERAGE},
            "Events": {kind: selectors[kind] for kind in kinds if selectors.get(kind)},
            "Logging": bool(self._status(world)["IsLogging"]),
        }

    def saved(self, world: AwsWorld) -> dict[str, Any]:
        status = {k: v for k, v in self._status(world).items() if k != "ResponseMetadata"}
        trail = world.read("cloudtrail", "GetTrail", Name=self.trail)["Trail"]
        return {"status": msgspec.to_builtins(status), "trail": msgspec.to_builtins(trail)}

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del world
        return {"Coverage": COVERAGE, "Events": _everything(before["Events"]), "Logging": True}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del world, now
        if part == "Logging":
            yield Call("cloudtrail:StartLogging", {"Name": self.trail}, _LOGGING)
        elif part == "Events":
            yield Call("cloudtrail:PutEventSelectors", {"TrailName": self.trail, **new}, _WIDER)
        else:
            asked = {_ASKED.get(name, name): value for name, value in new.items()}
            yield Call("cloudtrail:UpdateTrail", {"Name": self.trail, **asked}, _WIDER)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world
        problem = before["status"].get("LatestDeliveryError", "")
        undelivered = Text(
            en=f"The trail cannot write to its bucket ({problem}); put the bucket's policy right as well (aws.cloudtrail.restore_bucket_policy).",
            ja=f"証跡がバケットに書き込めません（{problem}）。バケットポリシーも直してください（aws.cloudtrail.restore_bucket_policy）。",
        )
        return Around(warnings=(undelivered,) if problem else (), will_not_stop=(_GAP,))

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        del world, plan  # part of the interface
        hint = "What it was before is in the plan; whoever owns the trail can set it so in the CloudTrail console."
        raise Refused("Hikeshi does not blind an audit trail again.", hint=hint)

    def _status(self, world: AwsWorld) -> dict[str, Any]:
        return world.read("cloudtrail", "GetTrailStatus", Name=self.trail)


def find_trail(world: AwsWorld, name: str) -> dict[str, Any]:
    """What GetTrail tells. Raises `Refused` where there is no such trail."""
    try:
        told: dict[str, Any] = world.read("cloudtrail", "GetTrail", Name=name)["Trail"]
    except CallFailed as failure:
        if failure.code != "TrailNotFoundException":
            raise
        hint = (
            "If it was deleted, its owner makes it again; until then event history keeps management events for 90 days."
        )
        raise Refused(f"There is no trail {name} in {world.account} {world.region}.", hint=hint) from None
    return told


def _everything(now: dict[str, Any]) -> dict[str, Any]:
    """The selectors as they are, with nothing of management events left out."""
    advanced = now.get("AdvancedEventSelectors", ())
    if advanced:
        data = [one for one in advanced if _MANAGEMENT not in one["FieldSelectors"]]
        return {"AdvancedEventSelectors": [{"Name": "Management events", "FieldSelectors": [_MANAGEMENT]}, *data]}
    basic = now.get("EventSelectors") or [{"DataResources": []}]
    return {"EventSelectors": [{**basic[0], **EVERYTHING}, *basic[1:]]}
