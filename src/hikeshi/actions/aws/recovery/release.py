"""Release an instance: in which order what was done to it is undone, and whether the evidence is safe first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import ClassVar, Final

from hikeshi.actions.action import Action, Plan, Receipt
from hikeshi.actions.aws.acquisition.lock_snapshots import locks
from hikeshi.actions.aws.acquisition.snapshots import Snapshot, evidence
from hikeshi.actions.aws.machines import InstanceId, living_instance
from hikeshi.actions.aws.recovery.standing import named, stands, to_undo, undo_it
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.planning import make_plan, nothing_to_undo, receipt
from hikeshi.errors import Refused
from hikeshi.text import Text

ASK_AGAIN: Final = 60.0


class Release(Action[AwsWorld], frozen=True, kw_only=True):
    """Checks that every snapshot of the instance is complete, locked and hashed; then says what is to be undone next, until nothing is.

    It undoes nothing itself: each step is undone as a step, approved and recorded as one. What is to be undone comes from the saved plans of
    the incident, the last one first, never from tags. Where somebody else has changed something, people have to look before going on.
    """

    name: ClassVar = "aws.ec2.release"
    provider: ClassVar = "aws"
    effect: ClassVar = "look"
    reversible: ClassVar = "no"
    target: ClassVar = "instance"
    title: ClassVar = Text(en="Release an instance step by step", ja="インスタンスの封じ込めを順に解除する")
    what: ClassVar = Text(
        en="Checks that the evidence is safe, then names what was done to the instance in the order in which to undo it, until all is undone.",
        ja="証拠の保全を確認したうえで、インスタンスに行った変更を解除する順に示し、すべて解除されるまで見届けます。",
    )
    by_hand: ClassVar = Text(en="Nothing to undo.", ja="元に戻すものはありません。")
    permissions: ClassVar = (
        "ec2:DescribeInstances", "ec2:DescribeLockedSnapshots", "ec2:DescribeSnapshots", "s3:ListBucket",
    )  # fmt: skip

    instance_id: InstanceId
    without_evidence: str = ""
    """Why it may be released although its evidence is not safe; empty: it may not."""

    def plan(self, world: AwsWorld) -> Plan:
        """Raises `Refused` where the evidence is not complete, locked and hashed, and no reason is given to go on without."""
        living_instance(world, self.instance_id)
        missing = list(self._missing(world))
        if missing and not self.without_evidence.strip():
            hint = "Complete it (aws.ebs.lock, aws.ebs.hash), or give the reason why it may be released without."
            raise Refused(
                f"The evidence of {self.instance_id} is not safe: {'; '.join(one.en for one in missing)}", hint=hint
            )
        order = [named(plan) for plan in self._to_undo(world)]
        return make_plan(
            world, self, resources=(self.instance_id,), calls=(), before={"evidence_missing": [one.en for one in missing]},
            after={"order": order}, warnings=missing,
        )  # fmt: skip

    def do(self, world: AwsWorld, plan: Plan) -> Receipt:
        return self.check(world, plan)

    def check(self, world: AwsWorld, plan: Plan) -> Receipt:  # noqa: ARG002
        """`pending` while something is in effect, which is named; `partial` where somebody else has changed something."""
        found = [(one, stands(world, one)) for one in self._to_undo(world)]
        state = {named(one): stand for one, stand in found}
        changed = [one for one, stand in found if stand == "changed by somebody else"]
        left = [one for one, stand in found if stand == "in effect"]
        if changed:
            summary = Text(
                en=f"Stop: {named(changed[0])} was changed by somebody else. Look at it before anything more is undone.",
                ja=f"停止: {named(changed[0])} はほかの誰かに変更されています。解除を続ける前に確認してください。",
            )
            return receipt(self, "partial", summary, state, still_open=map(undo_it, changed))
        if left:
            summary = Text(
                en=f"Undo next: {named(left[0])}. {len(left)} of {len(found)} are in effect.",
                ja=f"次に解除: {named(left[0])}。{len(found)} 件中 {len(left)} 件が有効です。",
            )
            return receipt(self, "pending", summary, state, still_open=map(undo_it, left), again_in=ASK_AGAIN)
        summary = Text(
            en=f"Nothing that was done to {self.instance_id} is in effect any more.",
            ja=f"{self.instance_id} に対する変更はすべて解除されています。",
        )
        return receipt(self, "done", summary, state, grade="configured")

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        del world, plan  # part of the interface, and nothing here to restore
        raise nothing_to_undo(self, "Nothing was changed.")

    def _to_undo(self, world: AwsWorld) -> list[Plan]:
        return to_undo(world, lambda plan: self.instance_id in plan.resources)

    def _missing(self, world: AwsWorld) -> Iterator[Text]:
        """What is not safe of the evidence."""
        try:
            snapshots = evidence(world, self.instance_id)
        except Refused as refused:
            yield Text(en=refused.message, ja=f"{self.instance_id} のスナップショットがありません。")
            return
        locked, hashed = locks(world, snapshots), _hashed(world, snapshots)
        for name, snapshot in snapshots.items():
            yield from _unsafe(snapshot, locked=locked[name] is not None, hashed=name in hashed)


def _unsafe(snapshot: Snapshot, *, locked: bool, hashed: bool) -> Iterator[Text]:
    if snapshot.pending:
        yield Text(en=f"{snapshot.id} is not complete", ja=f"{snapshot.id} は複製中です")
    if not locked:
        yield Text(en=f"{snapshot.id} is not locked", ja=f"{snapshot.id} はロックされていません")
    if not hashed:
        yield Text(en=f"{snapshot.id} is not hashed", ja=f"{snapshot.id} のハッシュがありません")


def _hashed(world: AwsWorld, snapshots: Iterable[str]) -> set[str]:
    """The snapshots whose image record is in the evidence bucket, whichever step has made it."""
    if not world.settings.evidence_bucket:
        return set()
    within = {"Bucket": world.settings.evidence_bucket, "Prefix": f"{world.settings.evidence_prefix}/{world.incident}/"}
    keys = [str(one["Key"]) for one in world.pages("s3", "ListObjectsV2", "Contents", **within)]
    return {name for name in snapshots if any(key.endswith(f"/ebs-{name}/image.json") for key in keys)}
