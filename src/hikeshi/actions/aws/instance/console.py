"""Keep what stands on the console of an instance: its text and its picture."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Any, ClassVar, Final

from hikeshi.actions.action import Action, Plan, Receipt
from hikeshi.actions.aws.instance.console_text import console_text
from hikeshi.actions.aws.machines import InstanceId, living_instance
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.planning import make_plan, nothing_to_undo, receipt
from hikeshi.aws.failures import CallFailed
from hikeshi.text import Text

MOST_PICTURE: Final = 512 * 1024
"""Bytes; a console of 1024 x 768 is a tenth of it."""


class ReadConsole(Action[AwsWorld], frozen=True, kw_only=True):
    """Needs no agent and cannot be seen from inside. Amazon EC2 API Reference: GetConsoleOutput, GetConsoleScreenshot.

    The text may be what EC2 took minutes ago. The picture is only given for a running instance, and not by every instance type.
    """

    name: ClassVar = "aws.ec2.console"
    provider: ClassVar = "aws"
    effect: ClassVar = "collect"
    reversible: ClassVar = "no"
    target: ClassVar = "instance"
    title: ClassVar = Text(en="Read the console", ja="コンソールを読み取る")
    what: ClassVar = Text(
        en="Keeps the text and a picture of the instance's console. Nothing is changed, and nothing shows inside the host.",
        ja="インスタンスのコンソールの文字出力と画面を保存します。変更はなく、ホスト内からは分かりません。",
    )
    by_hand: ClassVar = Text(en="Nothing to undo: it was only read.", ja="元に戻すものはありません。読み取るだけです。")
    permissions: ClassVar = ("ec2:DescribeInstances", "ec2:GetConsoleOutput", "ec2:GetConsoleScreenshot")

    instance_id: InstanceId

    def plan(self, world: AwsWorld) -> Plan:
        instance = living_instance(world, self.instance_id)
        before = {"state": instance.state}
        return make_plan(world, self, resources=(self.instance_id,), calls=(), before=before, after={})

    def do(self, world: AwsWorld, plan: Plan) -> Receipt:
        """Reading it again is a new look. Outcome `partial` where only one of the two is given."""
        del plan
        observed: dict[str, Any] = {}
        missing: list[CallFailed] = []
        for look in (self._text, self._picture):
            try:
                observed |= look(world)
            except CallFailed as failure:
                if not failure.permanent:
                    raise
                missing.append(failure)
        lines = len(observed.get("text", "").splitlines())
        summary = Text(
            en=f"The console: {lines} lines of text, {observed.get('picture_bytes', 0)} bytes of picture.",
            ja=f"コンソール: 文字出力 {lines} 行、画面 {observed.get('picture_bytes', 0)} バイト。",
        )
        if not observed:
            return receipt(self, "failed", summary, {}, still_open=[_missing(one) for one in missing])
        outcome = "partial" if missing else "done"
        left = [_missing(one) for one in missing]
        return receipt(self, outcome, summary, observed, grade="configured", still_open=left)  # type: ignore[arg-type]

    def check(self, world: AwsWorld, plan: Plan) -> Receipt:
        return self.do(world, plan)

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        del world, plan  # part of the interface, and nothing here to restore
        raise nothing_to_undo(self, "What was read is kept as evidence.")

    def _text(self, world: AwsWorld) -> dict[str, Any]:
        text, taken = console_text(world, self.instance_id)
        return {"text": text, "text_sha256": hashlib.sha256(text.encode()).hexdigest(), "text_taken": taken}

    def _picture(self, world: AwsWorld) -> dict[str, Any]:
        """The picture as base64, as EC2 gives it; one that is too large or none is left out, and its hash is kept all the same."""
        told = str(world.read("ec2", "GetConsoleScreenshot", InstanceId=self.instance_id).get("ImageData", ""))
        try:
            picture = base64.b64decode(told, validate=True)
        except binascii.Error:
            picture = b""
        kept = {"picture": told} if len(picture) <= MOST_PICTURE else {}
        return {**kept, "picture_bytes": len(picture), "picture_sha256": hashlib.sha256(picture).hexdigest()}


def _missing(failure: CallFailed) -> Text:
    return Text(en=str(failure), ja=f"取得できませんでした（{failure.permission}, {failure.code}）。")
