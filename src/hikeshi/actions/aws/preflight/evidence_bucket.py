"""Whether the evidence bucket is there, in this region, versioned, locked, closed to the public.

Nothing is written to find out: whether the role may write is answered by `permissions`. S3 API Reference, GetBucketLocation,
GetBucketVersioning, GetObjectLockConfiguration, GetPublicAccessBlock.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hikeshi.actions.aws.preflight.question import Answer, Ground, Question, no, unknown, using, yes
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.aws.failures import CallFailed
from hikeshi.text import Text

_MAKE = Text(
    en="Deploy deploy/cloudformation/evidence.yaml (or the Terraform module), and name its bucket for this account.",
    ja="deploy/cloudformation/evidence.yaml(または Terraform)を展開し、そのバケットをこのアカウントに設定してください。",
)
_ABSENT = frozenset({"NoSuchPublicAccessBlockConfiguration", "ObjectLockConfigurationNotFoundError"})


def _ask(ground: Ground) -> Iterator[Answer]:
    name = ground.place.evidence_bucket
    if not name:
        yield no(
            "No evidence bucket is set for this account.",
            "このアカウントには証拠用バケットが設定されていません。",
            todo=_MAKE,
        )
        return
    yield _looked_at(ground, name)


def _looked_at(ground: Ground, name: str) -> Answer:
    world = ground.world()
    try:
        where = world.read("s3", "GetBucketLocation", Bucket=name).get("LocationConstraint") or "us-east-1"
    except CallFailed as failure:
        if failure.code == "NoSuchBucket":
            return no("There is no such bucket.", "バケットが存在しません。", resource=name, todo=_MAKE)
        en, ja = f"It could not be looked at: {failure}", f"確認できません ({failure.code})。"
        return unknown(en, ja, resource=name, todo=_MAKE)
    wrong = list(_wrong(world, name))
    if where != ground.place.region:
        wrong.append(Text(f"It is in {where}.", f"{where} にあります。"))
    if wrong:
        en, ja = " ".join(text.en for text in wrong), "".join(text.ja for text in wrong)
        return no(en, ja, resource=name, todo=_MAKE)
    return yes(
        "In this region, versioned, locked, closed to the public.",
        "同一リージョンにあり、バージョニング・オブジェクトロック・公開ブロックが有効です。",
        resource=name,
    )


def _wrong(world: AwsWorld, name: str) -> Iterator[Text]:
    if world.read("s3", "GetBucketVersioning", Bucket=name).get("Status") != "Enabled":
        yield Text("It is not versioned.", "バージョニングが無効です。")
    lock = _or_absent(world, "GetObjectLockConfiguration", name).get("ObjectLockConfiguration", {})
    if lock.get("ObjectLockEnabled") != "Enabled":
        yield Text("It has no Object Lock.", "オブジェクトロックが無効です。")
    block = _or_absent(world, "GetPublicAccessBlock", name).get("PublicAccessBlockConfiguration", {})
    if not (block and all(block.values())):
        yield Text("It is not closed to the public.", "パブリックアクセスがブロックされていません。")


def _or_absent(world: AwsWorld, operation: str, name: str) -> dict[str, Any]:
    try:
        return world.read("s3", operation, Bucket=name)
    except CallFailed as failure:
        if failure.code not in _ABSENT:
            raise
        return {}


QUESTION = Question(
    title=Text(en="Is the evidence bucket ready?", ja="証拠用バケットは使えるか"),
    ask=_ask,
    permissions=(
        "s3:GetBucketLocation",
        "s3:GetBucketObjectLockConfiguration",
        "s3:GetBucketPublicAccessBlock",
        "s3:GetBucketVersioning",
    ),
    needed_by=using("s3:PutObject"),
)
