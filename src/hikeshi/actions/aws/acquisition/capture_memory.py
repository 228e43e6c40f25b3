"""Capture the memory of an instance through its Systems Manager agent, straight into the evidence bucket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from typing import Annotated, Any, ClassVar, Literal

import msgspec

from hikeshi.actions.action import Action, Call, Plan, Receipt
from hikeshi.actions.aws import commands
from hikeshi.actions.aws.acquisition.memory_upload import (
    SPARE_SECONDS,
    Part,
    Upload,
    close_upload,
    open_upload,
    planned_upload,
    publish_list,
    stored_bytes,
)
from hikeshi.actions.aws.machines import Instance, InstanceId, living_instance
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.planning import make_plan, nothing_to_undo, receipt
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

Tool = Literal["auto", "avml", "lime", "winpmem"]

_ROOM = files("hikeshi.actions.aws.acquisition")


def _shipped(name: str) -> str:
    return _ROOM.joinpath(name).read_text(encoding="utf-8")


_STREAM = _shipped("capture_memory.sh")
_LINUX = {"avml": _shipped("capture_memory_avml.sh"), "lime": _shipped("capture_memory_lime.sh")}
_WINDOWS = _shipped("capture_memory_winpmem.ps1")
PURPOSE = ""
"""The one command of its step."""

_WHY = Text(
    en="The agent on the host starts the memory tool and stores the image in parts.",
    ja="ホスト上のエージェントがメモリ取得ツールを起動し、イメージを分割して保存します。",
)
_NO_BUCKET = Text(
    en="No evidence bucket is set for this account, so there is nowhere to put the memory image.",
    ja="このアカウントには証拠用バケットが設定されていないため、メモリイメージの保存先がありません。",
)

Seconds = Annotated[int, msgspec.Meta(ge=30, le=172_800)]


def script_of(tools: Sequence[str]) -> str:
    """The script for these tools, of which the first that is ready on the host is used."""
    if tools[0] == "winpmem":
        return _WINDOWS
    parts = "".join(_LINUX[tool] for tool in tools)
    return _STREAM.replace("# @TOOLS@\n", f"{parts}KINDS='{' '.join(tools)}'\n")


SCRIPT = script_of(("avml", "lime"))


class Said(msgspec.Struct, frozen=True):
    """The one line of JSON the script prints. It comes from a compromised host: what can be checked is checked."""

    tool: str
    tool_sha256: str
    bytes: int
    sha256: str
    parts: tuple[Part, ...]
    kernel: str


class CaptureMemory(Action[AwsWorld], frozen=True, kw_only=True):
    """Start a memory capture and never wait for it: after its deadlines it has failed with a reason, and containment goes on.

    The host gets no credential: it fetches one signed list of signed part addresses. The tool must already be on the host; it is
    neither built nor downloaded there, and /dev/mem is never copied. AVML for Linux on x86-64; LiME, a module for exactly that kernel,
    also on Graviton; WinPmem on Windows (its script has not been run by us). Sources: AWS Systems Manager API Reference (SendCommand,
    GetCommandInvocation), the tools' own documentation.
    """

    name: ClassVar = "aws.ssm.capture_memory"
    provider: ClassVar = "aws"
    effect: ClassVar = "collect"
    reversible: ClassVar = "no"
    evidence_kind: ClassVar = "memory"
    target: ClassVar = "instance"
    title: ClassVar = Text(en="Capture the memory", ja="メモリを取得する")
    what: ClassVar = Text(
        en="Asks the agent on the host to stream its memory into the evidence bucket. Runs a tool on the host, changes no disk.",
        ja="ホスト上のエージェントに、メモリを証拠用バケットへ送らせます。ホストでツールを実行しますが、ディスクには書き込みません。",
    )
    by_hand: ClassVar = Text(
        en="Nothing to undo. A running command can be stopped in the console: Systems Manager, Run Command, Cancel command.",
        ja="元に戻すものはありません。実行中のコマンドは Systems Manager の［Run Command］で取り消せます。",
    )
    permissions: ClassVar = (
        "ec2:DescribeInstanceTypes",
        "ec2:DescribeInstances",
        "s3:GetObject",
        "s3:ListBucketMultipartUploads",
        "s3:PutObject",
        "ssm:DescribeDocument",
        "ssm:DescribeInstanceInformation",
        "ssm:GetCommandInvocation",
        "ssm:ListCommands",
        "ssm:SendCommand",
    )

    instance_id: InstanceId
    start_deadline_seconds: Seconds = 120
    """How long the agent may take to pick the command up."""
    finish_deadline_seconds: Seconds = 900
    """How long the capture itself may take."""
    tool: Tool = "auto"
    """Which tool; left out: the first that is there of those that fit the host."""

    def plan(self, world: AwsWorld) -> Plan:
        """Raises `Refused` for an unknown or terminated instance. Without an evidence bucket the plan carries a warning."""
        instance = living_instance(world, self.instance_id)
        memory = _memory_mib(world, instance.type)
        tools = self._tools(world, instance)
        document = commands.document(world, "Windows" if "winpmem" in tools else "Linux")
        upload = planned_upload(world, self.instance_id, memory, "raw" if "winpmem" in tools else "lime")
        return make_plan(
            world,
            self,
            resources=(self.instance_id, f"s3://{upload.bucket}/{upload.key}"),
            calls=_calls(upload, self._order(tools, "<signed list of part addresses>", document).params(world))
            if upload.bucket
            else (),
            before={"state": instance.state, "memory_mib": memory},
            after={
                "upload": msgspec.to_builtins(upload),
                "tools": list(tools),
                "document": document,
                "script_sha256": commands.script_hash(script_of(tools)),
            },
            warnings=() if upload.bucket else (_NO_BUCKET,),
        )

    def do(self, world: AwsWorld, plan: Plan) -> Receipt:
        """Outcome `pending` once the command is sent; `failed` where there is no bucket or the agent is unknown."""
        upload = _upload(plan)
        if not upload.bucket:
            return receipt(self, "failed", _NO_BUCKET, {})
        living_instance(world, self.instance_id)
        if not commands.history(world, self.instance_id, (PURPOSE,)):
            try:
                self._send(world, plan, upload)
            except CallFailed as failure:
                if not failure.permanent:
                    raise
                return self._failed(
                    f"the command could not be sent: {failure}", f"コマンドを送信できません（{failure.code}）", {}
                )
        return self._pending("sent")

    def check(self, world: AwsWorld, plan: Plan) -> Receipt:
        """Ask how far the command is. Once it has succeeded this also completes the upload: the one change, recorded as such.

        Grade `effect-proven` only when the object in the bucket has the number of bytes the tool has reported.
        """
        upload = _upload(plan)
        if not upload.bucket:
            return receipt(self, "failed", _NO_BUCKET, {})
        sent = commands.history(world, self.instance_id, (PURPOSE,))
        if not sent:
            return self._failed("no command of this step was sent", "この手順のコマンドは送信されていません", {})
        said = commands.look(world, self._order(plan.after["tools"], "", plan.after["document"]), sent[0])
        if said.state == "done":
            return self._stored(world, upload, said.output, sent[0].id)
        if said.state == "waiting":
            return self._pending(said.status)
        return self._failed(said.why.en, said.why.ja, dict(said.observed))

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        del world, plan  # part of the interface, and nothing here to restore
        raise nothing_to_undo(self, "The image is deleted only when its retention ends, by the owner of the evidence.")

    def _tools(self, world: AwsWorld, instance: Instance) -> tuple[str, ...]:
        """Those that fit the host, best first. Raises `Refused` where the one that was asked for does not."""
        if instance.windows or commands.platform_of(world, instance.id) == "Windows":
            fitting: tuple[str, ...] = ("winpmem",)
        else:
            fitting = ("lime",) if instance.architecture == "arm64" else ("avml", "lime")
        if self.tool not in ("auto", *fitting):
            hint = f"Fitting: {', '.join(fitting)}."
            raise Refused(f"{self.tool} does not run on {instance.id} ({instance.architecture}).", hint=hint)
        return fitting if self.tool == "auto" else (self.tool,)

    def _send(self, world: AwsWorld, plan: Plan, upload: Upload) -> None:
        seconds = self.start_deadline_seconds + self.finish_deadline_seconds + SPARE_SECONDS
        url = publish_list(world, upload, open_upload(world, upload), seconds)
        commands.send(world, self._order(plan.after["tools"], url, plan.after["document"]))

    def _order(self, tools: Sequence[str], url: str, document: Mapping[str, str]) -> commands.Order:
        return commands.Order(
            instance_id=self.instance_id, purpose=PURPOSE, script=script_of(tools).replace("@LIST@", url), why=_WHY,
            platform="Windows" if "winpmem" in tools else "Linux",
            start_seconds=self.start_deadline_seconds, finish_seconds=self.finish_deadline_seconds,
            document=document,
        )  # fmt: skip

    def _stored(self, world: AwsWorld, upload: Upload, output: str, command_id: str) -> Receipt:
        lines = output.strip().splitlines()
        if not lines:
            return self._failed(
                "the command printed no result", "コマンドが結果を出力しませんでした", {"status": "Success"}
            )
        try:
            said = msgspec.json.decode(lines[-1], type=Said)
        except msgspec.DecodeError as error:
            return self._failed(f"the command's result is unreadable: {error}", f"結果を読み取れません: {error}", {})
        observed = {**msgspec.to_builtins(said), **upload.place, "command_id": command_id}
        try:
            close_upload(world, upload, said.parts)
            held = stored_bytes(world, upload)
        except CallFailed as failure:
            if not failure.permanent:
                raise
            return self._failed(
                f"the upload could not be completed: {failure}", f"保存を完了できません（{failure.code}）", observed
            )
        return self._held(world, said, held, observed)

    def _held(self, world: AwsWorld, said: Said, held: int, observed: dict[str, Any]) -> Receipt:
        if held != said.bytes or not held:
            return self._failed(
                f"the bucket holds {held} bytes, the tool reported {said.bytes}",
                f"バケット内は {held} バイト、ツールの報告は {said.bytes} バイトです",
                {**observed, "held": held},
            )
        summary = Text(
            en=f"The memory image is in the bucket: {held} bytes, SHA-256 {said.sha256} as reported by the tool.",
            ja=f"メモリイメージを保存しました: {held} バイト、SHA-256 {said.sha256}（ツールの報告値）。",
        )
        expected = world.settings.memory_tool_sha256
        strange = (_other_tool(said),) if expected not in ("", said.tool_sha256) else ()
        held_at = f"s3://{observed['Bucket']}/{observed['Key']}"
        state = {**observed, "held": held}
        return receipt(self, "done", summary, state, grade="effect-proven", still_open=strange, held_at=held_at)

    def _pending(self, status: str) -> Receipt:
        summary = Text(en=f"The capture is under way ({status}).", ja=f"メモリを取得しています（{status}）。")
        return receipt(self, "pending", summary, {"status": status}, again_in=commands.ASK_AGAIN)

    def _failed(self, en: str, ja: str, observed: dict[str, Any]) -> Receipt:
        summary = Text(en=f"The memory was not captured: {en}.", ja=f"メモリを取得できませんでした: {ja}。")
        return receipt(self, "failed", summary, observed)


def _memory_mib(world: AwsWorld, instance_type: str) -> int:
    told = list(world.pages("ec2", "DescribeInstanceTypes", "InstanceTypes", InstanceTypes=[instance_type]))
    return int(told[0]["MemoryInfo"]["SizeInMiB"])


def _upload(plan: Plan) -> Upload:
    return msgspec.convert(plan.after["upload"], Upload)


def _calls(upload: Upload, command: dict[str, Any]) -> list[Call]:
    return [
        Call(
            "s3:CreateMultipartUpload",
            upload.place,
            Text(en="The image is stored in parts.", ja="メモリイメージを分割して保存します。"),
        ),
        Call("s3:PutObject", {**upload.list_place, "Body": "<signed part addresses>"}, _WHY),
        Call("ssm:SendCommand", command, _WHY),
        Call("s3:CompleteMultipartUpload", upload.place, _WHY),
    ]


def _other_tool(said: Said) -> Text:
    return Text(
        en=f"The tool on the host is not the expected one (SHA-256 {said.tool_sha256}): do not rely on the image alone.",
        ja=f"ホスト上のツールが想定と異なります（SHA-256 {said.tool_sha256}）。このイメージだけに頼らないでください。",
    )
