"""Make the operating system crash and write its memory to its own disk: the last way to memory where no agent answers."""

from __future__ import annotations

from typing import ClassVar

from hikeshi.actions.action import Action, Call, Outcome, Plan, Receipt
from hikeshi.actions.aws.instance.console_text import console_text, crashes
from hikeshi.actions.aws.machines import InstanceId, containable_instance, living_instance
from hikeshi.actions.aws.world import PAUSES, AwsWorld
from hikeshi.actions.planning import make_plan, nothing_to_undo, receipt
from hikeshi.errors import Refused
from hikeshi.text import Text

_WHY = Text(
    en="An interrupt that the operating system answers with a crash dump, where it is set up for that.",
    ja="OS がクラッシュダンプを書き出すよう設定されていれば、この割り込みに応じて書き出します。",
)
_ENDS = Text(
    en="The operating system crashes: everything that runs is lost but what the dump holds, and it restarts afterwards.",
    ja="OS がクラッシュします。ダンプに残るもの以外、動作中のすべてが失われ、その後再起動します。",
)
_SET_UP = Text(
    en="Whether kdump (Linux) or a dump on NMI (Windows) is set up cannot be seen from outside. Without it memory is simply lost.",
    ja="kdump（Linux）や NMI でのダンプ（Windows）が設定されているかは外から分かりません。未設定ならメモリは失われます。",
)
_DISK = Text(
    en="The dump overwrites free space of the disk, deleted files among it: take a snapshot before, and another one after.",
    ja="ダンプはディスクの空き領域（削除済みファイルを含む）を上書きします。前と後にスナップショットを取得してください。",
)
_HIBERNATE = Text(
    en="Milder where the instance was launched for it: aws.ec2.stop with hibernate, then a snapshot of the root volume.",
    ja="休止に対応した起動なら、aws.ec2.stop（hibernate）の後にルートボリュームのスナップショットを取る方が穏やかです。",
)


class CrashDump(Action[AwsWorld], frozen=True, kw_only=True):
    """Amazon EC2 API Reference, SendDiagnosticInterrupt; Amazon EC2 User Guide, "Send a diagnostic interrupt" (Nitro instances).

    EC2 keeps no trace of having sent it, and a second one could break a dump that is being written. So what stands on the console is
    compared with the plan: where a crash has been written there since, none is sent. A host that writes nothing there (Windows) would get
    a second one from a worker that takes over in between.
    """

    name: ClassVar = "aws.ec2.crash_dump"
    provider: ClassVar = "aws"
    effect: ClassVar = "destroy"
    reversible: ClassVar = "no"
    target: ClassVar = "instance"
    title: ClassVar = Text(en="Force a crash dump", ja="クラッシュダンプを強制する")
    what: ClassVar = Text(
        en="Makes the operating system crash so that it writes its memory to its own disk. Everything that runs is lost.",
        ja="OS をクラッシュさせ、メモリを自身のディスクに書き出させます。動作中のものはすべて失われます。",
    )
    by_hand: ClassVar = Text(
        en="Nothing to undo: the operating system starts again by itself. Take a snapshot of the volume that holds the dump.",
        ja="元に戻すものはありません。OS は自動で再起動します。ダンプのあるボリュームのスナップショットを取得してください。",
    )
    permissions: ClassVar = ("ec2:DescribeInstances", "ec2:GetConsoleOutput", "ec2:SendDiagnosticInterrupt")
    needs_evidence: ClassVar = ("aws.ebs.snapshot_set", "aws.ssm.host_triage")

    instance_id: InstanceId

    def plan(self, world: AwsWorld) -> Plan:
        """Raises `Refused` for an instance that is protected or not running."""
        instance = containable_instance(world, self.instance_id)
        if instance.state != "running":
            raise Refused(f"{self.instance_id} is {instance.state}: it has no memory to dump.", hint="Take a snapshot.")
        text, _ = console_text(world, self.instance_id)
        milder = (_HIBERNATE,) if instance.hibernates else ()
        return make_plan(
            world, self,
            resources=(self.instance_id,),
            calls=(Call("ec2:SendDiagnosticInterrupt", {"InstanceId": self.instance_id}, _WHY),),
            before={"crashes": crashes(text)}, after={}, warnings=(_ENDS, _SET_UP, _DISK, *milder),
        )  # fmt: skip

    def do(self, world: AwsWorld, plan: Plan) -> Receipt:
        containable_instance(world, self.instance_id)
        if self._crashed(world, plan):
            return self._told("already-done", crashed=True)
        world.send(plan.calls[0])
        return self._told("done", crashed=self._seen(world, plan))

    def check(self, world: AwsWorld, plan: Plan) -> Receipt:
        """Grade `effect-proven` where the crash stands on the console, which the host cannot write by accepting the interrupt alone."""
        living_instance(world, self.instance_id)
        crashed = self._crashed(world, plan)
        return self._told("done" if crashed else "unknown", crashed=crashed)

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        del world, plan  # part of the interface, and nothing here to restore
        raise nothing_to_undo(self, "The operating system starts again by itself.")

    def _crashed(self, world: AwsWorld, plan: Plan) -> bool:
        return crashes(console_text(world, self.instance_id)[0]) > int(plan.before["crashes"])

    def _seen(self, world: AwsWorld, plan: Plan) -> bool:
        """The console, read until the crash shows, within bounds."""
        for pause in PAUSES:
            if self._crashed(world, plan):
                return True
            world.pause(pause)
        return False

    def _told(self, outcome: Outcome, *, crashed: bool) -> Receipt:
        summary = Text(
            en="The crash stands on the console." if crashed else "No crash shows on the console (yet).",
            ja="クラッシュがコンソールに記録されています。"
            if crashed
            else "コンソールにクラッシュは（まだ）見えません。",
        )
        left = (_DISK,) if crashed else (_SET_UP, _DISK)
        grade = "effect-proven" if crashed else "none"
        return receipt(self, outcome, summary, {"crashed": crashed}, grade=grade, still_open=left)  # type: ignore[arg-type]
