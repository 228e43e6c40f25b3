"""Who depends on an instance, and what isolation leaves open."""

from __future__ import annotations

from actions.account import IMAGE, Cloud, Machine
from actions.worlds import WatchedWorld
from hikeshi.actions.action import Plan
from hikeshi.actions.aws.network.isolate import IsolateInstance


def planned(machine: Machine, world: WatchedWorld) -> Plan:
    return IsolateInstance(instance_id=machine.id).plan(world)


def test_tracked_connections_dns_and_credentials_are_always_named(cloud: Cloud, world: WatchedWorld) -> None:
    said = " ".join(text.en for text in planned(cloud.machine(), world).will_not_stop)
    assert all(word in said for word in ("tracking", "DNS", "Credentials"))


def test_a_nat_gateway_in_the_route_of_the_subnet_is_named(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine()
    nat = cloud.ec2.create_nat_gateway(SubnetId=machine.subnet, ConnectivityType="private")["NatGateway"][
        "NatGatewayId"
    ]
    table = cloud.ec2.create_route_table(VpcId=machine.vpc)["RouteTable"]["RouteTableId"]
    cloud.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", NatGatewayId=nat)
    assert not any(nat in text.en for text in planned(machine, world).will_not_stop)
    cloud.ec2.associate_route_table(RouteTableId=table, SubnetId=machine.subnet)
    assert any(nat in text.en and nat in text.ja for text in planned(machine, world).will_not_stop)


def test_the_main_table_counts_where_the_subnet_has_none(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine()
    only = [{"Name": "vpc-id", "Values": [machine.vpc]}]
    table = cloud.ec2.describe_route_tables(Filters=only)["RouteTables"][0]["RouteTableId"]
    gateway = cloud.ec2.create_transit_gateway()["TransitGateway"]["TransitGatewayId"]
    cloud.ec2.create_route(RouteTableId=table, DestinationCidrBlock="10.9.0.0/16", TransitGatewayId=gateway)
    assert any(gateway in text.en for text in planned(machine, world).will_not_stop)


def test_a_public_address_is_named(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine()
    address = cloud.ec2.allocate_address(Domain="vpc")
    eni = min(machine.groups)
    cloud.ec2.associate_address(AllocationId=address["AllocationId"], NetworkInterfaceId=eni)
    assert any(address["PublicIp"] in text.en for text in planned(machine, world).will_not_stop)


def test_routes_that_cannot_be_read_are_said_to_be_unknown(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine()
    cloud.layer.faults = [("DescribeRouteTables", "denied")]
    assert any(text.en.startswith("Unknown") for text in planned(machine, world).will_not_stop)


def test_a_target_group_that_serves_the_instance_is_named(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine(1)
    balancers = cloud.client("elbv2")
    for name in ("serving", "other"):
        made = balancers.create_target_group(Name=name, Protocol="HTTP", Port=80, VpcId=machine.vpc)
        if name == "serving":
            arn = made["TargetGroups"][0]["TargetGroupArn"]
            balancers.register_targets(TargetGroupArn=arn, Targets=[{"Id": machine.id}])
    said = [text.en for text in planned(machine, world).dependants]
    assert [text.split(":")[0] for text in said] == ["Target group serving"]


def test_an_auto_scaling_group_is_named(cloud: Cloud, world: WatchedWorld) -> None:
    _, subnet = cloud.network()
    scaling = cloud.client("autoscaling")
    scaling.create_launch_configuration(LaunchConfigurationName="l", ImageId=IMAGE, InstanceType="t3.micro")
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="fleet", LaunchConfigurationName="l", MinSize=1, MaxSize=1, VPCZoneIdentifier=subnet
    )
    member = scaling.describe_auto_scaling_instances()["AutoScalingInstances"][0]["InstanceId"]
    plan = IsolateInstance(instance_id=member).plan(world)
    assert any("Auto Scaling group fleet" in text.en for text in plan.dependants)


def test_what_cannot_be_read_is_a_warning_and_no_obstacle(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine()
    cloud.layer.faults = [("DescribeTargetGroups", "html"), ("DescribeAutoScalingInstances", "denied")]
    plan = planned(machine, world)
    assert len(plan.warnings) == 2
    assert plan.calls
