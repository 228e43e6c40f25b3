"""The Terraform version makes what the CloudFormation version makes: the same things, policies, patterns and settings."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

import pytest

from deploy.reading import DEPLOY, filled, long_forms, plain, statements, template, terraform
from hikeshi.actions.aws.templates import ROLES

TEMPLATES = ("alerts", "documents", "evidence", "roles")
READ = terraform()
KINDS = {
    "AWS::Events::Rule": "aws_cloudwatch_event_rule",
    "AWS::IAM::ManagedPolicy": "aws_iam_policy",
    "AWS::IAM::Role": "aws_iam_role",
    "AWS::KMS::Key": "aws_kms_key",
    "AWS::S3::Bucket": "aws_s3_bucket",
    "AWS::S3::BucketPolicy": "aws_s3_bucket_policy",
    "AWS::SQS::Queue": "aws_sqs_queue",
    "AWS::SQS::QueuePolicy": "aws_sqs_queue_policy",
    "AWS::SSM::Document": "aws_ssm_document",
}
PARTS = {
    "aws_cloudwatch_event_target",
    "aws_iam_role_policy_attachment",
    "aws_s3_bucket_lifecycle_configuration",
    "aws_s3_bucket_object_lock_configuration",
    "aws_s3_bucket_ownership_controls",
    "aws_s3_bucket_public_access_block",
    "aws_s3_bucket_server_side_encryption_configuration",
    "aws_s3_bucket_versioning",
}
"""What is a resource of its own in Terraform, and a property of another one in CloudFormation."""


def made(kind: str, name: str) -> Any:
    [found] = [body for one, called, body in READ["resource"] if (one, called) == (kind, name)]
    return found


def test_both_make_the_same_kinds_of_things() -> None:
    kinds = {one["Type"] for name in TEMPLATES for one in template(name)["Resources"].values()}
    assert kinds == set(KINDS)
    assert {kind for kind, _, _ in READ["resource"]} == set(KINDS.values()) | PARTS


POLICIES = (
    ("alerts_key", "alerts", "Key", "KeyPolicy"),
    ("evidence", "evidence", "BucketPolicy", "PolicyDocument"),
    ("evidence_key", "evidence", "Key", "KeyPolicy"),
    ("queues", "alerts", "QueuePolicy", "PolicyDocument"),
    *(("trust", "roles", f"{role.capitalize()}Role", "AssumeRolePolicyDocument") for role in ROLES),
)  # fmt: skip


@pytest.mark.parametrize(("document", "stack", "resource", "under"), POLICIES)
def test_policies_written_by_hand_say_the_same(document: str, stack: str, resource: str, under: str) -> None:
    [body] = [body for _, name, body in READ["data"] if name == document]
    policy = long_forms(template(stack)["Resources"][resource]["Properties"][under])
    by_sid = {one.get("Sid", [""])[0]: one for one in map(plain, policy["Statement"])}
    assert {one.get("Sid", [""])[0]: one for one in statements(body)} == by_sid


@pytest.mark.parametrize("role", ROLES)
def test_generated_policies_say_the_same(role: str) -> None:
    """In all of a role's policies together: where they are cut depends on how long the names are that are put in."""
    paths = (DEPLOY / "terraform" / "policies").glob(f"{role}-*.json.tftpl")
    resources = template("roles")["Resources"].items()
    theirs = [one["Properties"] for name, one in resources if name.startswith(f"{role.capitalize()}Policy")]
    assert _together(filled(path.read_text()) for path in paths) == _together(
        long_forms(one["PolicyDocument"]) for one in theirs
    )


def _together(policies: Iterable[Any]) -> list[str]:
    return sorted(json.dumps(one, sort_keys=True) for policy in policies for one in policy["Statement"])


def test_the_same_events_are_sent_on() -> None:
    rules = [one for one in template("alerts")["Resources"].values() if one["Type"] == "AWS::Events::Rule"]
    [patterns] = [body for _, name, body in READ["locals"] if name == "patterns"]
    unquoted = [{key.strip('"'): value for key, value in one.items()} for one in patterns.values()]
    assert unquoted == [one["Properties"]["EventPattern"] for one in rules]


@pytest.mark.parametrize(("ours", "theirs"), [("alerts", "Queue"), ("dead", "DeadLetters")])
def test_queues_keep_and_encrypt_alike(ours: str, theirs: str) -> None:
    queue, properties = made("aws_sqs_queue", ours), template("alerts")["Resources"][theirs]["Properties"]
    assert queue["message_retention_seconds"] == properties["MessageRetentionPeriod"]
    assert queue.get("receive_wait_time_seconds") == properties.get("ReceiveMessageWaitTimeSeconds")
    assert queue["kms_master_key_id"] == "${aws_kms_key.alerts.arn}"
    tries = re.search(r"maxReceiveCount = (\d+)", queue.get("redrive_policy", ""))
    assert (int(tries[1]) if tries else None) == properties.get("RedrivePolicy", {}).get("maxReceiveCount")


def test_the_bucket_is_as_safe_in_both() -> None:
    properties = template("evidence")["Resources"]["Bucket"]["Properties"]
    [lock] = made("aws_s3_bucket_object_lock_configuration", "evidence")["rule"]
    assert lock["default_retention"] == [{"mode": "${var.lock_mode}", "days": "${var.lock_days}"}]
    assert properties["ObjectLockConfiguration"]["Rule"] == {
        "DefaultRetention": {"Mode": "${LockMode}", "Days": "${LockDays}"}
    }
    block = made("aws_s3_bucket_public_access_block", "evidence")
    assert all(block[re.sub(r"(?<!^)(?=[A-Z])", "_", key).lower()] is on for key, on in _block(properties).items())
    assert made("aws_s3_bucket_versioning", "evidence")["versioning_configuration"] == [{"status": "Enabled"}]
    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    [encrypted] = made("aws_s3_bucket_server_side_encryption_configuration", "evidence")["rule"]
    assert encrypted["apply_server_side_encryption_by_default"][0]["sse_algorithm"] == "aws:kms"
    [owner] = made("aws_s3_bucket_ownership_controls", "evidence")["rule"]
    assert properties["OwnershipControls"]["Rules"] == [{"ObjectOwnership": owner["object_ownership"]}]
    assert made("aws_s3_bucket", "evidence")["object_lock_enabled"] is properties["ObjectLockEnabled"] is True


def _block(properties: dict[str, Any]) -> dict[str, bool]:
    block: dict[str, bool] = properties["PublicAccessBlockConfiguration"]
    assert all(block.values())
    assert len(block) == 4
    return block


def test_what_both_ask_for_has_the_same_defaults() -> None:
    asked = {
        name.lower(): one.get("Default")
        for stack in TEMPLATES
        for name, one in template(stack).get("Parameters", {}).items()
    }
    ours = {name.replace("_", ""): body.get("default") for _, name, body in READ["variable"]}
    renamed = {"bucketname": "evidencebucket", "acquireroles": None, "readroles": None}
    for name, default in asked.items():
        other = renamed.get(name, name)
        assert other is None or ours[other] == default, name


def test_terraform_names_nothing_that_is_not_there() -> None:
    """What `terraform validate` would find first; the tool itself is in no package index."""
    text = "\n".join(path.read_text() for path in sorted((DEPLOY / "terraform").glob("*.tf")))
    variables = {name for _, name, _ in READ["variable"]}
    assert set(re.findall(r"\bvar\.(\w+)", text)) == variables
    assert set(re.findall(r"\blocal\.(\w+)", text)) == {name for _, name, _ in READ["locals"]}
    there = {f"{kind}.{name}" for kind, name, _ in READ["resource"]}
    assert set(re.findall(r"(?<![.\w])(aws_\w+\.\w+)", text)) <= there
    read = {f"{kind}.{name}" for kind, name, _ in READ["data"]}
    assert set(re.findall(r"\bdata\.(aws_\w+\.\w+)", text)) == read
