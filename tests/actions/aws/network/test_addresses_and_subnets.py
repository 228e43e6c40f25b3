"""What is special to the actions on addresses, timeouts, interfaces, subnets and routes."""

from __future__ import annotations

import pytest

from actions.account import Cloud
from actions.worlds import WatchedWorld
from hikeshi.actions.aws.network.blackhole_route import BlackholeRoute
from hikeshi.actions.aws.network.block_public import BlockPublic
from hikeshi.actions.aws.network.detach_interface import DetachInterface
from hikeshi.actions.aws.network.isolation_group import ROLE_TAG
from hikeshi.actions.aws.network.quarantine_subnet import ROLE, QuarantineSubnet
from hikeshi.actions.aws.network.remove_public import RemovePublic
from hikeshi.actions.aws.network.shrink_tracking import LEAST, ShrinkTracking
from hikeshi.errors import Refused
from hikeshi.simulation.building.network import a_subnet, a_way_out


def test_an_automatic_address_goes_and_another_one_comes_back(cloud: Cloud, world: WatchedWorld) -> None:
    _, subnet = cloud.network()
    spec = {"DeviceIndex": 0, "SubnetId": subnet, "AssociatePublicIpAddress": True}
    told = cloud.ec2.run_instances(
        ImageId="ami-0a1b2c3d4e5f60718", MinCount=1, MaxCount=1, InstanceType="t3.micro", NetworkInterfaces=[spec]
    )
    action = RemovePublic(instance_id=told["Instances"][0]["InstanceId"])
    plan = action.plan(world)
    (address,) = plan.before["saved"]["public"].values()
    assert any(address in text.en for text in plan.warnings)
    assert action.do(world, plan).outcome == "done"
    assert action.read(world) == {}
    assert action.undo(world, plan).outcome == "done"
    assert action.read(world) == plan.before["parts"]


def test_an_address_that_somebody_else_has_taken_meanwhile_is_not_pulled_back(
    cloud: Cloud, world: WatchedWorld
) -> None:
    first, second = cloud.machine(1), cloud.machine(1)
    address = cloud.ec2.allocate_address(Domain="vpc")["AllocationId"]
    cloud.ec2.associate_address(AllocationId=address, NetworkInterfaceId=min(first.groups))
    action = RemovePublic(instance_id=first.id)
    plan = action.plan(world)
    action.do(world, plan)
    cloud.ec2.associate_address(AllocationId=address, NetworkInterfaceId=min(second.groups))
    assert action.undo(world, plan).outcome == "failed"
    assert action.read(world) == {}


def test_an_instance_without_a_public_address_is_refused(cloud: Cloud, world: WatchedWorld) -> None:
    with pytest.raises(Refused, match="no public address"):
        RemovePublic(instance_id=cloud.machine(1).id).plan(world)


def test_timeouts_that_were_set_come_back_as_they_were(cloud: Cloud, world: WatchedWorld) -> None:
    machine = cloud.machine(2)
    first, second = sorted(machine.groups)
    own = {"TcpEstablishedTimeout": 900, "UdpStreamTimeout": 120, "UdpTimeout": 45}
    cloud.ec2.modify_network_interface_attribute(NetworkInterfaceId=first, ConnectionTrackingSpecification=own)
    action = ShrinkTracking(instance_id=machine.id)
    plan = action.plan(world)
    action.do(world, plan)
    assert action.read(world) == {first: LEAST, second: LEAST}
    with pytest.raises(Refused, match="as low as they go"):
        action.plan(world)
    action.undo(world, plan)
    assert action.read(world)[first] == own


def test_the_first_interface_cannot_be_detached(cloud: Cloud, world: WatchedWorld) -> None:
    with pytest.raises(Refused, match="no secondary interface"):
        DetachInterface(instance_id=cloud.machine(1).id).plan(world)


def test_an_acl_with_our_tag_that_somebody_has_opened_is_not_used(cloud: Cloud, world: WatchedWorld) -> None:
    action = QuarantineSubnet(**a_subnet(cloud))
    vpc = cloud.ec2.describe_subnets(SubnetIds=[action.subnet_id])["Subnets"][0]["VpcId"]
    tags = [{"ResourceType": "network-acl", "Tags": [{"Key": ROLE_TAG, "Value": ROLE}]}]
    trap = cloud.ec2.create_network_acl(VpcId=vpc, TagSpecifications=tags)["NetworkAcl"]["NetworkAclId"]
    cloud.ec2.create_network_acl_entry(
        NetworkAclId=trap, RuleNumber=1, Protocol="-1", RuleAction="allow", Egress=False, CidrBlock="0.0.0.0/0"
    )
    action.do(world, action.plan(world))
    only = [{"Name": "association.subnet-id", "Values": [action.subnet_id]}]
    (used,) = cloud.ec2.describe_network_acls(Filters=only)["NetworkAcls"]
    assert used["NetworkAclId"] != trap
    assert used["Entries"] == []


def test_an_acl_of_ours_is_used_again(cloud: Cloud, world: WatchedWorld) -> None:
    action = QuarantineSubnet(**a_subnet(cloud))
    plan = action.plan(world)
    action.do(world, plan)
    with pytest.raises(Refused, match="already in quarantine"):
        action.plan(world)
    action.undo(world, plan)
    again = action.plan(world)
    assert [call.operation for call in again.calls] == ["ec2:ReplaceNetworkAclAssociation"]


def test_a_route_whose_gateway_is_gone_is_said(cloud: Cloud, world: WatchedWorld) -> None:
    action = BlackholeRoute(**a_way_out(cloud))
    plan = action.plan(world)
    action.do(world, plan)
    assert action.read(world) == {}
    gateway = plan.before["parts"]["0.0.0.0/0"]["GatewayId"]
    (vpc,) = {one["VpcId"] for one in cloud.ec2.describe_internet_gateways()["InternetGateways"][0]["Attachments"]}
    cloud.ec2.detach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    cloud.ec2.delete_internet_gateway(InternetGatewayId=gateway)
    told = action.undo(world, plan)
    assert told.outcome == "failed"
    assert "0.0.0.0/0" in told.still_open[0].en


def test_a_region_that_is_cut_off_already_is_refused(world: WatchedWorld, cloud: Cloud) -> None:
    del cloud
    plan = BlockPublic().plan(world)
    assert plan.resources == (f"{world.account} {world.region}",)
    BlockPublic().do(world, plan)
    with pytest.raises(Refused, match="already set"):
        BlockPublic().plan(world)
