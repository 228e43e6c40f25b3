"""What every S3 action reads about a bucket: its whole configuration, with what is absent, before anything is changed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

import msgspec

from hikeshi.actions.aws.world import AwsWorld
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Refused

Bucket = Annotated[
    str,
    msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9.\-]{1,61}[a-z0-9]$", title="Bucket", examples=["example-invoices"]),
]

ANYBODY: Final = frozenset(
    {
        "http://acs.amazonaws.com/groups/global/AllUsers",
        "http://acs.amazonaws.com/groups/global/AuthenticatedUsers",
    }
)
"""Grantees of an access control list that mean everybody."""


class Configuration(msgspec.Struct, frozen=True):
    """One configuration of a bucket: the call that reads it, where it is in the answer (empty: all of it), how S3 says there is none."""

    operation: str
    item: str = ""
    absent: str = ""


CONFIGURATIONS: Final[Mapping[str, Configuration]] = {
    "AccessControlList": Configuration("GetBucketAcl"),
    "Lifecycle": Configuration("GetBucketLifecycleConfiguration", absent="NoSuchLifecycleConfiguration"),
    "Logging": Configuration("GetBucketLogging", "LoggingEnabled"),
    "Notification": Configuration("GetBucketNotificationConfiguration"),
    "ObjectLock": Configuration(
        "GetObjectLockConfiguration", "ObjectLockConfiguration", "ObjectLockConfigurationNotFoundError"
    ),
    "Ownership": Configuration("GetBucketOwnershipControls", "OwnershipControls", "OwnershipControlsNotFoundError"),
    "Policy": Configuration("GetBucketPolicy", "Policy", "NoSuchBucketPolicy"),
    "PublicAccessBlock": Configuration(
        "GetPublicAccessBlock", "PublicAccessBlockConfiguration", "NoSuchPublicAccessBlockConfiguration"
    ),
    "Replication": Configuration(
        "GetBucketReplication", "ReplicationConfiguration", "ReplicationConfigurationNotFoundError"
    ),
    "Versioning": Configuration("GetBucketVersioning"),
}
"""All that a change could disturb, read and saved before it. That there is none is a state of its own, and restored as such."""

READING: Final = (
    "s3:GetBucketAcl",
    "s3:GetBucketLogging",
    "s3:GetBucketNotification",
    "s3:GetBucketObjectLockConfiguration",
    "s3:GetBucketOwnershipControls",
    "s3:GetBucketPolicy",
    "s3:GetBucketPublicAccessBlock",
    "s3:GetBucketVersioning",
    "s3:GetLifecycleConfiguration",
    "s3:GetReplicationConfiguration",
)
"""The permissions `configurations` needs."""


def configurations(world: AwsWorld, bucket: str) -> dict[str, Any]:
    """Every configuration by name, None where there is none. Raises `Refused` where the bucket does not exist or is another account's."""
    return {name: configuration(world, bucket, name) for name in CONFIGURATIONS}


def configuration(world: AwsWorld, bucket: str, name: str) -> Any:
    """One of them, None where there is none. Raises as `configurations` does."""
    one = CONFIGURATIONS[name]
    try:
        told = world.read("s3", one.operation, **owned(world, bucket))
    except CallFailed as failure:
        if failure.code == one.absent:
            return None
        if failure.code == "NoSuchBucket":
            hint = "Check the account and the name; a finding can outlive its bucket."
            raise Refused(f"There is no bucket {bucket} in account {world.account}.", hint=hint) from None
        raise
    value = told.get(one.item) if one.item else {k: v for k, v in told.items() if k != "ResponseMetadata"}
    return msgspec.to_builtins(value) or None  # dates as text, as they come back from storage


def owned(world: AwsWorld, bucket: str) -> dict[str, str]:
    """The parameters that name the bucket. S3 refuses where it belongs to another account, so a name taken over is never touched."""
    return {"Bucket": bucket, "ExpectedBucketOwner": world.account}


def arn(bucket: str) -> str:
    """A bucket's ARN carries neither region nor account."""
    return f"arn:aws:s3:::{bucket}"


def open_to_anybody(configuration: Mapping[str, Any]) -> list[str]:
    """Which configurations let everybody in: the access control list, the policy (as far as a look at its principals tells)."""
    grants = (configuration["AccessControlList"] or {}).get("Grants", ())
    listed = any(grant.get("Grantee", {}).get("URI") in ANYBODY for grant in grants)
    told = configuration["Policy"]
    statements = msgspec.json.decode(told).get("Statement", ()) if told else ()
    statements = [statements] if isinstance(statements, dict) else statements
    by_policy = any(
        one.get("Effect") == "Allow" and one.get("Principal") in ("*", {"AWS": "*"}, {"AWS": ["*"]})
        for one in statements
    )
    return [name for name, so in (("AccessControlList", listed), ("Policy", by_policy)) if so]
