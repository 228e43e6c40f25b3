"""What the actions in `actions/aws/instance/` are tried on, built in a simulated account: each function returns the inputs it made."""

from __future__ import annotations

from typing import Any

from hikeshi.simulation.account import IMAGE, Account


def one(account: Account) -> dict[str, Any]:
    return {"instance_id": account.machine(1).id}


DISKS = [
    {"DeviceName": name, "Ebs": {"VolumeSize": 1, "DeleteOnTermination": True}} for name in ("/dev/xvda", "/dev/sdf")
]


def two(account: Account) -> dict[str, Any]:
    """Two interfaces, and as many disks."""
    return {"instance_id": account.machine(2, BlockDeviceMappings=DISKS).id}


def metadata_off(account: Account) -> dict[str, Any]:
    return {**one(account), "endpoint_off": True}


def hibernating(account: Account) -> dict[str, Any]:
    return {"instance_id": account.machine(1, HibernationOptions={"Configured": True}).id, "hibernate": True}


def member(account: Account, **group: Any) -> dict[str, Any]:
    """One of two members of an Auto Scaling group that may have no fewer; one of its processes is suspended already."""
    _, subnet = account.network()
    launch = {"ImageId": IMAGE, "InstanceType": "t3.micro"}
    account.ec2.create_launch_template(LaunchTemplateName="web", LaunchTemplateData=launch)
    scaling = account.client("autoscaling")
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="web", LaunchTemplate={"LaunchTemplateName": "web", "Version": "1"}, VPCZoneIdentifier=subnet,
        **{"MinSize": 2, "MaxSize": 2, "DesiredCapacity": 2, **group},
    )  # fmt: skip
    scaling.suspend_processes(AutoScalingGroupName="web", ScalingProcesses=["AZRebalance"])
    told = scaling.describe_auto_scaling_groups()["AutoScalingGroups"][0]
    return {"instance_id": told["Instances"][0]["InstanceId"]}


def protected_member(account: Account) -> dict[str, Any]:
    found = member(account)
    scaling = account.client("autoscaling")
    scaling.set_instance_protection(
        AutoScalingGroupName="web", InstanceIds=[found["instance_id"]], ProtectedFromScaleIn=True
    )
    return found


def balanced(account: Account) -> dict[str, Any]:
    """By its id in one target group, by its address in another, and in a classic load balancer."""
    machine = account.machine(1)
    told = account.ec2.describe_instances(InstanceIds=[machine.id])["Reservations"][0]["Instances"][0]
    elb, classic = account.client("elbv2"), account.client("elb")
    for name, kind, target in (("web", "instance", machine.id), ("api", "ip", told["PrivateIpAddress"])):
        arn = target_group(account, name, machine.vpc, kind)
        elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": target, "Port": 8080}])
    listener = {"Protocol": "HTTP", "LoadBalancerPort": 80, "InstancePort": 80}
    classic.create_load_balancer(LoadBalancerName="old", Listeners=[listener], Subnets=[machine.subnet])
    classic.register_instances_with_load_balancer(LoadBalancerName="old", Instances=[{"InstanceId": machine.id}])
    return {"instance_id": machine.id}


def target_group(account: Account, name: str, vpc: str, kind: str) -> str:
    elb = account.client("elbv2")
    made = elb.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=vpc, TargetType=kind)
    return str(made["TargetGroups"][0]["TargetGroupArn"])


def with_endpoint(account: Account) -> dict[str, Any]:
    machine = account.machine(1)
    account.ec2.create_vpc_endpoint(
        VpcEndpointType="Interface", VpcId=machine.vpc, SubnetIds=[machine.subnet],
        ServiceName="com.amazonaws.ap-northeast-1.ssm",
    )  # fmt: skip
    return {"instance_id": machine.id}


def with_sessions(account: Account) -> dict[str, Any]:
    machine = account.machine(1)
    open_shells(account, machine.id)
    return {"instance_id": machine.id}


def open_shells(account: Account, instance_id: str) -> None:
    for owner in ("intruder", "responder"):
        account.client("ssm").start_session(Target=instance_id, Reason=owner)
