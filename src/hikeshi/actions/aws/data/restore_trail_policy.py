"""Let CloudTrail write into a trail's bucket again, where the bucket's policy was changed so that it cannot.

Source: AWS CloudTrail User Guide, "Amazon S3 bucket policy for CloudTrail", and for the third statement "Creating a trail for an
organization with the AWS CLI".
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any, ClassVar, Final

import msgspec

from hikeshi.actions.action import Call
from hikeshi.actions.aws.data.bucket import READING, arn, configuration, configurations
from hikeshi.actions.aws.data.bucket_policy import alike, fitting, parsed, swap
from hikeshi.actions.aws.data.restore_trail import Trail, find_trail
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.text import Text

SERVICE: Final = "cloudtrail.amazonaws.com"
SID: Final = "HikeshiCloudTrail"
"""How the Sid of each statement of ours begins."""

_OPEN: Final = Text(en="CloudTrail has to write into the bucket.", ja="CloudTrail がバケットに書き込めるようにします。")
_LEFT: Final = (
    Text(
        en="A KMS key that CloudTrail may not use, a bucket that was deleted, and Requester Pays stop delivery as well.",
        ja="CloudTrail が使えない KMS キー、バケットの削除、リクエスタ支払いによる配信の停止は直りません。",
    ),
    Text(
        en="What could not be delivered is tried again for 30 days; then it is lost.",
        ja="配信できなかったログは 30 日間再試行され、その後失われます。",
    ),
)
_BLINDS: Final = Text(en="Undoing this stops the delivery again.", ja="元に戻すと、再び配信されなくなります。")


class RestoreTrailPolicy(Setting[AwsWorld], frozen=True, kw_only=True):
    """Add the statements CloudTrail needs where they are missing, take out denies that stop it without a condition, keep all others.

    The tampered policy is in the plan byte for byte, as evidence and for the way back. A bucket of another account is refused by S3: plan the
    step there. A deny under a condition is left, since good ones look so too (no writing without TLS), and named in the plan.
    """

    name: ClassVar = "aws.cloudtrail.restore_bucket_policy"
    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    target: ClassVar = "trail"
    title: ClassVar = Text(en="Let the trail write to its bucket again", ja="証跡のバケットへの書き込みを復旧する")
    what: ClassVar = Text(
        en="Adds to the bucket's policy what CloudTrail needs to deliver, and takes out denies that stop it. Other statements stay as they are.",
        ja="CloudTrail の配信に必要な文をバケットポリシーに加え、配信を妨げる拒否を外します。ほかの文はそのまま残ります。",
    )
    by_hand: ClassVar = Text(
        en="S3 console, the trail's bucket, Permissions, Bucket policy: paste the policy saved in the plan, or delete it where none is saved.",
        ja="S3 コンソールの証跡のバケット［アクセス許可］［バケットポリシー］に、計画に保存されたポリシーを貼り付けます（保存がなければ削除）。",
    )
    permissions: ClassVar = tuple(
        sorted(
            (
                *READING,
                "cloudtrail:GetTrail",
                "organizations:DescribeOrganization",
                "s3:DeleteBucketPolicy",
                "s3:PutBucketPolicy",
            )
        )
    )

    trail: Trail

    def read(self, world: AwsWorld) -> dict[str, Any]:
        told = find_trail(world, self.trail)
        return {"Bucket": told["S3BucketName"], "Policy": configuration(world, told["S3BucketName"], "Policy")}

    def saved(self, world: AwsWorld) -> dict[str, Any]:
        told = find_trail(world, self.trail)
        return {"bucket": configurations(world, told["S3BucketName"]), "trail": msgspec.to_builtins(told)}

    def resources(self, before: Parts) -> tuple[str, ...]:
        return self.trail, before["Bucket"], arn(before["Bucket"])

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        """Raises `Refused` where the policy gets too long."""
        there, statements = parsed(before["Policy"])
        needed = list(needs(world, find_trail(world, self.trail)))
        missing = [need for need in needed if not any(allows(one, need) for one in statements)]
        ours = {need["Sid"] for need in missing}
        kept = [one for one in statements if one.get("Sid") not in ours and not _stops(one, needed)]
        if not missing and kept == statements:
            return {"Policy": before["Policy"]}
        return {"Policy": fitting(before["Bucket"], {**there, "Statement": [*kept, *missing]})}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del part
        yield swap(world, self.read(world)["Bucket"], SID, now, new, _OPEN)

    def same(self, now: Any, planned: Any) -> bool:
        return alike(now, planned)

    def around(self, world: AwsWorld, before: Parts) -> Around:
        needed = list(needs(world, before["trail"]))
        denies = [one for one in parsed(before["Policy"])[1] if _denies(one, needed)]
        return Around(warnings=(*map(_told, denies), _BLINDS), will_not_stop=_LEFT)


def needs(world: AwsWorld, trail: Mapping[str, Any]) -> Iterable[dict[str, Any]]:
    """The statements for a trail as GetTrail tells it."""
    bucket, source = arn(trail["S3BucketName"]), {"aws:SourceArn": trail["TrailARN"]}
    folder = "/".join(filter(None, (bucket, trail.get("S3KeyPrefix"), "AWSLogs")))
    owner = {**source, "s3:x-amz-acl": "bucket-owner-full-control"}
    yield _allow("AclCheck", "s3:GetBucketAcl", bucket, source)
    yield _allow("Write", "s3:PutObject", f"{folder}/{trail['TrailARN'].split(':')[4]}/*", owner)
    if trail.get("IsOrganizationTrail"):
        organization = world.read("organizations", "DescribeOrganization")["Organization"]["Id"]
        yield _allow("WriteOrganization", "s3:PutObject", f"{folder}/{organization}/*", owner)


def _allow(what: str, action: str, resource: str, condition: dict[str, str]) -> dict[str, Any]:
    return {
        "Sid": f"{SID}{what}",
        "Effect": "Allow",
        "Principal": {"Service": SERVICE},
        "Action": action,
        "Resource": resource,
        "Condition": {"StringEquals": condition},
    }


def allows(statement: Mapping[str, Any], need: Mapping[str, Any]) -> bool:
    """Whether a statement gives all of a need. One under a condition that we cannot read gives nothing: ours beside it does no harm."""
    return (
        statement["Effect"] == "Allow"
        and SERVICE in _named(statement)
        and _fits(statement.get("Action"), need["Action"], lower=True)
        and _fits(statement.get("Resource"), need["Resource"])
        and all(
            operator in ("ArnEquals", "ArnLike", "StringEquals", "StringLike") and _given(keys, need)
            for operator, keys in statement.get("Condition", {}).items()
        )
    )


def _given(keys: Mapping[str, Any], need: Mapping[str, Any]) -> bool:
    """Whether CloudTrail comes with each of the values that a condition asks for."""
    comes = {key.lower(): value for key, value in need["Condition"]["StringEquals"].items()}
    comes["aws:sourceaccount"] = comes["aws:sourcearn"].split(":")[4]
    return all(key.lower() in comes and _fits(value, comes[key.lower()]) for key, value in keys.items())


def _denies(statement: Mapping[str, Any], needed: Iterable[Mapping[str, Any]]) -> bool:
    """Whether a deny may stop CloudTrail; what it says the other way round (NotAction and such) is taken for that."""
    return statement["Effect"] == "Deny" and any(
        bool({SERVICE, "*"} & set(_named(statement)) or "NotPrincipal" in statement)
        and ("NotAction" in statement or _fits(statement.get("Action"), need["Action"], lower=True))
        and ("NotResource" in statement or _meets(statement.get("Resource"), need["Resource"]))
        for need in needed
    )


def _stops(statement: Mapping[str, Any], needed: Iterable[Mapping[str, Any]]) -> bool:
    """Whether it does so for certain, and so is taken out."""
    unsure = {"Condition", "NotAction", "NotPrincipal", "NotResource"}
    return not unsure & set(statement) and _denies(statement, needed)


def _named(statement: Mapping[str, Any]) -> list[str]:
    principal = statement.get("Principal", {})
    kinds = principal if isinstance(principal, dict) else {"AWS": principal}
    return [name for kind in ("AWS", "Service") for name in _listed(kinds.get(kind))]


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or ())


def _fits(patterns: Any, value: str, *, lower: bool = False) -> bool:
    told = (one.lower() if lower else one for one in _listed(patterns))
    return any(fnmatchcase(value.lower() if lower else value, one.replace("[", "[[]")) for one in told)


def _meets(patterns: Any, value: str) -> bool:
    """Whether one is within the other: a deny of a part of the folder stops a part of the delivery."""
    return any(_fits(one, value) or _fits(value, one) for one in _listed(patterns))


def _told(deny: Mapping[str, Any]) -> Text:
    text = deny.get("Sid") or json.dumps(deny, ensure_ascii=False)[:200]
    if {"Condition", "NotAction", "NotPrincipal", "NotResource"} & set(deny):
        return Text(
            en=f"The deny {text} is left, as it may be meant so: look whether it stops CloudTrail.",
            ja=f"拒否 {text} は意図的な可能性があるため残します。CloudTrail を妨げていないか確認してください。",
        )
    return Text(
        en=f"The deny {text} is taken out; what else it denied is allowed again.",
        ja=f"拒否 {text} を外します。この文が拒否していたほかの操作も再び許可されます。",
    )
