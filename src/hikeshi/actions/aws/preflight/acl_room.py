"""Whether the network ACLs have a free rule, to block a peer in both directions. 20 rules a direction unless changed (VPC quotas)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from hikeshi.actions.aws.preflight.machines import networks
from hikeshi.actions.aws.preflight.question import Answer, Ground, Question, no, using, yes
from hikeshi.text import Text

USUAL_RULES = 20
LAST = 32767
"""The rule that is always there, and does not count."""

_ROOM = Text(
    en="Merge or remove rules of this ACL, or ask AWS for a higher quota (40 at most).",
    ja="このネットワーク ACL のルールを統合・削除するか、クォータの引き上げ(最大 40)を申請してください。",
)


def _ask(ground: Ground) -> Iterator[Answer]:
    world = ground.world()
    vpcs = networks(world)
    if not vpcs:
        return
    only = [{"Name": "vpc-id", "Values": vpcs}]
    for acl in world.pages("ec2", "DescribeNetworkAcls", "NetworkAcls", Filters=only):
        yield _one(acl)


def _one(acl: Mapping[str, Any]) -> Answer:
    rules = [entry for entry in acl["Entries"] if entry["RuleNumber"] < LAST]
    most = max(Counter((entry["Egress"], "Ipv6CidrBlock" in entry) for entry in rules).values(), default=0)
    en, ja = f"{most} of usually {USUAL_RULES} rules are used.", f"{most} 件を使用中(通常の上限 {USUAL_RULES} 件)。"
    if most >= USUAL_RULES:
        return no(en, ja, resource=acl["NetworkAclId"], todo=_ROOM)
    return yes(en, ja, resource=acl["NetworkAclId"])


QUESTION = Question(
    title=Text(en="Can a network ACL take another rule?", ja="ネットワーク ACL にルールを追加できるか"),
    ask=_ask,
    permissions=("ec2:DescribeInstances", "ec2:DescribeNetworkAcls"),
    needed_by=using("ec2:CreateNetworkAclEntry"),
)
