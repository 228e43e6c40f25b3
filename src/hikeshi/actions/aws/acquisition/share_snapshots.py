"""Share snapshots with the forensic account, through a second key where they are encrypted."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

import msgspec

from hikeshi.actions.action import Call
from hikeshi.actions.aws.acquisition.snapshots import EvidenceId, Snapshot, evidence
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

AccountId = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{12}$", title="Account", examples=["210987654321"])]
KeyArn = Annotated[
    str,
    msgspec.Meta(
        pattern=r"^(arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[0-9a-zA-Z-]+)?$",
        title="Second key (ARN)",
        description="A customer key that the other account may use; needed where the snapshot's own key is not one.",
    ),
]

_KEY = Text(
    en="A second key opens the snapshot for the other account; its own key and its data stay as they are.",
    ja="別アカウントが開けるように 2 つ目の鍵を関連付けます。元の鍵とデータは変わりません。",
)
_SHARE = Text(
    en="The other account may make volumes and copies from it.",
    ja="別アカウントでボリュームや複製を作成できるようにします。",
)
_UNSHARE = Text(en="Only who had it before may use it.", ja="以前から許可されていた相手だけが使えるようにします。")


class ShareSnapshots(Setting[AwsWorld], frozen=True, kw_only=True):
    """Lets the forensic account use the snapshots: there they are copied to a key of its own (`aws.ebs.copy`) and locked, then unshared.

    Source: Amazon EC2 API Reference, ModifySnapshotAttribute and AssociateKmsKeyId. What is encrypted under the account's default key
    cannot be shared without a second key, and a key of which the other account knows nothing is of no use to it: the plan says so. [?] That
    a second key is enough for the default key is to be proven on a real account.
    """

    name: ClassVar = "aws.ebs.share"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    target: ClassVar = "snapshot"
    title: ClassVar = Text(
        en="Share snapshots with the forensic account", ja="スナップショットを解析用アカウントと共有する"
    )
    what: ClassVar = Text(
        en="Lets another account read the snapshots, so that the evidence can be copied out of this account's reach.",
        ja="別アカウントにスナップショットの利用を許可し、証拠をこのアカウントの手の届かない場所へ複製できるようにします。",
    )
    by_hand: ClassVar = Text(
        en="EC2 console, Snapshots, Actions, Modify permissions: remove the account. Then disassociate the second key.",
        ja="EC2 コンソールの「スナップショット」→「アクション」→「許可を変更」でアカウントを外し、2 つ目の鍵の関連付けを解除します。",
    )
    permissions: ClassVar = (
        "ec2:AssociateKmsKeyId", "ec2:DescribeInstances", "ec2:DescribeSnapshotAttribute", "ec2:DescribeSnapshots",
        "ec2:DisassociateKmsKeyId", "ec2:ModifySnapshotAttribute", "kms:DescribeKey", "kms:GetKeyPolicy",
    )  # fmt: skip
    eventually: ClassVar = ("InvalidSnapshot.NotFound",)

    evidence_of: EvidenceId
    account: AccountId
    key: KeyArn = ""

    def read(self, world: AwsWorld) -> dict[str, Any]:
        """Per snapshot: the second keys, before who may use it, so that it is not shared before it can be opened."""
        found = evidence(world, self.evidence_of)
        keys = {f"{name} keys": list(one.keys) for name, one in found.items() if one.encrypted}
        return keys | {f"{name} shared with": _shared(world, name) for name in found}

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        """Raises `Refused` where the other account could not open what it is given."""
        for one in evidence(world, self.evidence_of).values():
            self._openable(world, one)
        return {part: sorted({*now, *self._added(part)}) for part, now in before.items() if self._added(part)}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:  # noqa: ARG002
        name, _, what = part.partition(" ")
        if what == "keys":
            yield from (_key(name, key, "Associate", _KEY) for key in new if key not in now)
            yield from (_key(name, key, "Disassociate", _UNSHARE) for key in now if key not in new)
        else:
            yield from (_use(name, account, "add", _SHARE) for account in new if account not in now)
            yield from (_use(name, account, "remove", _UNSHARE) for account in now if account not in new)

    def resources(self, before: Parts) -> tuple[str, ...]:
        return tuple(dict.fromkeys(part.partition(" ")[0] for part in before))

    def around(self, world: AwsWorld, before: Parts) -> Around:  # noqa: ARG002
        found = evidence(world, self.evidence_of)
        keys = {key for one in found.values() if one.encrypted for key in (self.key or one.key,) if key}
        closed = [_closed(key, self.account) for key in sorted(keys) if not _knows(world, key, self.account)]
        return Around(warnings=tuple(closed))

    def _added(self, part: str) -> set[str]:
        if part.endswith(" keys"):
            return {self.key} if self.key else set()
        return {self.account}

    def _openable(self, world: AwsWorld, one: Snapshot) -> None:
        if not one.encrypted or self.key or one.keys:
            return
        if _aws_managed(world, one.key):
            hint = "Give a second key (a customer key the other account may use), or copy it first (aws.ebs.copy)."
            raise Refused(
                f"{one.id} is encrypted under the account's default key: no other account can open it.", hint=hint
            )


def _key(snapshot: str, key: str, verb: str, why: Text) -> Call:
    return Call(f"ec2:{verb}KmsKeyId", {"SnapshotId": snapshot, "KmsKeyId": key}, why)


def _use(snapshot: str, account: str, verb: str, why: Text) -> Call:
    params = {
        "SnapshotId": snapshot,
        "Attribute": "createVolumePermission",
        "OperationType": verb,
        "UserIds": [account],
    }
    return Call("ec2:ModifySnapshotAttribute", params, why)


def _shared(world: AwsWorld, snapshot: str) -> list[str]:
    told = world.read("ec2", "DescribeSnapshotAttribute", SnapshotId=snapshot, Attribute="createVolumePermission")
    return sorted(one["UserId"] for one in told.get("CreateVolumePermissions", ()) if "UserId" in one)


def _aws_managed(world: AwsWorld, key: str) -> bool:
    """Whether it is a key that AWS manages for the account; its policy cannot be changed, so nobody else ever opens it."""
    if not key:
        return True
    told = world.read("kms", "DescribeKey", KeyId=key)
    return bool(told["KeyMetadata"].get("KeyManager") == "AWS")


def _knows(world: AwsWorld, key: str, account: str) -> bool:
    """Whether the key's policy names the account at all; a key whose policy we may not read counts as not."""
    try:
        policy = world.read("kms", "GetKeyPolicy", KeyId=key, PolicyName="default")["Policy"]
    except CallFailed as failure:
        if not failure.permanent:
            raise
        return False
    return account in policy


def _closed(key: str, account: str) -> Text:
    return Text(
        en=f"The policy of {key} does not name {account}, or cannot be read: the account will see the snapshot and not open it.",
        ja=f"{key} のキーポリシーに {account} が含まれていないか、読み取れません。共有しても相手は開けません。",
    )
