"""Bring the record of configurations back: AWS Config records again where somebody has stopped its recorder."""

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

Recorder = Annotated[
    str, msgspec.Meta(pattern=r"^[\w.+=,@-]{1,256}$", title="Configuration recorder", examples=["default"])
]
RECORDING: Final = "Recording"

_ON = Text(en="Changes of the configuration have to be recorded.", ja="構成変更の記録を再開します。")
_GAP = Text(
    en="What was changed and changed back while it was stopped is not in the record; CloudTrail has the calls.",
    ja="停止中に変更され元に戻されたものは記録に残りません。操作は CloudTrail で確認できます。",
)
_FEW = Text(
    en="It does not record every kind of resource: compare with what was meant, an attacker may have narrowed it.",
    ja="一部のリソース種別だけを記録する設定です。攻撃者が絞った可能性があるため、本来の設定と比べてください。",
)


class RestoreRecorder(Setting[AwsWorld], frozen=True, kw_only=True):
    """Start a stopped recorder. What it records is in the plan and is left as it is: only its owner knows what was meant.

    There is no way back: nobody here has the right to stop it. Source: AWS Config API Reference, DescribeConfigurationRecorders,
    DescribeConfigurationRecorderStatus, DescribeDeliveryChannels, StartConfigurationRecorder.
    """

    name: ClassVar = "aws.config.restore"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "no"
    target: ClassVar = "recorder"
    title: ClassVar = Text(en="Bring the configuration record back", ja="AWS Config の記録を復旧する")
    what: ClassVar = Text(
        en="Starts the AWS Config recorder of this region again where it was stopped.",
        ja="停止された AWS Config の設定レコーダーを、このリージョンで再開します。",
    )
    by_hand: ClassVar = Text(
        en="AWS Config console, Settings: stop recording.", ja="AWS Config コンソールの［設定］で、記録を停止します。"
    )
    permissions: ClassVar = (
        "config:DescribeConfigurationRecorderStatus",
        "config:DescribeConfigurationRecorders",
        "config:DescribeDeliveryChannels",
        "config:StartConfigurationRecorder",
    )

    recorder: Recorder = "default"

    def read(self, world: AwsWorld) -> dict[str, Any]:
        return {RECORDING: bool(self._told(world, "DescribeConfigurationRecorderStatus").get("recording"))}

    def saved(self, world: AwsWorld) -> dict[str, Any]:
        told = self._told(world, "DescribeConfigurationRecorders")
        status = self._told(world, "DescribeConfigurationRecorderStatus")
        return {"Recorder": msgspec.to_builtins(told), "Status": msgspec.to_builtins(status)}

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del before
        if not world.read("config", "DescribeDeliveryChannels").get("DeliveryChannels"):
            hint = "Its owner makes it again (AWS Config console, Settings); then start the recorder."
            raise Refused("The delivery channel of AWS Config is gone, so nothing can be recorded.", hint=hint)
        return {RECORDING: True}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del world, part, now, new
        yield Call("config:StartConfigurationRecorder", {"ConfigurationRecorderName": self.recorder}, _ON)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world
        everything = before["Recorder"].get("recordingGroup", {}).get("allSupported", True)
        return Around(warnings=() if everything else (_FEW,), will_not_stop=(_GAP,))

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        del world, plan  # part of the interface
        raise Refused("Hikeshi does not stop a record.", hint="Whoever owns it can stop it in the AWS Config console.")

    def _told(self, world: AwsWorld, operation: str) -> dict[str, Any]:
        try:
            answer = world.read("config", operation, ConfigurationRecorderNames=[self.recorder])
        except CallFailed as failure:
            if failure.code != "NoSuchConfigurationRecorderException":
                raise
            hint = "If it was deleted, its owner makes it again: what it recorded and where to is not known here."
            place = f"{world.account} {world.region}"
            raise Refused(f"There is no configuration recorder {self.recorder} in {place}.", hint=hint) from None
        listed = answer.get("ConfigurationRecorders") or answer.get("ConfigurationRecordersStatus") or [{}]
        found: dict[str, Any] = listed[0]
        return found
