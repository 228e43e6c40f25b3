"""End the Session Manager sessions that are open on an instance."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

import msgspec

from hikeshi.actions.action import Call, Plan, Receipt
from hikeshi.actions.aws.instance.instance_setting import InstanceSetting
from hikeshi.actions.aws.machines import living_instance
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.planning import nothing_to_undo
from hikeshi.actions.setting import Around, Parts
from hikeshi.text import Text

_WHY = Text(
    en="A shell that is open may be the intruder's.", ja="開いているシェルは攻撃者のものである可能性があります。"
)
_LEFT = (
    Text(
        en="Whoever is permitted to start a session can start another: deny it to the principal as well (aws.iam.deny_shells).",
        ja="セッション開始を許可されている者は、再び開始できます。その主体にも拒否を加えてください（aws.iam.deny_shells）。",
    ),
    Text(
        en="What was started in a session and put into the background goes on, and so do SSH, the serial console and Run Command.",
        ja="セッションから起動されバックグラウンドで動いているもの、SSH、シリアルコンソール、Run Command は止まりません。",
    ),
)


class EndSessions(InstanceSetting, frozen=True, kw_only=True):
    """AWS Systems Manager API Reference: DescribeSessions, TerminateSession. Who had them open is kept in the plan."""

    name: ClassVar = "aws.ssm.end_sessions"
    effect: ClassVar = "contain"
    reversible: ClassVar = "no"
    title: ClassVar = Text(en="End the open sessions", ja="開いているセッションを終了する")
    what: ClassVar = Text(
        en="Ends every Session Manager session that is open on the instance, and records who had it.",
        ja="インスタンスで開いている Session Manager のセッションをすべて終了し、利用者を記録します。",
    )
    by_hand: ClassVar = Text(
        en="Nothing to undo: whoever had a session and is permitted to can start a new one.",
        ja="元に戻すものはありません。許可されている利用者は新しいセッションを開始できます。",
    )
    permissions: ClassVar = ("ec2:DescribeInstances", "ssm:DescribeSessions", "ssm:TerminateSession")

    def read(self, world: AwsWorld) -> dict[str, Any]:
        living_instance(world, self.instance_id)
        only = [{"key": "Target", "value": self.instance_id}]
        told = world.pages("ssm", "DescribeSessions", "Sessions", State="Active", Filters=only)
        open_ones = (one for one in told if not one.get("Status", "").startswith("Terminat"))
        return {one["SessionId"]: {"owner": one.get("Owner", ""), "started": _moment(one)} for one in open_ones}

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del world
        return dict.fromkeys(before)

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del world, now, new
        return [Call("ssm:TerminateSession", {"SessionId": part}, _WHY)]

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world, before
        return Around(will_not_stop=_LEFT)

    def check(self, world: AwsWorld, plan: Plan) -> Receipt:
        """Sessions begun since the plan are named: the approval did not cover them."""
        told = super().check(world, plan)
        newer = [one for one in told.observed["parts"] if one not in plan.after["parts"]]
        return msgspec.structs.replace(told, still_open=(*(_begun(one) for one in newer), *told.still_open))

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        del world, plan
        raise nothing_to_undo(self, "Whoever is permitted to can start a new session.")


def _moment(session: Any) -> str:
    started = session.get("StartDate")
    return started.isoformat() if started else ""


def _begun(session: str) -> Text:
    return Text(
        en=f"Session {session} was opened after the plan and is still open: plan this step again.",
        ja=f"セッション {session} は計画の後に開かれ、まだ開いています。この手順をもう一度計画してください。",
    )
