"""Keep what ECS knows of a task, its definition and the images it runs: there is no host to look at afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from hikeshi.actions.aws.acquisition.image_parts import PERMISSIONS, Image, image_of, image_parts
from hikeshi.actions.aws.acquisition.keep_parts import KeepParts, Part, document
from hikeshi.actions.aws.data.contain_service import EcsName
from hikeshi.actions.aws.data.stop_task import TaskId
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.errors import Refused
from hikeshi.text import Text

_LEFT = (
    Text(
        en="What the task wrote to its own file system and holds in memory: only a command inside it gets at that.",
        ja="タスクのファイルシステムへの書き込みとメモリは含まれません。取得できるのはタスク内のコマンドだけです。",
    ),
    Text(
        en="Images of other registries or regions are named in the task and not copied.",
        ja="他のレジストリやリージョンのイメージは、タスクの情報に名前が残るだけで複製しません。",
    ),
)


class AcquireTask(KeepParts, frozen=True, kw_only=True):
    """Task and definition as canonical JSON, and every image of this account's registry in this region, by the digest that runs.

    Source: Amazon ECS API Reference, DescribeTasks (a stopped task is told for about an hour), DescribeTaskDefinition.
    """

    name: ClassVar = "aws.ecs.acquire_task"
    provider: ClassVar = "aws"
    effect: ClassVar = "collect"
    reversible: ClassVar = "no"
    target: ClassVar = "task"
    title: ClassVar = Text(en="Keep a task and its images", ja="タスクとイメージを保存する")
    what: ClassVar = Text(
        en="Copies what ECS tells of a task, its definition and the images it runs into the evidence bucket. The task runs on.",
        ja="タスクの情報、タスク定義、実行中のイメージを証拠バケットに保存します。タスクは動いたままです。",
    )
    by_hand: ClassVar = Text(en="Nothing to undo.", ja="元に戻すものはありません。")
    permissions: ClassVar = (
        *PERMISSIONS,
        "ecs:DescribeTaskDefinition",
        "ecs:DescribeTasks",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:PutObject",
    )

    cluster: EcsName
    task: TaskId

    def about(self) -> str:
        return f"{self.cluster}/{self.task}"

    def gaps(self) -> tuple[Text, ...]:
        return _LEFT

    def parts_of(self, world: AwsWorld) -> Iterator[Part]:
        told = world.read("ecs", "DescribeTasks", cluster=self.cluster, tasks=[self.task], include=["TAGS"])
        if not told.get("tasks"):
            hint = "ECS forgets a stopped task after about an hour. Check the cluster and the region."
            raise Refused(f"There is no task {self.task} in cluster {self.cluster}.", hint=hint)
        task: dict[str, Any] = told["tasks"][0]
        yield document("task.json", task)
        definition = world.read("ecs", "DescribeTaskDefinition", taskDefinition=task["taskDefinitionArn"])
        yield document("definition.json", definition["taskDefinition"])
        known: set[str] = set()
        for image in self._images(world, task, definition["taskDefinition"]):
            for part in image_parts(world, image):
                if part.name not in known:
                    known.add(part.name)
                    yield part

    def _images(self, world: AwsWorld, task: dict[str, Any], definition: dict[str, Any]) -> Iterator[Image]:
        running = {one["name"]: one for one in task.get("containers", ())}
        for one in definition["containerDefinitions"]:
            digest = str(running.get(one["name"], {}).get("imageDigest", ""))
            image = image_of(str(one["image"]), digest)
            if image and (image.account, image.region) == (world.account, world.region):
                yield image
