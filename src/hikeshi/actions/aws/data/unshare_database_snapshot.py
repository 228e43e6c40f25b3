"""Stop sharing a snapshot of a database: nobody but its owner may restore it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar, Final

import msgspec

from hikeshi.actions.action import Call
from hikeshi.actions.aws.data.sharing import LEFT, NOBODY, shared_text
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

SnapshotName = Annotated[
    str, msgspec.Meta(pattern=r"^[a-zA-Z](-?[a-zA-Z0-9]){0,254}$", title="Snapshot", examples=["orders-2026-11"])
]
SHARED: Final = "Shared with"
KINDS: Final = ("DBSnapshot", "DBClusterSnapshot")
"""Of an instance or of a cluster: names of both are told apart by asking."""

_BACK = Text(en="As saved in the plan.", ja="計画に保存された共有先に戻します。")


class UnshareDatabaseSnapshot(Setting[AwsWorld], frozen=True, kw_only=True):
    """Take every account and the public off a manual snapshot of an RDS instance or an Aurora cluster.

    Source: Amazon RDS API Reference, DescribeDBSnapshotAttributes, ModifyDBSnapshotAttribute and their siblings for clusters.
    """

    name: ClassVar = "aws.rds.unshare_snapshot"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    target: ClassVar = "snapshot"
    title: ClassVar = Text(en="Stop sharing the database snapshot", ja="データベーススナップショットの共有を止める")
    what: ClassVar = Text(
        en="Removes every account and the public from those who may restore the snapshot.",
        ja="スナップショットを復元できる相手から、すべてのアカウントと公開設定を外します。",
    )
    by_hand: ClassVar = Text(
        en="RDS console, Snapshots, Share snapshot: add the accounts saved in the plan.",
        ja="RDS コンソールの［スナップショット］［スナップショットの共有］で、計画に保存されたアカウントを追加します。",
    )
    permissions: ClassVar = (
        "rds:DescribeDBClusterSnapshotAttributes",
        "rds:DescribeDBSnapshotAttributes",
        "rds:ModifyDBClusterSnapshotAttribute",
        "rds:ModifyDBSnapshotAttribute",
    )

    snapshot: SnapshotName

    def read(self, world: AwsWorld) -> dict[str, Any]:
        _, told = self._told(world)
        return {SHARED: told}

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del world
        return {SHARED: []} if before[SHARED] else {}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del part
        kind, _ = self._told(world)
        lists = {
            "ValuesToAdd": [one for one in new if one not in (now or ())],
            "ValuesToRemove": [one for one in now or () if one not in new],
        }
        asked = {f"{kind}Identifier": self.snapshot, "AttributeName": "restore"}
        changes = {name: values for name, values in lists.items() if values}
        yield Call(f"rds:Modify{kind}Attribute", {**asked, **changes}, _BACK if new else NOBODY)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world
        return Around(dependants=(shared_text(before[SHARED]),), will_not_stop=LEFT)

    def _told(self, world: AwsWorld) -> tuple[str, list[str]]:
        """The kind of snapshot, and whom it is shared with; "all" is everybody. Raises `Refused` where there is none."""
        for kind in KINDS:
            try:
                told = world.read("rds", f"Describe{kind}Attributes", **{f"{kind}Identifier": self.snapshot})
            except CallFailed as failure:
                if not failure.code.startswith(f"{kind}NotFound"):
                    raise
                continue
            listed = told[f"{kind}AttributesResult"].get(f"{kind}Attributes", ())
            whom = [one.get("AttributeValues", ()) for one in listed if one["AttributeName"] == "restore"]
            return kind, sorted(str(one) for values in whom for one in values)
        hint = "Check the account, the region and the name. Automated snapshots are never shared."
        raise Refused(f"There is no database snapshot {self.snapshot} in {world.account} {world.region}.", hint=hint)
