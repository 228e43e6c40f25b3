"""What the actions in `actions/aws/network/` are tried on, built in a simulated account: each function returns the inputs it made."""

from __future__ import annotations

from typing import Any

from hikeshi.simulation.account import REGION, Account, Machine


def one_plain(account: Account) -> dict[str, Any]:
    """Launched with group ids: one interface, and moto's view of groups is the union of both lists."""
    return {"instance_id": account.plain_machine().id}


def two_interfaces(account: Account) -> dict[str, Any]:
    return {"instance_id": account.machine(2).id}


def with_endpoints(account: Account, *, admits: bool = True) -> dict[str, Any]:
    """Endpoints for Systems Manager with a group of their own, and the gateway of S3."""
    machine = account.machine(2)
    give_endpoints(account, machine, admits=admits)
    return {"instance_id": machine.id}


def give_endpoints(account: Account, machine: Machine, *, admits: bool = True) -> None:
    group = account.group(machine.vpc, "endpoints")
    if admits:
        inside = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": "10.1.0.0/16"}]}
        account.ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=[inside])
    for service in ("ec2messages", "kms", "logs", "ssm", "ssmmessages"):
        account.ec2.create_vpc_endpoint(
            VpcId=machine.vpc, ServiceName=f"com.amazonaws.{REGION}.{service}", VpcEndpointType="Interface",
            SubnetIds=[machine.subnet], SecurityGroupIds=[group], PrivateDnsEnabled=True,
        )  # fmt: skip
    account.ec2.create_vpc_endpoint(
        VpcId=machine.vpc, ServiceName=f"com.amazonaws.{REGION}.s3", VpcEndpointType="Gateway"
    )


def with_addresses(account: Account) -> dict[str, Any]:
    """An elastic address on each interface."""
    machine = account.machine(2)
    give_addresses(account, machine)
    return {"instance_id": machine.id}


def give_addresses(account: Account, machine: Machine) -> None:
    for eni in machine.groups:
        address = account.ec2.allocate_address(Domain="vpc")["AllocationId"]
        account.ec2.associate_address(AllocationId=address, NetworkInterfaceId=eni)


def with_a_peer(account: Account) -> dict[str, Any]:
    return {"instance_id": account.machine(2).id, "peers": ["203.0.113.66"]}


def a_subnet(account: Account) -> dict[str, Any]:
    return {"subnet_id": account.network()[1]}


def a_way_out(account: Account) -> dict[str, Any]:
    """A route table with a default route."""
    vpc, _ = account.network()
    gateway = account.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    account.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = account.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    account.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    return {"route_table_id": table}
