"""Preserve what is in an S3 bucket: versions are kept, no rule removes any, named objects get a legal hold."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, ClassVar

import msgspec

from hikeshi.actions.action import Call, Plan, Receipt
from hikeshi.actions.aws.data.bucket import READING, Bucket, arn, configuration, configurations, owned
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused
from hikeshi.text import Text

Keys = Annotated[
    tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=1024)], ...],
    msgspec.Meta(max_length=100, title="Objects to hold", examples=[["2026/invoice.pdf"]]),
]
HOLD = "legal hold on "

_VERSIONS = Text(
    en="Deleting and overwriting leave the old version behind.",
    ja="削除や上書きをしても以前のバージョンが残るようにします。",
)
_RULES = Text(en="No lifecycle rule may remove evidence.", ja="ライフサイクルルールが証拠を消さないようにします。")
_HOLD = Text(en="This version must not be deleted.", ja="このバージョンを削除できないようにします。")
_LOSS = Text(
    en="Versioning is suspended, not gone: once it was on, a bucket never returns to never versioned. Versions made meanwhile stay.",
    ja="バージョニングは停止になり、未設定には戻りません。その間に作られたバージョンは残ります。",
)
_NO_LOCK = Text(
    en="Object Lock is not on for this bucket, so no legal hold is possible; the objects are kept by versioning only.",
    ja="オブジェクトロックが無効のため、リーガルホールドは設定できません。バージョニングだけで保護します。",
)
_LEFT = (
    Text(
        en="Whoever may delete versions can still delete those without a legal hold: lock the bucket or the principal as well.",
        ja="バージョンの削除権限があれば、リーガルホールドのないバージョンは削除できます。バケットや利用者の封鎖も必要です。",
    ),
    Text(
        en="Objects encrypted with a key of the attacker (SSE-C) stay unreadable; only versions from before help.",
        ja="攻撃者の鍵（SSE-C）で暗号化されたものは読めません。以前のバージョンだけが役立ちます。",
    ),
)


class Preserve(Setting[AwsWorld], frozen=True, kw_only=True):
    """Versioning on, every lifecycle rule off, legal hold on the current version of named objects.

    Source: Amazon S3 API Reference, PutBucketVersioning, PutBucketLifecycleConfiguration, PutObjectLegalHold. A copy into an account of
    its own is not made here.
    """

    name: ClassVar = "aws.s3.preserve"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "with-loss"
    target: ClassVar = "bucket"
    title: ClassVar = Text(en="Preserve the bucket's contents", ja="バケットの内容を保全する")
    what: ClassVar = Text(
        en="Turns versioning on, turns every lifecycle rule off and puts a legal hold on the named objects.",
        ja="バージョニングを有効にし、ライフサイクルルールをすべて無効にし、指定したオブジェクトにリーガルホールドを設定します。",
    )
    by_hand: ClassVar = Text(
        en="S3 console: Properties, suspend versioning; Management, turn the rules saved in the plan on again; each object, legal hold off.",
        ja="S3 コンソールで、バージョニングを停止し、計画に保存されたルールを有効に戻し、各オブジェクトのリーガルホールドを外します。",
    )
    permissions: ClassVar = tuple(
        sorted(
            (
                *READING,
                "s3:GetObjectLegalHold",
                "s3:PutBucketVersioning",
                "s3:PutLifecycleConfiguration",
                "s3:PutObjectLegalHold",
            )
        )
    )

    bucket: Bucket
    keys: Keys = ()

    def resources(self, before: Parts) -> tuple[str, ...]:
        del before
        return self.bucket, arn(self.bucket)

    def read(self, world: AwsWorld) -> dict[str, Any]:
        versioned = configuration(world, self.bucket, "Versioning") or {}
        holdable = self.keys and configuration(world, self.bucket, "ObjectLock")
        return {
            "Versioning": versioned.get("Status") == "Enabled",
            "Lifecycle": configuration(world, self.bucket, "Lifecycle"),
            **({HOLD + key: self._held(world, key) for key in self.keys} if holdable else {}),
        }

    def saved(self, world: AwsWorld) -> dict[str, Any]:
        return configurations(world, self.bucket)

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del world
        holds = {part: "ON" for part in before if part.startswith(HOLD)}
        if (there := before["Lifecycle"]) is None:
            return {"Versioning": True, **holds}
        stopped = [{**rule, "Status": "Disabled"} for rule in there["Rules"]]
        return {"Versioning": True, "Lifecycle": {**there, "Rules": stopped}, **holds}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del now
        which = owned(world, self.bucket)
        if part == "Versioning":
            status = {"Status": "Enabled" if new else "Suspended"}
            yield Call("s3:PutBucketVersioning", {**which, "VersioningConfiguration": status}, _VERSIONS)
        elif part == "Lifecycle":
            rest = {name: value for name, value in new.items() if name != "Rules"}
            rules = {"LifecycleConfiguration": {"Rules": new["Rules"]}, **rest}
            yield Call("s3:PutBucketLifecycleConfiguration", {**which, **rules}, _RULES)
        else:
            held = {"Key": part.removeprefix(HOLD), "LegalHold": {"Status": new}}
            yield Call("s3:PutObjectLegalHold", {**which, **held}, _HOLD)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world
        return Around(warnings=(_NO_LOCK,) if self.keys and not before["ObjectLock"] else (), will_not_stop=_LEFT)

    def undo(self, world: AwsWorld, plan: Plan) -> Receipt:
        told = Setting.undo(self, world, plan)
        lost = () if plan.before["parts"]["Versioning"] else (_LOSS,)
        return msgspec.structs.replace(told, still_open=(*told.still_open, *lost))

    def _held(self, world: AwsWorld, key: str) -> str:
        try:
            told = world.read("s3", "GetObjectLegalHold", **owned(world, self.bucket), Key=key)
        except CallFailed as failure:
            if failure.code in ("NoSuchKey", "NoSuchVersion"):
                hint = "Leave it out; a deleted object's versions are kept by versioning."
                raise Refused(f"There is no object {key!r} in bucket {self.bucket}.", hint=hint) from None
            if failure.code == "NoSuchObjectLockConfiguration":
                return "OFF"
            raise
        return str(told.get("LegalHold", {}).get("Status", "OFF"))
