"""Bring the objects of a bucket back to what they were at a moment, from their own older versions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Final

import msgspec

from hikeshi.actions.action import Call
from hikeshi.actions.aws.data.bucket import Bucket
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.errors import Refused
from hikeshi.text import Text

MOST: Final = 2000
"""Objects of one plan: more are done prefix by prefix."""
DELETED: Final = "deleted"

Prefix = Annotated[str, msgspec.Meta(max_length=1024, title="Prefix", description="Only objects whose key begins so.")]
Moment = Annotated[
    datetime,
    msgspec.Meta(tz=True, title="As it was at", description="Just before the destruction began; with time zone."),
]

_COPY = Text(
    en="The older version is copied over what is there; every version stays, as evidence.",
    ja="古い版を現在の内容の上に複製します。すべての版は証拠として残ります。",
)
_HIDE = Text(
    en="A delete marker hides the object again; no version is removed.",
    ja="削除マーカーで再び隠します。版は消えません。",
)
_KEYS = Text(
    en="What was encrypted by the attacker's own key (SSE-C) comes back only where an older version is there. Versions that were deleted for good do not.",
    ja="攻撃者の鍵（SSE-C）で暗号化されたものは、古い版が残っている場合にのみ戻せます。完全に削除された版は戻せません。",
)


class RestoreVersions(Setting[AwsWorld], frozen=True, kw_only=True):
    """Copies over each object that was changed or deleted since then the version that was current then; what came new since is left.

    Nothing is ever deleted, delete markers included: a copy lies above them, so that no right to delete is needed (docs/adr/0023). It is
    refused while whoever did it could still write: the bucket must be locked in this incident (aws.s3.lock_policy) or `unlocked` given.
    Source: Amazon S3 API Reference, ListObjectVersions and CopyObject (5 GiB at most).
    """

    name: ClassVar = "aws.s3.restore_versions"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "with-loss"
    target: ClassVar = "bucket"
    title: ClassVar = Text(en="Restore objects from their older versions", ja="オブジェクトを以前の版に戻す")
    what: ClassVar = Text(
        en="Brings objects that were overwritten or deleted back to what they were at a moment. Every version is kept.",
        ja="上書きまたは削除されたオブジェクトを、指定した時点の内容に戻します。すべての版は残ります。",
    )
    by_hand: ClassVar = Text(
        en="S3 console, the object, Versions: the version before ours is what was there.",
        ja="S3 コンソールのオブジェクトの［バージョン］で、直前の版が元の内容です。",
    )
    permissions: ClassVar = (
        "s3:DeleteObject", "s3:GetBucketVersioning", "s3:GetObjectVersion", "s3:ListBucketVersions", "s3:PutObject",
    )  # fmt: skip

    bucket: Bucket
    as_of: Moment
    prefix: Prefix = ""
    unlocked: bool = False
    """Whether to go on although the bucket is not locked in this incident."""

    def read(self, world: AwsWorld) -> dict[str, Any]:
        """Each object's current content as "<entity tag> <bytes>", or "deleted". Raises `Refused` for too many."""
        return {key: _content(versions[0]) for key, versions in self._versions(world).items()}

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        """Raises `Refused` where the bucket keeps no versions, is not locked, or nothing is to be restored."""
        if world.read("s3", "GetBucketVersioning", Bucket=self.bucket).get("Status") is None:
            raise Refused(f"{self.bucket} keeps no versions.", hint="Restore from a backup.")
        self._locked(world)
        then = {key: self._then(versions) for key, versions in self._versions(world).items()}
        lost = {
            key: content
            for key, content in then.items()
            if content not in (None, DELETED) and content != before.get(key)
        }
        if not lost:
            raise Refused(
                f"Nothing in {self.bucket} has changed since {self.as_of.isoformat()}.", hint="Check moment and prefix."
            )
        return lost

    def same(self, now: Any, planned: Any) -> bool:
        """A copy of what was uploaded in parts has another entity tag, and the same size."""
        if now == planned:
            return True
        parts = [str(one).partition(" ") for one in (now, planned)]
        return any("-" in tag for tag, _, _ in parts) and parts[0][2] == parts[1][2] != ""

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:  # noqa: ARG002
        if new == DELETED:
            return [Call("s3:DeleteObject", {"Bucket": self.bucket, "Key": part}, _HIDE)]
        versions = self._versions(world, part).get(part, [])
        found = next((one for one in versions if _content(one) == new), None)
        if found is None:
            raise Refused(f"{part} has no version any more that is {new}.", hint="It was deleted for good meanwhile.")
        source = {"Bucket": self.bucket, "Key": part, "VersionId": found["VersionId"]}
        return [Call("s3:CopyObject", {"Bucket": self.bucket, "Key": part, "CopySource": source}, _COPY)]

    def resources(self, before: Parts) -> tuple[str, ...]:  # noqa: ARG002
        return (self.bucket,)

    def around(self, world: AwsWorld, before: Parts) -> Around:  # noqa: ARG002
        return Around(will_not_stop=(_KEYS,))

    def _locked(self, world: AwsWorld) -> None:
        locked = any(
            one.action == "aws.s3.lock_policy" and one.inputs.get("bucket") == self.bucket for one in world.earlier
        )
        if not locked and not self.unlocked:
            hint = "Lock it first (aws.s3.lock_policy), or say that it may be unlocked."
            raise Refused(f"{self.bucket} is not locked in this incident: whoever did it could do it again.", hint=hint)

    def _versions(self, world: AwsWorld, key: str = "") -> dict[str, list[Mapping[str, Any]]]:
        """Versions and delete markers by key, the latest first."""
        asked: dict[str, Any] = {"Bucket": self.bucket, "Prefix": key or self.prefix}
        found: dict[str, list[Mapping[str, Any]]] = {}
        while True:
            told = world.read("s3", "ListObjectVersions", **asked)
            for one in (*told.get("Versions", ()), *told.get("DeleteMarkers", ())):
                found.setdefault(one["Key"], []).append(one)
            if len(found) > MOST:
                raise Refused(f"There are more than {MOST} objects.", hint="Restore prefix by prefix.")
            if not told.get("IsTruncated"):
                break
            asked |= {"KeyMarker": told["NextKeyMarker"], "VersionIdMarker": told.get("NextVersionIdMarker", "")}
        return {
            name: sorted(versions, key=lambda one: (one["LastModified"], one.get("IsLatest", False)), reverse=True)
            for name, versions in found.items()
        }

    def _then(self, versions: list[Mapping[str, Any]]) -> str | None:
        """What was current at the moment; None where the object did not exist yet."""
        moment = self.as_of.astimezone(UTC)
        return next((_content(one) for one in versions if one["LastModified"] <= moment), None)


def _content(version: Mapping[str, Any]) -> str:
    return f"{version['ETag'].strip(chr(34))} {version['Size']}" if "ETag" in version else DELETED
