"""Whether there is an isolation group in each VPC with running instances, or one can be made now.

Where there is none, EC2 itself is asked (CreateSecurityGroup with DryRun, as the role that contains): that counts every policy there is, the
organization's too. A dry run does not look at quotas, so the groups are counted. EC2 API Reference, CreateSecurityGroup; VPC quotas.
"""

from __future__ import annotations

from collections.abc import Iterator

from hikeshi.actions.aws.network.isolation_group import creation, our_groups
from hikeshi.actions.aws.preflight.dry_run import dry_run
from hikeshi.actions.aws.preflight.machines import networks
from hikeshi.actions.aws.preflight.question import Answer, Ground, Question, no, unknown, using, yes
from hikeshi.text import Text

USUAL_GROUPS = 2500
"""Groups per region unless the quota was changed (VPC quotas)."""

_GRANT = Text(
    en="Give the contain role ec2:CreateSecurityGroup as `hikeshi action policy --role contain` prints it, or make the group beforehand.",
    ja="封じ込めロールに ec2:CreateSecurityGroup を与える(`hikeshi action policy --role contain`)か、グループを事前に作成してください。",
)
_ROOM = Text(
    en="Delete groups that nothing uses, or ask AWS for a higher quota.",
    ja="未使用のグループを削除するか、クォータの引き上げを申請してください。",
)


def _ask(ground: Ground) -> Iterator[Answer]:
    world = ground.world()
    vpcs = networks(world)
    ours = our_groups(world, vpcs) if vpcs else {}
    missing = [vpc for vpc in vpcs if vpc not in ours]
    for vpc in sorted(ours):
        yield yes(f"{ours[vpc][0]} is there.", f"{ours[vpc][0]} が用意されています。", resource=vpc)
    if missing:
        count = sum(1 for _ in world.pages("ec2", "DescribeSecurityGroups", "SecurityGroups"))
        for vpc in missing:
            yield _possible(ground, vpc, count)


def _possible(ground: Ground, vpc: str, count: int) -> Answer:
    if count >= USUAL_GROUPS:
        return no(
            f"There are {count} groups; the usual quota is {USUAL_GROUPS}.",
            f"グループが {count} 個あり、通常のクォータは {USUAL_GROUPS} 個です。",
            resource=vpc,
            todo=_ROOM,
        )
    allowed, code = dry_run(ground.world("contain"), "ec2", "CreateSecurityGroup", **creation(vpc))
    if allowed is None:
        return unknown(f"EC2 did not say ({code}).", f"EC2 から回答がありません ({code})。", resource=vpc, todo=_GRANT)
    if not allowed:
        return no(
            f"EC2 refuses to make one ({code}).", f"EC2 が作成を拒否しました ({code})。", resource=vpc, todo=_GRANT
        )
    return yes("One can be made: EC2 says so.", "作成できます (EC2 の DryRun で確認)。", resource=vpc)


QUESTION = Question(
    title=Text(en="Can an instance be put into an isolation group?", ja="隔離用グループを使えるか"),
    ask=_ask,
    permissions=("ec2:DescribeInstances", "ec2:DescribeSecurityGroups"),
    needed_by=using("ec2:CreateSecurityGroup"),
)
