"""Scale an ECS service to nothing: its tasks are stopped and none is started, also not by automatic scaling."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Final

import msgspec

from hikeshi.actions.action import Call
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

EcsName = Annotated[str, msgspec.Meta(pattern=r"^[a-zA-Z0-9\-_]{1,255}$", title="Name", examples=["production"])]
DIMENSION: Final = "ecs:service:DesiredCount"
SUSPENDED: Final = ("DynamicScalingInSuspended", "DynamicScalingOutSuspended", "ScheduledScalingSuspended")

_HOLD = Text(
    en="Automatic scaling must not start tasks again.", ja="自動スケーリングでタスクが再開されないようにします。"
)
_NONE = Text(en="No task of the service runs any more.", ja="サービスのタスクをすべて止めます。")
_BACK = Text(en="As saved in the plan.", ja="計画に保存された値に戻します。")
_LOST = Text(
    en="Stopped tasks are gone with their memory and their files: take what is needed from them first.",
    ja="停止したタスクのメモリとファイルは失われます。必要なものを先に取得してください。",
)
_LEFT = (
    Text(
        en="Tasks that were started outside the service, and credentials of its task role that were taken.",
        ja="サービス外で起動されたタスクと、盗まれたタスクロールの認証情報。",
    ),
    Text(
        en="A service with an external deployment controller is scaled by that one.",
        ja="外部デプロイコントローラーのサービスは、そちらが台数を決めます。",
    ),
)


class ContainService(Setting[AwsWorld], frozen=True, kw_only=True):
    """Desired count 0, after scaling was suspended. The interface of a task belongs to ECS and cannot be given other groups.

    Source: Amazon ECS API Reference, UpdateService; Application Auto Scaling API Reference, RegisterScalableTarget (SuspendedState).
    """

    name: ClassVar = "aws.ecs.contain"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "with-loss"
    target: ClassVar = "service"
    title: ClassVar = Text(en="Stop the service's tasks", ja="サービスのタスクを止める")
    what: ClassVar = Text(
        en="Suspends automatic scaling and sets the desired count to 0; the definition and the service stay.",
        ja="自動スケーリングを停止し、必要タスク数を 0 にします。定義とサービスは残ります。",
    )
    by_hand: ClassVar = Text(
        en="ECS console, the service, Update: the desired count saved in the plan; then resume its scaling.",
        ja="ECS コンソールのサービス［更新］で、計画に保存されたタスク数に戻し、スケーリングを再開します。",
    )
    permissions: ClassVar = (
        "application-autoscaling:DescribeScalableTargets",
        "application-autoscaling:RegisterScalableTarget",
        "ecs:DescribeServices",
        "ecs:UpdateService",
    )

    cluster: EcsName
    service: EcsName

    @property
    def _scaled(self) -> dict[str, str]:
        return {"ServiceNamespace": "ecs", "ScalableDimension": DIMENSION, "ResourceId": self._id}

    @property
    def _id(self) -> str:
        return f"service/{self.cluster}/{self.service}"

    def resources(self, before: Parts) -> tuple[str, ...]:
        del before
        return self._id, self.cluster, self.service

    def read(self, world: AwsWorld) -> dict[str, Any]:
        service = self._service(world)
        asked = {"ServiceNamespace": "ecs", "ResourceIds": [self._id], "ScalableDimension": DIMENSION}
        targets = world.read("application-autoscaling", "DescribeScalableTargets", **asked)["ScalableTargets"]
        state = targets[0].get("SuspendedState", {}) if targets else {}
        return {
            **({"Scaling": {name: bool(state.get(name)) for name in SUSPENDED}} if targets else {}),
            "Desired count": int(service["desiredCount"]),
        }

    def saved(self, world: AwsWorld) -> dict[str, Any]:
        service = self._service(world)
        names = ("launchType", "networkConfiguration", "runningCount", "taskDefinition")
        return {"Service": msgspec.to_builtins({name: service[name] for name in names if name in service})}

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del world
        scaling = {"Scaling": dict.fromkeys(SUSPENDED, True)} if "Scaling" in before else {}
        return {**scaling, "Desired count": 0}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del world, now
        if part == "Scaling":
            why = _HOLD if all(new.values()) else _BACK
            asked = {**self._scaled, "SuspendedState": new}
            yield Call("application-autoscaling:RegisterScalableTarget", asked, why)
        else:
            which = {"cluster": self.cluster, "service": self.service}
            yield Call("ecs:UpdateService", {**which, "desiredCount": new}, _BACK if new else _NONE)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world
        running = Text(
            en=f"{before['Service'].get('runningCount', 0)} tasks run at present.",
            ja=f"現在 {before['Service'].get('runningCount', 0)} 個のタスクが実行中です。",
        )
        return Around(dependants=(running,), warnings=(_LOST,), will_not_stop=_LEFT)

    def _service(self, world: AwsWorld) -> dict[str, Any]:
        try:
            found = world.read("ecs", "DescribeServices", cluster=self.cluster, services=[self.service])["services"]
        except CallFailed as failure:
            if failure.code != "ClusterNotFoundException":
                raise
            found = []
        if not found or found[0].get("status") == "INACTIVE":
            raise Refused(f"There is no service {self._id} in {world.account}.", hint="Check the region and the names.")
        if found[0].get("schedulingStrategy") == "DAEMON":
            hint = "Contain the container instances it runs on."
            raise Refused(f"{self._id} runs one task on every instance and has no count.", hint=hint)
        service: dict[str, Any] = found[0]
        return service
