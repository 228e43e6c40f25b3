"""What the simulated account looks like, as plain JSON that can be compared: before a drill, after it, after its undoing.

    before = state(cloud.client)
    ...
    assert state(cloud.client) == before

Read through the ordinary API. What differs each time without meaning anything (request ids, ids of associations, moments) is left out,
and so is what Hikeshi leaves behind on purpose for the next time: its own tagged isolation groups and its own documents.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from hikeshi.actions.aws.network.isolation_group import ROLE_TAG

Client = Callable[[str], Any]
"""Gives the boto3 client of a service by name."""
Area = Callable[[Client], Any]

MEANINGLESS: Final = frozenset(
    {
        "AssociationId",
        "CreateDate",
        "LastModified",
        "RequestId",
        "ResponseMetadata",
        "UpdateDate",
        "VersionId",
        "aws:TokenIssueTime",
    }
)


def ec2_instances(client: Client) -> Any:
    told = client("ec2").describe_instances()["Reservations"]
    for instance in (one for reservation in told for one in reservation["Instances"]):
        # moto tells the profile it was launched with, and the id of an association as its id: see ec2_profiles.
        instance.pop("IamInstanceProfile", None)
    return told


def ec2_profiles(client: Client) -> Any:
    told = client("ec2").describe_iam_instance_profile_associations()["IamInstanceProfileAssociations"]
    return {one["InstanceId"]: one["IamInstanceProfile"]["Arn"] for one in told if one["State"] == "associated"}


def ec2_interfaces(client: Client) -> Any:
    return client("ec2").describe_network_interfaces()["NetworkInterfaces"]


def ec2_groups(client: Client) -> Any:
    groups = client("ec2").describe_security_groups()["SecurityGroups"]
    return [one for one in groups if all(tag["Key"] != ROLE_TAG for tag in one.get("Tags", ()))]


def iam_roles(client: Client) -> Any:
    iam = client("iam")
    names = [role["RoleName"] for role in iam.list_roles()["Roles"]]
    return {name: [iam.get_role(RoleName=name)["Role"], _role_policies(iam, name)] for name in names}


def iam_users(client: Client) -> Any:
    iam = client("iam")
    names = [user["UserName"] for user in iam.list_users()["Users"]]
    return {name: [iam.get_user(UserName=name)["User"], *_user_parts(iam, name)] for name in names}


def _user_parts(iam: Any, name: str) -> Any:
    inline = iam.list_user_policies(UserName=name)["PolicyNames"]
    return (
        {policy: iam.get_user_policy(UserName=name, PolicyName=policy) for policy in inline},
        iam.list_attached_user_policies(UserName=name)["AttachedPolicies"],
        iam.list_access_keys(UserName=name)["AccessKeyMetadata"],
        iam.list_mfa_devices(UserName=name)["MFADevices"],
        iam.list_groups_for_user(UserName=name)["Groups"],
    )


def _role_policies(iam: Any, name: str) -> Any:
    inline = iam.list_role_policies(RoleName=name)["PolicyNames"]
    attached = iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
    return {policy: iam.get_role_policy(RoleName=name, PolicyName=policy) for policy in inline}, attached


AREAS: Final[Mapping[str, Area]] = {
    "ec2.groups": ec2_groups,
    "ec2.instances": ec2_instances,
    "ec2.interfaces": ec2_interfaces,
    "ec2.profiles": ec2_profiles,
    "iam.roles": iam_roles,
    "iam.users": iam_users,
}
"""What is looked at, by name; the part before the dot is the service. One line for each thing an action can change."""


def state(client: Client, areas: Iterable[str] = tuple(AREAS)) -> dict[str, Any]:
    """The account's state in these areas."""
    return {area: _plain(AREAS[area](client)) for area in areas}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(one) for key, one in sorted(value.items()) if key not in MEANINGLESS}
    if isinstance(value, (list, tuple)):
        return sorted((_plain(one) for one in value), key=repr)  # the order of a list means nothing to AWS
    return value
