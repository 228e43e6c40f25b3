"""What every EC2 action reads about an instance: the instance, its interfaces, its volumes, and whether it may be touched."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import msgspec

from hikeshi.actions.aws.world import AwsWorld
from hikeshi.errors import Refused

InstanceId = Annotated[
    str,
    msgspec.Meta(pattern=r"^i-([0-9a-f]{8}|[0-9a-f]{17})$", title="Instance", examples=["i-0abc1234def567890"]),
]

PROTECTED_TAG = "hikeshi:protected"
"""An instance carrying this tag, with any value, is never contained."""


class Volume(msgspec.Struct, frozen=True):
    """One EBS volume as attached."""

    id: str
    device: str
    goes_with_it: bool = False
    """Whether it is deleted when the instance is terminated."""


class Instance(msgspec.Struct, frozen=True, kw_only=True):
    """One EC2 instance as DescribeInstances tells it. `groups` is the instance-level view, sorted."""

    id: str
    owner: str
    state: str
    type: str
    vpc: str
    groups: tuple[str, ...]
    volumes: tuple[Volume, ...]
    profile: str
    tags: Mapping[str, str]
    addresses: tuple[str, ...] = ()
    """Private addresses of all interfaces: load balancers may know the instance by one of these instead of its id."""
    architecture: str = ""
    """As AWS writes it: "x86_64", "arm64"."""
    windows: bool = False
    spot: bool = False
    hibernates: bool = False
    """Whether it was launched so that it can be hibernated."""

    @property
    def gone(self) -> bool:
        return self.state in ("shutting-down", "terminated")


class Interface(msgspec.Struct, frozen=True, kw_only=True):
    """One network interface attached to the instance. Group order means nothing to AWS, so `groups` is sorted."""

    id: str
    vpc: str
    subnet: str
    groups: tuple[str, ...]
    managed: bool
    """Requester-managed: it belongs to an AWS service, which would not let us change it."""
    addresses: tuple[str, ...]
    """Its private addresses, IPv4 and IPv6."""
    public_address: str
    ipv6: bool
    tags: Mapping[str, str]


def tags_of(listed: Sequence[Mapping[str, str]] | None) -> dict[str, str]:
    """AWS's list of Key/Value pairs as a dictionary."""
    return {pair["Key"]: pair.get("Value", "") for pair in listed or ()}


def find_instance(world: AwsWorld, instance_id: str) -> Instance:
    """The instance, in whatever state. Raises `Refused` when there is none, or when it is another account's."""
    # By a filter, not by InstanceIds: that has the larger request bucket, and many can be read at once.
    only = [{"Name": "instance-id", "Values": [instance_id]}]
    found = list(world.pages("ec2", "DescribeInstances", "Reservations", Filters=only))
    if not found:
        hint = "Check the account, the region and the id; a finding can outlive its instance."
        raise Refused(f"There is no instance {instance_id} in {world.account} {world.region}.", hint=hint)
    instance = _instance(found[0]["Instances"][0], owner=found[0].get("OwnerId", ""))
    if not world.simulated and instance.owner != world.account:
        hint = "The credentials belong to another account than the one the step names."
        raise Refused(f"{instance_id} belongs to account {instance.owner}, not to {world.account}.", hint=hint)
    return instance


def _instance(told: Mapping[str, Any], *, owner: str) -> Instance:
    volumes = (
        Volume(m["Ebs"]["VolumeId"], m["DeviceName"], m["Ebs"].get("DeleteOnTermination", False))
        for m in told.get("BlockDeviceMappings", ())
        if "Ebs" in m
    )
    return Instance(
        id=told["InstanceId"],
        owner=owner,
        state=told["State"]["Name"],
        type=told.get("InstanceType", ""),
        vpc=told.get("VpcId", ""),
        groups=tuple(sorted(group["GroupId"] for group in told.get("SecurityGroups", ()))),
        volumes=tuple(sorted(volumes, key=lambda volume: volume.id)),
        profile=told.get("IamInstanceProfile", {}).get("Arn", ""),
        tags=tags_of(told.get("Tags")),
        addresses=tuple(
            address["PrivateIpAddress"]
            for interface in told.get("NetworkInterfaces", ())
            for address in interface.get("PrivateIpAddresses", ())
        ),
        architecture=told.get("Architecture", ""),
        windows=told.get("Platform", "").lower() == "windows",
        spot=told.get("InstanceLifecycle") == "spot",
        hibernates=bool(told.get("HibernationOptions", {}).get("Configured", False)),
    )


def living_instance(world: AwsWorld, instance_id: str) -> Instance:
    """The instance, refused when it is terminated or being terminated."""
    instance = find_instance(world, instance_id)
    if instance.gone:
        hint = "There is nothing left to act on; look for its volumes, snapshots and logs instead."
        raise Refused(f"Instance {instance_id} is {instance.state}.", hint=hint)
    return instance


def containable_instance(world: AwsWorld, instance_id: str) -> Instance:
    """The living instance, refused when it is protected by tag or by the settings."""
    instance = living_instance(world, instance_id)
    if PROTECTED_TAG in instance.tags:
        hint = "If it must be contained all the same, remove the tag in AWS first; that decision leaves its own trace."
        raise Refused(f"Instance {instance_id} carries the tag {PROTECTED_TAG} and is never contained.", hint=hint)
    world.guard([instance_id])
    return instance


def told_interfaces(world: AwsWorld, instance_id: str) -> dict[str, dict[str, Any]]:
    """Every interface attached to the instance, by id, as DescribeNetworkInterfaces tells it."""
    only = [{"Name": "attachment.instance-id", "Values": [instance_id]}]
    told = world.pages("ec2", "DescribeNetworkInterfaces", "NetworkInterfaces", Filters=only)
    return {one["NetworkInterfaceId"]: one for one in sorted(told, key=lambda one: str(one["NetworkInterfaceId"]))}


def interfaces_of(world: AwsWorld, instance_id: str) -> dict[str, Interface]:
    """Every interface attached to the instance, by id: secondary, requester-managed and other-VPC ones included."""
    return {eni: _interface(told) for eni, told in told_interfaces(world, instance_id).items()}


def _interface(told: Mapping[str, Any]) -> Interface:
    v6 = [one["Ipv6Address"] for one in told.get("Ipv6Addresses", ())]
    return Interface(
        id=told["NetworkInterfaceId"],
        vpc=told.get("VpcId", ""),
        subnet=told.get("SubnetId", ""),
        groups=tuple(sorted(group["GroupId"] for group in told.get("Groups", ()))),
        managed=bool(told.get("RequesterManaged", False)),
        addresses=(*(one["PrivateIpAddress"] for one in told.get("PrivateIpAddresses", ())), *v6),
        public_address=told.get("Association", {}).get("PublicIp", ""),
        ipv6=bool(v6),
        tags=tags_of(told.get("TagSet")),
    )


def has_instance_store(world: AwsWorld, instance_type: str) -> bool:
    """Whether instances of this type carry disks that no snapshot holds."""
    told = list(world.pages("ec2", "DescribeInstanceTypes", "InstanceTypes", InstanceTypes=[instance_type]))
    return bool(told and told[0].get("InstanceStorageSupported", False))
