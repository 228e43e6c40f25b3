"""What there is in an AWS account, with its tags: instances, and everything else that bears a tag.

References: EC2 DescribeInstances; Resource Groups Tagging API GetResources (which lists only what is, or once was, tagged).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from botocore.exceptions import BotoCoreError, ClientError
from botocore.parsers import ResponseParserError

from hikeshi.aws.clients import client
from hikeshi.aws.failures import translate
from hikeshi.aws.reach import Reach

PERMISSIONS: Final = ("ec2:DescribeInstances", "tag:GetResources")
ATTEMPTS: Final = 6
"""Sendings of one reading call at most: the SDK waits longer and longer where AWS says that it is asked too often."""
SECONDS: Final = 20.0
MOST: Final = 100_000
"""Resources of one inventory."""


class Resource(NamedTuple):
    """One resource: an instance by its id, everything else by its ARN."""

    identifier: str
    kind: str
    account: str
    tags: Mapping[str, str]


def inventory(reach: Reach) -> Iterator[Resource]:
    """All instances that are not terminated, then all other tagged resources of the region. Raises `CallFailed`."""
    for count, one in enumerate(_both(reach)):
        if count == MOST:
            return
        yield one


def _both(reach: Reach) -> Iterator[Resource]:
    yield from _instances(reach)
    for found in _pages(reach, "resourcegroupstaggingapi", "get_resources", "ResourceTagMappingList", PERMISSIONS[1]):
        arn = str(found["ResourceARN"])
        if ":instance/" not in arn or arn.split(":", 3)[2] != "ec2":
            parts = arn.split(":", 5)
            yield Resource(arn, "resource", parts[4] if len(parts) == 6 else "", _tags(found))


def _instances(reach: Reach) -> Iterator[Resource]:
    for reservation in _pages(reach, "ec2", "describe_instances", "Reservations", PERMISSIONS[0]):
        for found in reservation["Instances"]:
            if found["State"]["Name"] not in {"terminated", "shutting-down"}:
                yield Resource(found["InstanceId"], "instance", str(reservation.get("OwnerId", "")), _tags(found))


def _pages(reach: Reach, service: str, operation: str, items: str, permission: str) -> Iterator[dict[str, Any]]:
    asked = client(service, reach.region, reach.endpoint_url, SECONDS, attempts=ATTEMPTS)
    try:
        for answer in asked.get_paginator(operation).paginate():
            yield from answer.get(items, ())
    except (ClientError, BotoCoreError, ResponseParserError) as error:
        raise translate(error, permission, changing=False) from error


def _tags(found: Mapping[str, Any]) -> dict[str, str]:
    return {str(tag["Key"]): str(tag["Value"]) for tag in found.get("Tags", ())}


def policy() -> dict[str, Any]:
    """The least-privilege IAM policy of the inventory. IAM cannot narrow listing to some resources."""
    reading = {"Sid": "ReadInventory", "Effect": "Allow", "Action": list(PERMISSIONS), "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [reading]}
