"""Commands on hosts through Systems Manager: sent once, asked about within deadlines, read with suspicion.

A command is recognised by its comment, which holds the step and what the command is for, so that a repeat finds what an earlier attempt
has sent. The document that carries it is pinned by its hash when it is planned: Systems Manager refuses the command where somebody has
changed the document since. AWS Systems Manager API Reference: SendCommand (DocumentHash), DescribeDocument, ListCommands,
GetCommandInvocation, DescribeInstanceInformation. Kept of the output are its first 24 000 characters, for 30 days.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from hikeshi.actions.action import Call
from hikeshi.actions.aws.tags import step_mark
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.aws.failures import CallFailed, NoAnswer
from hikeshi.errors import Refused
from hikeshi.text import Text

DOCUMENTS: Final = {"Linux": "AWS-RunShellScript", "Windows": "AWS-RunPowerShellScript"}
KEPT_CHARACTERS: Final = 24_000
ASK_AGAIN: Final = 5.0
"""Seconds between two looks at a command that takes long."""
PAUSES: Final = (0.3, 0.5, 0.7, *(1.0,) * 14)
"""Seconds between the looks of somebody who waits for a short command."""

_NOT_STARTED: Final = ("Pending", "Delayed")
_RUNNING: Final = (*_NOT_STARTED, "InProgress", "Cancelling")
_COMMENT: Final = 100


class Agent(msgspec.Struct, frozen=True, kw_only=True):
    """The agent of one instance, as Systems Manager last heard of it."""

    platform: Literal["Linux", "Windows"]
    online: bool
    version: str = ""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A command to one instance. `purpose` tells several commands of one step apart; deadlines in seconds.

    `start_seconds` makes Systems Manager itself give up on an agent that does not answer, so that nothing starts late.
    """

    instance_id: str
    purpose: str
    script: str
    why: Text
    platform: Literal["Linux", "Windows"] = "Linux"
    start_seconds: int = 60
    finish_seconds: int = 60
    document: Mapping[str, str] = {}
    """What `document` has told when it was planned: the document must still hash to that."""

    def params(self, world: AwsWorld) -> dict[str, Any]:
        return {
            "InstanceIds": [self.instance_id],
            "DocumentName": DOCUMENTS[self.platform],
            **self.document,
            "Comment": comment(world, self.purpose),
            "TimeoutSeconds": self.start_seconds,
            "Parameters": {"commands": [self.script], "executionTimeout": [str(self.finish_seconds)]},
        }

    def call(self, world: AwsWorld) -> Call:
        return Call("ssm:SendCommand", self.params(world), self.why)


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A command that was sent."""

    id: str
    purpose: str
    at: datetime


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """How far a command is. With `failed` the reason is in `why`; with `done` the output is all there will be."""

    state: Literal["waiting", "done", "failed"]
    status: str
    output: str = ""
    why: Text = Text(en="", ja="")
    observed: Mapping[str, Any] = {}


def comment(world: AwsWorld, purpose: str) -> str:
    """At most 100 characters, the same on every repeat of the step."""
    return f"{step_mark(world, _COMMENT - len(purpose) - 1)} {purpose}".strip()


def script_hash(script: str) -> str:
    """SHA-256 of a script as it is shipped, in hex: `sha256sum FILE` gives the same."""
    return hashlib.sha256(script.encode()).hexdigest()


def document(world: AwsWorld, platform: Literal["Linux", "Windows"]) -> dict[str, str]:
    """The hash of the document that carries commands to this platform, as SendCommand takes it."""
    told = world.read("ssm", "DescribeDocument", Name=DOCUMENTS[platform])["Document"]
    return {"DocumentHash": str(told["Hash"]), "DocumentHashType": str(told["HashType"])}


def platform_of(world: AwsWorld, instance_id: str) -> str:
    """The platform its agent has told ("Linux", "Windows"), "" where no agent is known."""
    told = _information(world, instance_id)
    return str(told[0].get("PlatformType", "")) if told else ""


def _information(world: AwsWorld, instance_id: str) -> list[dict[str, Any]]:
    only = [{"Key": "InstanceIds", "Values": [instance_id]}]
    return list(world.pages("ssm", "DescribeInstanceInformation", "InstanceInformationList", Filters=only))


def agent_of(world: AwsWorld, instance_id: str) -> Agent:
    """Raises `Refused` where Systems Manager has never heard of an agent on this instance."""
    told = _information(world, instance_id)
    if not told:
        hint = "The agent is not installed, has no role, or has no path to Systems Manager. Take a snapshot instead."
        raise Refused(f"Systems Manager knows no agent on {instance_id}.", hint=hint)
    platform: Literal["Linux", "Windows"] = "Windows" if told[0].get("PlatformType") == "Windows" else "Linux"
    online = told[0].get("PingStatus") == "Online"
    return Agent(platform=platform, online=online, version=str(told[0].get("AgentVersion", "")))


def offline(instance_id: str) -> Text:
    return Text(
        en=f"The agent on {instance_id} has not been heard of lately: the command may never reach it.",
        ja=f"{instance_id} のエージェントから最近応答がありません。コマンドが届かない可能性があります。",
    )


def history(world: AwsWorld, instance_id: str, purposes: tuple[str, ...]) -> list[Sent]:
    """The commands of this step with one of these purposes, oldest first."""
    known = {comment(world, purpose): purpose for purpose in purposes}
    told = world.pages("ssm", "ListCommands", "Commands", InstanceId=instance_id)
    ours = (
        Sent(id=one["CommandId"], purpose=known[one["Comment"]], at=one["RequestedDateTime"])
        for one in told
        if one.get("Comment") in known
    )
    return sorted(ours, key=lambda sent: sent.at)


def send(world: AwsWorld, order: Order) -> Sent:
    """Send it. A lost answer is settled by reading: what was sent is listed. Raises `CallFailed`."""
    before = {sent.id for sent in history(world, order.instance_id, (order.purpose,))}
    try:
        world.send(order.call(world))
    except NoAnswer:
        if not _newer(world, order, before):
            raise
    for pause in PAUSES[:4]:
        if found := _newer(world, order, before):
            return found[-1]
        world.pause(pause)
    raise NoAnswer(
        "The command was accepted and is not listed.", permission="ssm:SendCommand", code="NotListed", permanent=False
    )


def _newer(world: AwsWorld, order: Order, before: set[str]) -> list[Sent]:
    return [sent for sent in history(world, order.instance_id, (order.purpose,)) if sent.id not in before]


def wait(world: AwsWorld, order: Order, sent: Sent) -> Said:
    """Look until it has ended, for some fifteen seconds at most."""
    for pause in PAUSES:
        said = look(world, order, sent)
        if said.state != "waiting":
            return said
        world.pause(pause)
    return look(world, order, sent)


def look(world: AwsWorld, order: Order, sent: Sent) -> Said:
    """Ask once how far it is. After its deadlines it has failed, whatever Systems Manager still hopes for."""
    told = _invocation(world, sent.id, order.instance_id)
    status = str(told.get("Status", "Pending"))
    if status == "Success":
        return Said(state="done", status=status, output=str(told.get("StandardOutputContent", "")))
    return _waited(world, order, sent, status) if status in _RUNNING else _ended(told, status)


def _invocation(world: AwsWorld, command_id: str, instance_id: str) -> dict[str, Any]:
    try:
        return world.read("ssm", "GetCommandInvocation", CommandId=command_id, InstanceId=instance_id)
    except CallFailed as failure:
        if failure.code != "InvocationDoesNotExist":
            raise
        return {}  # sent a moment ago, and not spread yet


def _waited(world: AwsWorld, order: Order, sent: Sent, status: str) -> Said:
    waited = (world.now() - sent.at).total_seconds()
    start, finish = order.start_seconds, order.finish_seconds
    if status in _NOT_STARTED and waited > start:
        en = f"the agent did not start within {start} seconds: it is offline or cut off"
        ja = f"エージェントが {start} 秒以内に開始しませんでした（停止中または通信不可）"
    elif waited > start + finish:
        en, ja = f"it did not finish within {finish} seconds", f"{finish} 秒以内に完了しませんでした"
    else:
        return Said(state="waiting", status=status)
    return Said(state="failed", status=status, why=Text(en=en, ja=ja), observed={"status": status})


def _ended(told: Mapping[str, Any], status: str) -> Said:
    details = str(told.get("StatusDetails") or status)
    said = str(told.get("StandardErrorContent", ""))[:300].strip()
    why = Text(
        en=f"the command ended as {details}: {said or 'it said nothing'}",
        ja=f"コマンドが {details} で終了しました: {said or '出力なし'}",
    )
    observed = {"status": status, "details": details, "code": told.get("ResponseCode", -1)}
    return Said(state="failed", status=status, why=why, observed=observed)
