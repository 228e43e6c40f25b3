"""Stages of the actions in `actions/aws/instance/`."""

from __future__ import annotations

from typing import Any

from actions.account import IMAGE, Cloud
from actions.stages.stage import Stage, Stages

_SURROUNDINGS = frozenset({"ec2:ModifyInstanceAttribute", "elasticloadbalancing:DescribeTargetHealth"})


def one(cloud: Cloud) -> dict[str, Any]:
    return {"instance_id": cloud.machine(1).id}


def two(cloud: Cloud) -> dict[str, Any]:
    """Two interfaces, and as many disks."""
    disks = [
        {"DeviceName": name, "Ebs": {"VolumeSize": 1, "DeleteOnTermination": True}}
        for name in ("/dev/xvda", "/dev/sdf")
    ]
    return {"instance_id": cloud.machine(2, BlockDeviceMappings=disks).id}


def metadata_off(cloud: Cloud) -> dict[str, Any]:
    return {**one(cloud), "endpoint_off": True}


def hibernating(cloud: Cloud) -> dict[str, Any]:
    return {"instance_id": cloud.machine(1, HibernationOptions={"Configured": True}).id, "hibernate": True}


def member(cloud: Cloud, **group: Any) -> dict[str, Any]:
    """One of two members of an Auto Scaling group that may have no fewer; one of its processes is suspended already."""
    _, subnet = cloud.network()
    launch = {"ImageId": IMAGE, "InstanceType": "t3.micro"}
    cloud.ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=launch)
    scaling = cloud.client("autoscaling")
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="web", LaunchTemplate={"LaunchTemplateName": "web", "Version": "1"}, VPCZoneIdentifier=subnet,
        **{"MinSize": 2, "MaxSize": 2, "DesiredCapacity": 2, **group},
    )  # fmt: skip
    scaling.suspend_processes(AutoScalingGroupName="web", ScalingProcesses=["AZRebalance"])
    told = scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]
    return {"instance_id": told["Instances"][0]["InstanceId"]}


def protected_member(cloud: Cloud) -> dict[str, Any]:
    found = member(cloud)
    scaling = cloud.client("autoscaling")
    scaling.set_instance_protection(
        AutoScalingGroupName="web", InstanceIds=[found["instance_id"]], ProtectedFromScaleIn=True
    )
    return found


def balanced(cloud: Cloud) -> dict[str, Any]:
    """By its id in one target group, by its address in another, and in a classic load balancer."""
    machine = cloud.machine(1)
    told = cloud.ec2.describe_instances(InstanceIds=[machine.id])["Reservations"][0]["Instances"][0]
    elb, classic = cloud.client("elbv2"), cloud.client("elb")
    for name, kind, target in (("web", "instance", machine.id), ("api", "ip", told["PrivateIpAddress"])):
        made = elb.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=machine.vpc, TargetType=kind)
        arn = made["TargetGroups"][0]["TargetGroupArn"]
        elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": target, "Port": 8080}])
    listener = {"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 80}
    classic.create_load_balancer(LoadBalancerName="old", Listeners=[listener], Subnets=[machine.subnet])
    classic.register_instances_with_load_balancer(LoadBalancerName="old", Instances=[{"InstanceId": machine.id}])
    return {"instance_id": machine.id}


def with_endpoint(cloud: Cloud) -> dict[str, Any]:
    machine = cloud.machine(1)
    cloud.ec2.create_vpc_endpoint(
        VpcEndpointType="Interface", VpcId=machine.vpc, SubnetIds=[machine.subnet],
        ServiceName="com.amazonaws.ap-northeast-1.ssm",
    )  # fmt: skip
    return {"instance_id": machine.id}


def with_sessions(cloud: Cloud) -> dict[str, Any]:
    machine = cloud.machine(1)
    for owner in ("intruder", "responder"):
        cloud.client("ssm").start_session(Target=machine.id, Reason=owner)
    return {"instance_id": machine.id}


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
    "aws.ec2.stop": {
        "hibernating": Stage(build=hibernating, areas=("ec2.instances",), rare=_SURROUNDINGS),
        "one": Stage(build=one, areas=("ec2.attributes", "ec2.instances"), rare=_SURROUNDINGS),
    },
    "aws.elb.deregister": {"balanced": Stage(build=balanced, areas=("elbv2.targets",))},
    "aws.ssm.host_firewall": {"endpoint": Stage(build=with_endpoint, areas=("ssm.hosts",))},
    "aws.ssm.host_triage": {"one": Stage(build=one, areas=())},
    "aws.ssm.end_sessions": {"two": Stage(build=with_sessions, areas=("ssm.sessions",))},
}  # fmt: skip
