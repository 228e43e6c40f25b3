"""Groups of our own: one security group per VPC and kind, made on demand, with exactly its rules before each use."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final

import msgspec

from hikeshi.actions.action import Call
from hikeshi.actions.aws.tags import tag_specification
from hikeshi.actions.aws.world import PAUSES, AwsWorld
from hikeshi.aws.failures import CallFailed
from hikeshi.errors import Failed
from hikeshi.text import Text

ROLE_TAG = "hikeshi:role"

NOT_SEEN_YET = ("InvalidGroup.NotFound", "InvalidGroupId.NotFound", "InvalidSecurityGroupID.NotFound")
"""What AWS says about a group it has made a moment ago."""

DONE_BY_ANOTHER = ("InvalidPermission.Duplicate", "InvalidPermission.NotFound", "InvalidSecurityGroupRuleId.NotFound")
"""What AWS says where another worker has just made the same change; the rules are read again either way."""


class Rule(msgspec.Struct, frozen=True, order=True):
    """What one rule lets through. `peer` is a CIDR block, a prefix list or a group; ports are -1 where the protocol has none."""

    egress: bool
    protocol: str
    first: int
    last: int
    peer: str


Rules = Collection[Rule]

EVERYTHING: Final = tuple(
    Rule(egress=egress, protocol="-1", first=-1, last=-1, peer=peer)
    for egress in (False, True)
    for peer in ("0.0.0.0/0", "::/0")
)
"""Everything, both ways, in both address families: what makes a flow untracked."""

_DEFAULT: Final = Rule(egress=True, protocol="-1", first=-1, last=-1, peer="0.0.0.0/0")
"""What AWS gives a new group; in a VPC with IPv6 there is a second one, for ::/0."""


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of group that is ours. `role` is the value of its tag, `name` begins its name."""

    role: str
    name: str
    description: str
    make: Text
    """Why it is made."""
    fit: Text
    """Why its rules are changed."""

    @property
    def placeholder(self) -> str:
        """How a plan writes the id of a group that does not exist yet."""
        return f"<{self.role.replace('-', ' ')}>"


EMPTY: Final = Kind(
    role="isolation-group",
    name="hikeshi-isolation",
    description="Hikeshi isolation group: it has no rules and must not get any.",
    make=Text(
        en="A group without rules is needed in this VPC.", ja="この VPC にルールのない隔離用グループが必要です。"
    ),
    fit=Text(en="The isolation group must have no rules.", ja="隔離用グループにルールがあってはなりません。"),
)
SSM: Final = Kind(
    role="ssm-isolation-group",
    name="hikeshi-ssm-only",
    description="Hikeshi isolation group: it reaches the endpoints of Systems Manager and nothing else.",
    make=Text(
        en="A group that reaches only the endpoints of Systems Manager is needed in this VPC.",
        ja="この VPC に、Systems Manager のエンドポイントだけに接続できる隔離用グループが必要です。",
    ),
    fit=Text(
        en="The group must reach the endpoints of Systems Manager and nothing else.",
        ja="グループから接続できるのは Systems Manager のエンドポイントだけでなければなりません。",
    ),
)
OPEN: Final = Kind(
    role="open-group",
    name="hikeshi-open",
    description="Hikeshi open group: lets everything through, for seconds, so that open connections are no longer tracked.",
    make=Text(
        en="A group that lets everything through is needed in this VPC for a few seconds.",
        ja="この VPC に、すべてを許可するグループが数秒間だけ必要です。",
    ),
    fit=Text(
        en="Only connections that everything lets through, both ways, are no longer tracked.",
        ja="双方向ともすべて許可されている通信だけが、追跡されなくなります。",
    ),
)
KINDS: Final = (EMPTY, OPEN, SSM)

Known = Mapping[str, Mapping[str, list[str]]]
"""Role to VPC to our groups in it, sorted."""
Present = Mapping[str, Mapping[str, Rule]]
"""Group to its rules by their ids."""


def known_groups(world: AwsWorld, vpcs: Iterable[str]) -> Known:
    """Our groups of every kind in these VPCs, read in one call.

    Ours means our tag *and* our name *and* our description. Anyone who may tag could put our tag on a production group, to
    make us remove its rules; name and description cannot be changed after a group is made.
    """
    roles = [kind.role for kind in KINDS]
    only = [{"Name": "vpc-id", "Values": sorted(set(vpcs))}, {"Name": f"tag:{ROLE_TAG}", "Values": roles}]
    found: dict[str, dict[str, list[str]]] = {role: {} for role in roles}
    for group in world.pages("ec2", "DescribeSecurityGroups", "SecurityGroups", Filters=only):
        for kind in KINDS:
            if group["GroupName"].startswith(kind.name) and group["Description"] == kind.description:
                found[kind.role].setdefault(group["VpcId"], []).append(group["GroupId"])
    return {role: {vpc: sorted(groups) for vpc, groups in here.items()} for role, here in found.items()}


def our_groups(world: AwsWorld, vpcs: Iterable[str], kind: Kind = EMPTY) -> Mapping[str, list[str]]:
    """VPC to our groups of this kind in it, sorted."""
    return known_groups(world, vpcs)[kind.role]


def rules_of(world: AwsWorld, groups: Iterable[str]) -> dict[str, dict[str, Rule]]:
    """Each group's rules by their ids, in both directions and both address families, read in one call."""
    found: dict[str, dict[str, Rule]] = {group: {} for group in sorted(groups)}
    if found:
        only = [{"Name": "group-id", "Values": list(found)}]
        for told in world.pages("ec2", "DescribeSecurityGroupRules", "SecurityGroupRules", Filters=only):
            found[told["GroupId"]][told["SecurityGroupRuleId"]] = _rule(told)
    return found


def _rule(told: Mapping[str, Any]) -> Rule:
    protocol = str(told["IpProtocol"])
    group = told.get("ReferencedGroupInfo", {}).get("GroupId", "")
    peer = told.get("CidrIpv4") or told.get("CidrIpv6") or told.get("PrefixListId") or group
    first, last = (-1, -1) if protocol == "-1" else (int(told.get("FromPort", -1)), int(told.get("ToPort", -1)))
    return Rule(egress=told["IsEgress"], protocol=protocol, first=first, last=last, peer=peer)


def creation(vpc: str, kind: Kind = EMPTY, name: str = "") -> dict[str, Any]:
    """The parameters of CreateSecurityGroup."""
    tags = [tag_specification("security-group", {ROLE_TAG: kind.role})]
    return {"GroupName": name or kind.name, "Description": kind.description, "VpcId": vpc, "TagSpecifications": tags}


def planned_calls(vpc: str, known: Known, present: Present, kind: Kind = EMPTY, wanted: Rules = ()) -> list[Call]:
    """What `prepared_group` would send now; `present` are the rules of our groups as `rules_of` has told them."""
    if vpc in known[kind.role]:
        group = known[kind.role][vpc][0]
        return list(_fitting(group, kind, present[group], wanted))
    make = Call("ec2:CreateSecurityGroup", creation(vpc, kind), kind.make)
    return [make, *_fitting(kind.placeholder, kind, {"<default rules>": _DEFAULT}, wanted)]


def prepared_group(
    world: AwsWorld, vpc: str, known: Known | None = None, kind: Kind = EMPTY, wanted: Rules = ()
) -> str:
    """The id of a group of this kind in this VPC that was just read to have exactly these rules. Makes or mends it as needed.

    `known` is what `known_groups` has told a moment ago, where somebody has asked.
    """
    here = (known or known_groups(world, [vpc]))[kind.role].get(vpc)
    group = here[0] if here else _made(world, vpc, kind)
    rules = rules_of(world, [group])[group] if here else _first_rules(world, group)
    calls = list(_fitting(group, kind, rules, wanted))
    for call in calls:
        try:
            world.send(call, eventually=NOT_SEEN_YET)
        except CallFailed as failure:
            if failure.code not in DONE_BY_ANOTHER:
                raise
    if calls and (odd := len(set(rules_of(world, [group])[group].values()) ^ set(wanted))):
        hint = "Somebody may be changing its rules at this moment; repeat the step, and look who does it."
        raise Failed(
            f"The group {group} still has {odd} rules that differ from what was set.", permanent=False, hint=hint
        )
    return group


def _made(world: AwsWorld, vpc: str, kind: Kind) -> str:
    for name in (kind.name, f"{kind.name}-{hashlib.sha256(world.step.encode()).hexdigest()[:8]}"):
        try:
            return str(world.change("ec2", "CreateSecurityGroup", kind.make, **creation(vpc, kind, name))["GroupId"])
        except CallFailed as failure:
            if failure.code != "InvalidGroup.Duplicate":
                raise
        # Another worker was faster, or the name is taken by a group that is not ours and must not be used.
        if known := our_groups(world, [vpc], kind).get(vpc):
            return known[0]
    hint = f"Remove or rename the groups called {kind.name}* in {vpc} that Hikeshi has not made."
    raise Failed(f"No isolation group could be made in {vpc}: its names are taken.", hint=hint)


def _first_rules(world: AwsWorld, group: str) -> dict[str, Rule]:
    """A new group always has a default rule; an empty answer only means that AWS does not see the group yet."""
    for pause in PAUSES:
        if rules := rules_of(world, [group])[group]:
            return rules
        world.pause(pause)
    return rules_of(world, [group])[group]


def _fitting(group: str, kind: Kind, rules: Mapping[str, Rule], wanted: Rules) -> Iterable[Call]:
    """The calls that leave the group with exactly the wanted rules."""
    missing = sorted(set(wanted) - set(rules.values()))
    for direction, egress in (("Ingress", False), ("Egress", True)):
        odd = sorted(one for one, rule in rules.items() if rule.egress is egress and rule not in wanted)
        if odd:
            params: dict[str, Any] = {"GroupId": group, "SecurityGroupRuleIds": odd}
            yield Call(f"ec2:RevokeSecurityGroup{direction}", params, kind.fit)
        if new := [_permission(rule) for rule in missing if rule.egress is egress]:
            params = {"GroupId": group, "IpPermissions": new}
            yield Call(f"ec2:AuthorizeSecurityGroup{direction}", params, kind.fit)


def _permission(rule: Rule) -> dict[str, Any]:
    ports = {} if rule.protocol == "-1" else {"FromPort": rule.first, "ToPort": rule.last}
    if rule.peer.startswith("pl-"):
        peer: dict[str, Any] = {"PrefixListIds": [{"PrefixListId": rule.peer}]}
    elif rule.peer.startswith("sg-"):
        peer = {"UserIdGroupPairs": [{"GroupId": rule.peer}]}
    elif ":" in rule.peer:
        peer = {"Ipv6Ranges": [{"CidrIpv6": rule.peer}]}
    else:
        peer = {"IpRanges": [{"CidrIp": rule.peer}]}
    return {"IpProtocol": rule.protocol, **ports, **peer}
