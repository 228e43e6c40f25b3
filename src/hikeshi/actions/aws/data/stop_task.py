"""Stop one ECS task: what it saw of itself is in the plan, its containers are gone."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Final

import msgspec

from hikeshi.actions.action import Call, Plan, Receipt
from hikeshi.actions.aws.acquisition.metadata import plain
from hikeshi.actions.aws.data.contain_service import EcsName
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.planning import nothing_to_undo
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

TaskId = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^([0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$",
        title="Task",
        examples=["1dc5c17a422b4dc4b493371970c6c4d6"],
    ),
]
STATE: Final = "Task"
STOPPED: Final = "STOPPED"
BY_SERVICE: Final = "service:"

_WHY = Text(en="Nothing of it runs any more.", ja="タスクを停止します。")
_LOST = Text(
    en="Memory and files of its containers are lost: take what is needed from them first (ECS Exec, where it was on).",
    ja="コンテナのメモリとファイルは失われます。必要なものを先に取得してください（ECS Exec が有効な場合）。",
)
_LEFT = (
    Text(
        en="Credentials of its task role that were taken work until they end: revoke the role's sessions as well.",
        ja="盗まれたタスクロールの認証情報は期限まで使えます。ロールのセッションも無効にしてください。",
    ),
    Text(
        en="The image it came from, and other tasks of the same definition.",
        ja="元になったイメージと、同じ定義のほかのタスク。",
    ),
)


class StopTask(Setting[AwsWorld], frozen=True, kw_only=True):
    """The last rung for a task: definition, images by digest, interface and addresses are saved in the plan before.

    Source: Amazon ECS API Reference, StopTask, DescribeTasks, DescribeTaskDefinition. Its containers get SIGTERM and, after their stop
    timeout, SIGKILL. A task that was stopped is told by ECS for an hour.
    """

    name: ClassVar = "aws.ecs.stop_task"
    provider: ClassVar = "aws"
    effect: ClassVar = "destroy"
    reversible: ClassVar = "no"
    target: ClassVar = "task"
    title: ClassVar = Text(en="Stop the task", ja="タスクを停止する")
    what: ClassVar = Text(
        en="Stops this one task for good. Its definition, images, interface and addresses are kept in the plan.",
        ja="このタスクだけを停止します。定義、イメージ、インターフェース、アドレスは計画に保存します。",
    )
    by_hand: ClassVar = Text(
        en="A stopped task does not come back; run its definition anew (ECS console, Run new task) once it is clean.",
        ja="停止したタスクは戻りません。安全を確認した後、ECS コンソールの［新しいタスクの実行］で定義から起動します。",
    )
    permissions: ClassVar = ("ecs:DescribeTaskDefinition", "ecs:DescribeTasks", "ecs:StopTask")

    cluster: EcsName
    task: TaskId

    def resources(self, before: Parts) -> tuple[str, ...]:
        del before
        return f"task/{self.cluster}/{self.task}", self.cluster, self.task

    def read(self, world: AwsWorld) -> dict[str, Any]:
        return {STATE: STOPPED if self._task(world)["desiredStatus"] == STOPPED else "RUNNING"}

    def saved(self, world: AwsWorld) -> dict[str, Any]:
        task = self._task(world)
        definition = world.read("ecs", "DescribeTaskDefinition", taskDefinition=task["taskDefinitionArn"])
        return {"Running": plain(task), "Definition": plain(definition["taskDefinition"])}

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del world, before
        return {STATE: STOPPED}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del part, now, new
        reason = f"Hikeshi {world.incident}"
        yield Call("ecs:StopTask", {"cluster": self.cluster, "task": self.task, "reason": reason}, _WHY)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world
        group = str(before["Running"].get("group", ""))
        service = group.removeprefix(BY_SERVICE)
        again = Text(
            en=f"The service {service} starts another one in its place: contain the service first.",
            ja=f"サービス {service} が代わりのタスクを起動します。先にサービスのタスクを止めてください。",
        )
        return Around(warnings=(_LOST, *((again,) if group.startswith(BY_SERVICE) else ())), will_not_stop=_LEFT)

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        del world, plan  # part of the interface, and nothing here to restore
        raise nothing_to_undo(self, "Run its definition anew once image and configuration are clean.")

    def _task(self, world: AwsWorld) -> dict[str, Any]:
        try:
            found = world.read("ecs", "DescribeTasks", cluster=self.cluster, tasks=[self.task])["tasks"]
        except CallFailed as failure:
            if failure.code != "ClusterNotFoundException":
                raise
            found = []
        if not found:
            hint = "Check the region and the names; ECS forgets a stopped task after an hour."
            raise Refused(f"There is no task {self.task} in {self.cluster} ({world.account}).", hint=hint)
        task: dict[str, Any] = found[0]
        return task
