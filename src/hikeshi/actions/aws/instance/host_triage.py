"""Ask the operating system of an instance what it is doing right now, before that is lost."""

from __future__ import annotations

import base64
import binascii
import hashlib
import zlib
from collections.abc import Mapping
from importlib.resources import files
from typing import Annotated, Any, ClassVar, Final

import msgspec
import rfc8785

from hikeshi.actions.action import Action, Plan, Receipt
from hikeshi.actions.aws import commands
from hikeshi.actions.aws.machines import InstanceId, living_instance
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.planning import make_plan, nothing_to_undo, receipt
from hikeshi.aws.failures import CallFailed
from hikeshi.text import Text

_ROOM = files("hikeshi.actions.aws.instance")
SCRIPTS: Final = {
    "Linux": _ROOM.joinpath("host_triage.sh").read_text(encoding="utf-8"),
    "Windows": _ROOM.joinpath("host_triage.ps1").read_text(encoding="utf-8"),
}
PURPOSE: Final = "triage"
MOST_TEXT: Final = 256 * 1024
"""Bytes of text that are unpacked at most, whatever the host says."""

_WHY = Text(
    en="The agent lists sockets, processes, modules, users, containers and timers of the host.",
    ja="エージェントがホストの通信、プロセス、モジュール、ユーザー、コンテナ、定期実行を一覧にします。",
)
_TRUST = Text(
    en="The answer comes from the host itself: whoever controls its kernel can hide from it. Compare it with the memory image.",
    ja="回答は対象ホスト自身によるものです。カーネルを支配する攻撃者は隠れることができます。メモリイメージと照合してください。",
)
_CUT = Text(
    en="The end was cut off: Systems Manager keeps 24 000 characters. What comes first is lost last: timers and agents are missing.",
    ja="末尾が切り捨てられました（Systems Manager が保持するのは 24,000 文字まで）。定期実行やエージェントの情報が欠けています。",
)


class Head(msgspec.Struct, frozen=True):
    """The first line the script prints: size and SHA-256 of the whole text, size of it packed, and how much of that may follow."""

    bytes: Annotated[int, msgspec.Meta(ge=0)]
    sha256: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]
    packed: int
    kept: int


class Triage(msgspec.Struct, frozen=True, kw_only=True):
    """What the host said: text by section, and whether it is all of it."""

    sections: dict[str, str]
    whole: bool
    head: Head

    @property
    def sha256(self) -> str:
        """Of the sections as RFC 8785 canonical JSON, in hex."""
        return hashlib.sha256(rfc8785.dumps(self.sections)).hexdigest()


class HostTriage(Action[AwsWorld], frozen=True, kw_only=True):
    """Small and quick: each look has three seconds on the host. To be done before memory, which takes minutes.

    The answer may hold secrets that stand on command lines, so it is evidence like a memory image. Environments are not read.
    """

    name: ClassVar = "aws.ssm.host_triage"
    provider: ClassVar = "aws"
    effect: ClassVar = "collect"
    reversible: ClassVar = "no"
    target: ClassVar = "instance"
    title: ClassVar = Text(en="Look at the running host", ja="稼働中のホストを調べる")
    what: ClassVar = Text(
        en="Asks the agent for sockets, processes, deleted open files, modules, users, containers and timers. Only looks.",
        ja="エージェントに、通信、プロセス、削除済みの開いているファイル、モジュール、ユーザー、コンテナ、定期実行を調べさせます。変更はしません。",
    )
    by_hand: ClassVar = Text(
        en="Nothing to undo: a script has looked at the host and left nothing there.",
        ja="元に戻すものはありません。スクリプトは調べるだけで、ホストに何も残しません。",
    )
    permissions: ClassVar = (
        "ec2:DescribeInstances",
        "ssm:DescribeDocument",
        "ssm:DescribeInstanceInformation",
        "ssm:GetCommandInvocation",
        "ssm:ListCommands",
        "ssm:SendCommand",
    )

    instance_id: InstanceId

    def plan(self, world: AwsWorld) -> Plan:
        """Raises `Refused` for an unknown or terminated instance, or one without an agent."""
        instance = living_instance(world, self.instance_id)
        agent = commands.agent_of(world, self.instance_id)
        document = commands.document(world, agent.platform)
        order = self._order(agent.platform, document)
        return make_plan(
            world, self,
            resources=(self.instance_id,), calls=(order.call(world),),
            before={"state": instance.state, "agent": msgspec.to_builtins(agent)},
            after={"document": document, "script_sha256": commands.script_hash(order.script)},
            will_not_stop=(_TRUST,), warnings=() if agent.online else (commands.offline(self.instance_id),),
        )  # fmt: skip

    def do(self, world: AwsWorld, plan: Plan) -> Receipt:
        """Outcome `pending` where the agent takes its time."""
        living_instance(world, self.instance_id)
        order = self._planned(plan)
        known = commands.history(world, self.instance_id, (PURPOSE,))
        try:
            sent = known[0] if known else commands.send(world, order)
        except CallFailed as failure:
            if not failure.permanent:
                raise
            return self._failed(Text(en=f"it could not be sent: {failure}", ja=f"送信できません（{failure.code}）"), {})
        told = self._told(plan, sent, commands.wait(world, order, sent))
        return msgspec.structs.replace(told, outcome="already-done") if known and told.outcome == "done" else told

    def check(self, world: AwsWorld, plan: Plan) -> Receipt:
        known = commands.history(world, self.instance_id, (PURPOSE,))
        if not known:
            return self._failed(Text(en="no command was sent", ja="コマンドは送信されていません"), {})
        order = self._planned(plan)
        return self._told(plan, known[0], commands.wait(world, order, known[0]))

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        del world, plan  # part of the interface, and nothing here to restore
        raise nothing_to_undo(self, "What was collected is kept as evidence.")

    def _planned(self, plan: Plan) -> commands.Order:
        return self._order(plan.before["agent"]["platform"], plan.after["document"])

    def _order(self, platform: Any, document: Mapping[str, str]) -> commands.Order:
        return commands.Order(
            instance_id=self.instance_id, purpose=PURPOSE, script=SCRIPTS[platform], why=_WHY, platform=platform,
            document=document,
        )  # fmt: skip

    def _told(self, plan: Plan, sent: commands.Sent, said: commands.Said) -> Receipt:
        if said.state == "failed":
            return self._failed(said.why, dict(said.observed))
        if said.state == "waiting":
            summary = Text(
                en=f"The host is being looked at ({said.status}).", ja=f"ホストを調べています（{said.status}）。"
            )
            return receipt(self, "pending", summary, {"status": said.status}, again_in=commands.ASK_AGAIN)
        try:
            found = unpacked(said.output)
        except (msgspec.MsgspecError, binascii.Error, zlib.error, ValueError) as reason:
            return self._failed(
                Text(en=f"the answer is unreadable: {reason}", ja=f"回答を読み取れません: {reason}"), {}
            )
        summary = Text(
            en=f"{found.head.bytes} bytes about the running host, SHA-256 {found.head.sha256} as it told.",
            ja=f"稼働中のホストの情報 {found.head.bytes} バイト、SHA-256 {found.head.sha256}（ホストの報告値）。",
        )
        observed = {
            "sections": found.sections, "sections_sha256": found.sha256, "whole": found.whole,
            "text_sha256": found.head.sha256, "command_id": sent.id, "asked_at": sent.at.isoformat(), **plan.after,
        }  # fmt: skip
        left = (_TRUST,) if found.whole else (_CUT, _TRUST)
        return receipt(self, "done", summary, observed, grade="configured", still_open=left)

    def _failed(self, why: Text, observed: dict[str, Any]) -> Receipt:
        summary = Text(en=f"The host was not looked at: {why.en}.", ja=f"ホストを調べられませんでした: {why.ja}。")
        return receipt(self, "failed", summary, observed)


def unpacked(output: str) -> Triage:
    """What the script printed: a line of JSON, a line of base64. A packed text that was cut gives its beginning.

    Raises `msgspec.MsgspecError`, `binascii.Error`, `zlib.error` or `ValueError` where it is something else.
    """
    head_line, _, body = output.strip().partition("\n")
    head = msgspec.json.decode(head_line, type=Head)
    packed = base64.b64decode(body.strip(), validate=True)
    text = zlib.decompressobj(wbits=31).decompress(packed, MOST_TEXT)
    whole = hashlib.sha256(text).hexdigest() == head.sha256
    if not whole and head.packed <= len(packed):
        raise ValueError("it does not hash to what the host said")
    sections: dict[str, str] = {}
    for part in text.decode("utf-8", "replace").split("\n== ")[1:]:
        name, _, said = part.partition("\n")
        sections[name.strip()[:40]] = said
    return Triage(sections=sections, whole=whole, head=head)
