"""How often AWS may be asked: the published request buckets, per account, region and API.

Source: Amazon EC2 Developer Guide, "Request throttling for the Amazon EC2 API" (request token limits), and Amazon EBS endpoints and quotas
(EBS direct APIs). Each API has a bucket of its own, which holds `burst` requests and gains `refill` a second. Real limits of an account may
be higher, and are read from Service Quotas; what is not published here is not limited by us until AWS itself says no.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple


class Rate(NamedTuple):
    """Requests that may come at once, and requests a second in the long run."""

    burst: float
    refill: float


LISTED: Final = Rate(100, 20)
"""EC2, reading, with a filter or page by page."""
UNLISTED: Final = Rate(50, 10)
"""EC2, reading the lists of `BROAD` without a filter and without pages."""
CHANGING: Final = Rate(50, 5)
"""EC2, every other changing call."""
LEARNED: Final = Rate(10, 2)
"""Not published: what is assumed from the moment in which AWS has first said that it is asked too often."""

BROAD: Final = frozenset(
    {"DescribeInstances", "DescribeNetworkInterfaces", "DescribeSecurityGroups", "DescribeSnapshots", "DescribeVolumes"}
)
READING: Final = ("Describe", "Get", "List", "Search")

PUBLISHED: Final[dict[str, Rate]] = {
    "ebs:GetSnapshotBlock": Rate(1000, 1000),
    "ebs:ListSnapshotBlocks": Rate(50, 50),
    "ec2:AssociateIamInstanceProfile": Rate(100, 5),
    "ec2:AuthorizeSecurityGroupIngress": Rate(50, 5),
    "ec2:CreateSnapshot": Rate(100, 5),
    "ec2:CreateSnapshots": Rate(100, 5),
    "ec2:CreateTags": Rate(100, 10),
    "ec2:CreateVpcEndpoint": Rate(4, 0.3),
    "ec2:DeleteSnapshot": Rate(100, 5),
    "ec2:DeleteTags": Rate(100, 10),
    "ec2:DisassociateIamInstanceProfile": Rate(100, 5),
    "ec2:EnableSnapshotBlockPublicAccess": Rate(1, 0.1),
    "ec2:ModifyInstanceMetadataOptions": Rate(100, 5),
    "ec2:ModifyNetworkInterfaceAttribute": Rate(100, 5),
    "ec2:ModifySnapshotAttribute": Rate(100, 5),
    "ec2:RevokeSecurityGroupIngress": Rate(50, 5),
}


class Api(NamedTuple):
    """What has one bucket: an API of a service; reading one with and without a filter are two."""

    service: str
    operation: str
    listed: bool = False

    def __str__(self) -> str:
        return f"{self.service}:{self.operation}"


def api(service: str, operation: str, names: Iterable[str]) -> Api:
    """The API that a call falls under; `names` are those of its parameters ("Filters"; on the wire "Filter.1.Name")."""
    reading = operation.startswith(READING)
    return Api(service, operation, reading and any(name.startswith(("Filter", "MaxResults")) for name in names))


def rate_of(one: Api) -> Rate | None:
    """The published bucket of an API; None where none is published."""
    if known := PUBLISHED.get(str(one)):
        return known
    if one.service != "ec2":
        return None
    if not one.operation.startswith(READING):
        return CHANGING
    return UNLISTED if one.operation in BROAD and not one.listed else LISTED
