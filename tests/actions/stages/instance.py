"""Stages of the actions in `actions/aws/instance/`."""

from __future__ import annotations

from actions.stages.stage import Stage, Stages
from hikeshi.simulation.building.data import the_account
from hikeshi.simulation.building.instance import (
    balanced,
    hibernating,
    member,
    metadata_off,
    one,
    protected_member,
    two,
    with_endpoint,
    with_sessions,
)

_SURROUNDINGS = frozenset({"ec2:ModifyInstanceAttribute", "elasticloadbalancing:DescribeTargetHealth"})
STAGES: Stages = {
    "aws.asg.detach": {
        "member": Stage(
            build=member, areas=("autoscaling.groups", "ec2.instances"),
            rare=frozenset({"autoscaling:SetInstanceProtection"}),
        ),
        "protected": Stage(build=protected_member, areas=("autoscaling.groups",)),
    },
    "aws.asg.standby": {"member": Stage(build=member, areas=("autoscaling.groups", "ec2.instances"))},
    "aws.ec2.console": {"one": Stage(build=one, areas=())},
    "aws.ec2.crash_dump": {"one": Stage(build=one, areas=("ec2.consoles",))},
    "aws.ec2.imds": {
        "off": Stage(build=metadata_off, areas=("ec2.instances",)),
        "strict": Stage(build=one, areas=("ec2.instances",)),
    },
    "aws.ec2.protect": {"two": Stage(build=two, areas=("ec2.attributes", "ec2.instances"))},
    "aws.ec2.serial_console_off": {"on": Stage(build=the_account, areas=("ec2.serial_console",))},
    "aws.ec2.stop": {
        "hibernating": Stage(build=hibernating, areas=("ec2.instances",), rare=_SURROUNDINGS),
        "one": Stage(build=one, areas=("ec2.attributes", "ec2.instances"), rare=_SURROUNDINGS),
    },
    "aws.elb.deregister": {"balanced": Stage(build=balanced, areas=("elbv2.targets",))},
    "aws.ssm.host_firewall": {"endpoint": Stage(build=with_endpoint, areas=("ssm.hosts",))},
    "aws.ssm.host_triage": {"one": Stage(build=one, areas=())},
    "aws.ssm.end_sessions": {"two": Stage(build=with_sessions, areas=("ssm.sessions",))},
}  # fmt: skip
