"""The isolation group: one security group per VPC without a single rule, made on demand and emptied before each use."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from hikeshi.actions.action import Call
from hikeshi.actions.aws.tags import tag_specification
from hikeshi.actions.aws.world import PAUSES, AwsWorld
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Failed
from hikeshi.text import Text

PLACEHOLDER = "<isolation group>"
ROLE_TAG = "hikeshi:role"
ROLE = "isolation-group"
NAME = "hikeshi-isolation"
DESCRIPTION = "Hikeshi isolation group: it has no rules and must not get any."

NOT_SEEN_YET = ("InvalidGroup.NotFound", "InvalidGroupId.NotFound", "InvalidSecurityGroupID.NotFound")
"""What AWS says about a group it has made a moment ago."""

_MAKE = Text(en="A group without rules is needed in this VPC.", ja="この VPC にルールのない隔離用グループが必要です。")
_EMPTY = Text(en="The isolation group must have no rules.", ja="隔離用グループにルールがあってはなりません。")


class Rule(msgspec.Struct, frozen=True):
    """One rule of a security group, by its own id, so that IPv4 and IPv6 are removed alike."""

    id: str
    egress: bool


def our_groups(world: AwsWorld, vpcs: Iterable[str]) -> dict[str, list[str]]:
    """VPC to our isolation groups in it, sorted.

    Ours means our tag *and* our name *and* our description. Anyone who may tag could put our tag on a production group, to
    make us remove its rules; name and description cannot be changed after a group is made.
    """
    only = [{"Name": "vpc-id", "Values": sorted(set(vpcs))}, {"Name": f"tag:{ROLE_TAG}", "Values": [ROLE]}]
    found: dict[str, list[str]] = {}
    for group in world.pages("ec2", "DescribeSecurityGroups", "SecurityGroups", Filters=only):
        if group["GroupName"].startswith(NAME) and group["Description"] == DESCRIPTION:
            found.setdefault(group["VpcId"], []).append(group["GroupId"])
    return {vpc: sorted(groups) for vpc, groups in found.items()}


def rules_of(world: AwsWorld, groups: Iterable[str]) -> dict[str, list[Rule]]:
    """Each group's rules in both directions and both address families, read in one call; no rules is an empty list."""
    found: dict[str, list[Rule]] = {group: [] for group in sorted(groups)}
    if found:
        only = [{"Name": "group-id", "Values": list(found)}]
        for rule in world.pages("ec2", "DescribeSecurityGroupRules", "SecurityGroupRules", Filters=only):
            found[rule["GroupId"]].append(Rule(rule["SecurityGroupRuleId"], rule["IsEgress"]))
    return {group: sorted(rules, key=lambda rule: rule.id) for group, rules in found.items()}


def creation(vpc: str, name: str = NAME) -> dict[str, Any]:
    """The parameters of CreateSecurityGroup."""
    tags = [tag_specification("security-group", {ROLE_TAG: ROLE})]
    return {"GroupName": name, "Description": DESCRIPTION, "VpcId": vpc, "TagSpecifications": tags}


def planned_calls(world: AwsWorld, vpc: str, groups: Mapping[str, list[str]]) -> list[Call]:
    """What `prepared_group` would send now."""
    if vpc in groups:
        group = groups[vpc][0]
        rules = rules_of(world, [group])[group]
        return [Call(f"ec2:{operation}", params, _EMPTY) for operation, params in _revocations(group, rules)]
    revoke = {"GroupId": PLACEHOLDER, "SecurityGroupRuleIds": ["<default rules>"]}
    return [
        Call("ec2:CreateSecurityGroup", creation(vpc), _MAKE),
        Call("ec2:RevokeSecurityGroupEgress", revoke, _EMPTY),
    ]


def prepared_group(world: AwsWorld, vpc: str) -> str:
    """The id of a group in this VPC that is ours and was just read to have no rules. Makes it, or empties it, as needed."""
    known = our_groups(world, [vpc]).get(vpc)
    group = known[0] if known else _made(world, vpc)
    rules = rules_of(world, [group])[group] if known else _first_rules(world, group)
    for operation, params in _revocations(group, rules):
        world.change("ec2", operation, _EMPTY, eventually=NOT_SEEN_YET, **params)
    if rules and (left := rules_of(world, [group])[group]):
        hint = "Somebody may be adding rules at this moment; repeat the step, and look who does it."
        raise Failed(
            f"The isolation group {group} still has {len(left)} rules after they were removed.",
            permanent=False,
            hint=hint,
        )
    return group


def _made(world: AwsWorld, vpc: str) -> str:
    for name in (NAME, f"{NAME}-{hashlib.sha256(world.step.encode()).hexdigest()[:8]}"):
        try:
            return str(world.change("ec2", "CreateSecurityGroup", _MAKE, **creation(vpc, name))["GroupId"])
        except CallFailed as failure:
            if failure.code != "InvalidGroup.Duplicate":
                raise
        # Another worker was faster, or the name is taken by a group that is not ours and must not be used.
        if known := our_groups(world, [vpc]).get(vpc):
            return known[0]
    hint = f"Remove or rename the groups called {NAME}* in {vpc} that Hikeshi has not made."
    raise Failed(f"No isolation group could be made in {vpc}: its names are taken.", hint=hint)


def _first_rules(world: AwsWorld, group: str) -> list[Rule]:
    """A new group always has a default rule; an empty answer only means that AWS does not see the group yet."""
    for pause in PAUSES:
        if rules := rules_of(world, [group])[group]:
            return rules
        world.pause(pause)
    return rules_of(world, [group])[group]


def _revocations(group: str, rules: list[Rule]) -> list[tuple[str, dict[str, Any]]]:
    directions = (("RevokeSecurityGroupIngress", False), ("RevokeSecurityGroupEgress", True))
    listed = [(operation, [rule.id for rule in rules if rule.egress is egress]) for operation, egress in directions]
    return [(operation, {"GroupId": group, "SecurityGroupRuleIds": ids}) for operation, ids in listed if ids]
