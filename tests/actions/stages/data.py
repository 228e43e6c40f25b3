"""Stages of the actions in `actions/aws/data/`."""

from __future__ import annotations

import json
from typing import Any

from actions.account import ACCOUNT, REGION, Cloud
from actions.stages.stage import Stage, Stages

FILES = "example-files"
POLICY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Web",
                "Effect": "Allow",
                "Principal": "*",
                "Action": "s3:GetObject",
                "Resource": f"arn:aws:s3:::{FILES}/*",
            }
        ],
    },
    indent=3,
)
RULES = [
    {"ID": "logs", "Status": "Enabled", "Filter": {"Prefix": "logs/"}, "Expiration": {"Days": 1}},
    {"ID": "day", "Status": "Enabled", "Filter": {"Prefix": "x/"}, "Expiration": {"Date": "2027-01-01T00:00:00Z"}},
]


def files(cloud: Cloud, **more: Any) -> Any:
    s3 = cloud.client("s3")
    s3.create_bucket(Bucket=FILES, CreateBucketConfiguration={"LocationConstraint": REGION}, **more)
    return s3


def public_bucket(cloud: Cloud) -> dict[str, Any]:
    files(cloud).put_bucket_policy(Bucket=FILES, Policy=POLICY)
    return {"bucket": FILES}


def half_blocked_bucket(cloud: Cloud) -> dict[str, Any]:
    block = {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": False,
        "BlockPublicPolicy": False,
        "RestrictPublicBuckets": False,
    }
    files(cloud).put_public_access_block(Bucket=FILES, PublicAccessBlockConfiguration=block)
    return {"bucket": FILES}


def account(cloud: Cloud) -> dict[str, Any]:
    del cloud  # it is there
    return {"account_id": ACCOUNT}


def bucket_with_policy(cloud: Cloud) -> dict[str, Any]:
    return public_bucket(cloud) | {"let_in": [f"arn:aws:iam::{ACCOUNT}:role/break-glass"]}


def bucket_without_policy(cloud: Cloud) -> dict[str, Any]:
    files(cloud)
    return {"bucket": FILES, "let_in": [f"arn:aws:iam::{ACCOUNT}:role/break-glass"]}


def bucket_with_rules(cloud: Cloud) -> dict[str, Any]:
    files(cloud).put_bucket_lifecycle_configuration(Bucket=FILES, LifecycleConfiguration={"Rules": RULES})
    return {"bucket": FILES}


def bucket_with_lock(cloud: Cloud) -> dict[str, Any]:
    s3 = files(cloud, ObjectLockEnabledForBucket=True)
    s3.put_bucket_versioning(Bucket=FILES, VersioningConfiguration={"Status": "Suspended"})
    s3.put_object(Bucket=FILES, Key="2026/invoice.pdf", Body=b"invoice")
    return {"bucket": FILES, "keys": ["2026/invoice.pdf"]}


KEPT = ("s3.kept",)
POLICIES = ("s3.policies",)
PUBLIC = ("s3.public",)

STAGES: Stages = {
    "aws.s3.block_account": {"absent": Stage(build=account, areas=("s3.account",))},
    "aws.s3.block_bucket": {
        "absent": Stage(build=public_bucket, areas=PUBLIC),
        "half": Stage(build=half_blocked_bucket, areas=PUBLIC),
    },
    "aws.s3.lock_policy": {
        "absent": Stage(build=bucket_without_policy, areas=POLICIES),
        "policy": Stage(build=bucket_with_policy, areas=POLICIES, rare=frozenset({"s3:DeleteBucketPolicy"})),
    },
    "aws.s3.preserve": {
        "lock": Stage(build=bucket_with_lock, areas=KEPT, rare=frozenset({"s3:PutLifecycleConfiguration"})),
        "rules": Stage(
            build=bucket_with_rules,
            areas=KEPT,
            rare=frozenset({"s3:GetObjectLegalHold", "s3:PutObjectLegalHold"}),
        ),
    },
}
