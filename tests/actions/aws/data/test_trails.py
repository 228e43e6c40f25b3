"""A trail's bucket whose policy stops delivery."""

from __future__ import annotations

import json
from typing import Any

import pytest

from actions.account import ACCOUNT, Cloud, stored
from actions.worlds import WatchedWorld
from hikeshi.actions import action
from hikeshi.actions.aws.data.restore_trail_policy import allows, needs
from hikeshi.simulation.building.data import TLS, blinded_trail, shut_out_trail

NAME = "aws.cloudtrail.restore_bucket_policy"
TRAIL = {"S3BucketName": "logs", "S3KeyPrefix": "a", "TrailARN": f"arn:aws:cloudtrail:us-east-1:{ACCOUNT}:trail/main"}


def policy_of(cloud: Cloud) -> str:
    return str(cloud.client("s3").get_bucket_policy(Bucket="example-trail")["Policy"])


def test_what_is_missing_is_added_what_stops_it_is_taken_out_and_all_else_is_kept(
    cloud: Cloud, world: WatchedWorld
) -> None:
    restore = action(NAME, shut_out_trail(cloud))
    tampered = policy_of(cloud)
    plan = stored(restore.plan(world))
    assert plan.before["saved"]["bucket"]["Policy"] == tampered
    assert [told.en.split()[2:4] for told in plan.warnings[:2]] == [["Shut", "is"], ["Tls", "is"]]
    assert restore.do(world, plan).outcome == "done"
    kept, check, write = json.loads(policy_of(cloud))["Statement"]
    assert kept == TLS
    assert [check["Action"], write["Action"]] == ["s3:GetBucketAcl", "s3:PutObject"]
    assert write["Resource"] == f"arn:aws:s3:::example-trail/AWSLogs/{ACCOUNT}/*"
    again = restore.plan(cloud.world())
    assert not again.calls
    assert restore.undo(world, plan).outcome == "done"
    assert policy_of(cloud) == tampered


def test_a_policy_that_somebody_changed_since_is_left(cloud: Cloud, world: WatchedWorld) -> None:
    restore = action(NAME, blinded_trail(cloud))
    plan = stored(restore.plan(world))
    restore.do(world, plan)
    theirs = json.dumps({"Version": "2012-10-17", "Statement": [TLS]})
    cloud.client("s3").put_bucket_policy(Bucket="example-trail", Policy=theirs)
    assert restore.undo(world, plan).outcome == "refused"
    assert policy_of(cloud) == theirs


def test_a_trail_of_an_organization_gets_the_folder_of_the_organization(cloud: Cloud, world: WatchedWorld) -> None:
    made = cloud.client("organizations").create_organization(FeatureSet="ALL")["Organization"]["Id"]
    written = [need["Resource"] for need in needs(world, {**TRAIL, "IsOrganizationTrail": True})]
    assert written == [
        "arn:aws:s3:::logs",
        f"arn:aws:s3:::logs/a/AWSLogs/{ACCOUNT}/*",
        f"arn:aws:s3:::logs/a/AWSLogs/{made}/*",
    ]


@pytest.mark.parametrize(
    ("change", "enough"),
    [
        ({}, True),
        ({"Condition": {}}, True),
        ({"Action": ["s3:Get*", "S3:Put*"], "Resource": "arn:aws:s3:::logs/*"}, True),
        ({"Condition": {"StringEquals": {"AWS:SourceAccount": [ACCOUNT]}}}, True),
        ({"Condition": {"StringEquals": {"aws:SourceArn": f"{TRAIL['TrailARN']}-2"}}}, False),
        ({"Condition": {"IpAddress": {"aws:SourceIp": "192.0.2.1/32"}}}, False),
        ({"Principal": {"Service": "config.amazonaws.com"}}, False),
        ({"Resource": "arn:aws:s3:::logs/b/*"}, False),
        ({"Effect": "Deny"}, False),
    ],
)
def test_a_statement_is_enough_only_if_cloudtrail_meets_its_conditions(
    world: WatchedWorld, change: dict[str, Any], enough: bool
) -> None:
    _, write = needs(world, TRAIL)
    assert allows({**write, **change}, write) is enough
