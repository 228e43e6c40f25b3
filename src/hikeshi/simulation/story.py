"""The story's first half: an account as a small web shop has it, and the GuardDuty finding that starts the incident.

    scene = build_account(cloud)
    send(cloud, scene, finding(scene))

The second half, what the attack left in the logs, is `logs.py`.
"""

from __future__ import annotations

import json
from datetime import UTC
from typing import Any, Final

from hikeshi.errors import Failed
from hikeshi.simulation import cast
from hikeshi.simulation.attack import ALLOW_ALL
from hikeshi.simulation.cloud import SimulatedCloud
from hikeshi.simulation.finding import finding
from hikeshi.simulation.scene import Interface, Machine, Scene

__all__ = ["Scene", "build_account", "finding", "send"]

IMAGE: Final = "ami-0a1b2c3d4e5f60718"  # images.json
INSTANCE_TYPE: Final = "m6i.large"
EVIDENCE_BUCKET: Final = f"hikeshi-evidence-{cast.ACCOUNT}"
QUEUE: Final = "hikeshi-findings"

FRONT: Final = ("10.20.1.0/24", "2001:db8:20:1::")
BACK: Final = ("10.20.2.0/24", "2001:db8:20:2::")
GROUPS: Final = {
    "shop-web": [(443, "0.0.0.0/0"), (80, "0.0.0.0/0")],
    "shop-ssh": [(22, f"{cast.OFFICE[0]}/32")],
    "shop-back": [(5432, "10.20.2.0/24")],
}
# name: (last number of its addresses, groups of the front interface, groups of the back interface)
MACHINES: Final[dict[str, tuple[int, tuple[str, ...], tuple[str, ...]]]] = {
    "shop-web-1": (10, ("shop-web", "shop-ssh"), ("shop-back",)),
    "shop-web-2": (11, ("shop-web",), ()),
    "shop-db-1": (20, (), ("shop-back",)),
}
VICTIM: Final = "shop-web-1"
TRUST: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
ROLE_POLICY: Final = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": ["s3:GetObject", "s3:ListBucket"], "Resource": "*"}],
}


def build_account(cloud: SimulatedCloud) -> Scene:
    """Fill an empty simulated account and tell what stands where. Addresses are fixed, ids are the cloud's own."""
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.20.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]
    front, back = (_subnet(ec2, vpc, v4, v6) for v4, v6 in (FRONT, BACK))
    groups = {name: _group(ec2, vpc, name) for name in GROUPS}
    role_id, profile_arn, profile_id = _role(cloud.client("iam"))
    machines = [_machine(ec2, name, front, back, groups, profile_arn if name == VICTIM else "") for name in MACHINES]
    queue_url, dead_letter_url = _queues(cloud.client("sqs"))
    _bucket(cloud.client("s3"))
    return Scene(
        account=cast.ACCOUNT,
        region=cast.REGION,
        vpc=vpc,
        subnets=(front, back),
        group_names={group: name for name, group in groups.items()},
        image=IMAGE,
        instance_type=INSTANCE_TYPE,
        victim=machines[0],
        bystanders=tuple(machines[1:]),
        role=cast.VICTIM_ROLE,
        role_id=role_id,
        profile_arn=profile_arn,
        profile_id=profile_id,
        queue_url=queue_url,
        dead_letter_url=dead_letter_url,
        evidence_bucket=EVIDENCE_BUCKET,
    )


def send(cloud: SimulatedCloud, scene: Scene, body: bytes) -> str:
    """Put one payload on the queue, as EventBridge would, and return the message id."""
    answer = cloud.client("sqs").send_message(QueueUrl=scene.queue_url, MessageBody=body.decode())
    return str(answer["MessageId"])


def _subnet(ec2: Any, vpc: str, v4: str, v6: str) -> str:
    made = ec2.create_subnet(VpcId=vpc, CidrBlock=v4, Ipv6CidrBlock=f"{v6}/64", AvailabilityZone=cast.ZONE)
    return str(made["Subnet"]["SubnetId"])


def _group(ec2: Any, vpc: str, name: str) -> str:
    group = ec2.create_security_group(GroupName=name, Description=f"{name} of the shop", VpcId=vpc)["GroupId"]
    rules = [
        {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "IpRanges": [{"CidrIp": source}]}
        for port, source in GROUPS[name]
    ]
    ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rules)
    return str(group)


def _role(iam: Any) -> tuple[str, str, str]:
    name = cast.VICTIM_ROLE
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
    iam.put_role_policy(RoleName=name, PolicyName="read-assets", PolicyDocument=json.dumps(ROLE_POLICY))
    profile = iam.create_instance_profile(InstanceProfileName=name)["InstanceProfile"]
    iam.add_role_to_instance_profile(InstanceProfileName=name, RoleName=name)
    iam.create_user(UserName=cast.LEAKED_USER)
    iam.create_access_key(UserName=cast.LEAKED_USER)
    _backdoor(iam)
    return role["RoleId"], profile["Arn"], profile["InstanceProfileId"]


def _backdoor(iam: Any) -> None:
    """What the attacker has left behind, as the logs tell it: a user with a policy and a key of its own."""
    iam.create_user(UserName=cast.BACKDOOR_USER)
    iam.put_user_policy(UserName=cast.BACKDOOR_USER, PolicyName="metrics", PolicyDocument=ALLOW_ALL)
    iam.create_access_key(UserName=cast.BACKDOOR_USER)


def _machine(ec2: Any, name: str, front: str, back: str, groups: dict[str, str], profile_arn: str) -> Machine:
    number, at_front, at_back = MACHINES[name]
    plan = [(front, FRONT, at_front), (back, BACK, at_back)]
    interfaces = [
        _interface(ec2, subnet, net, number, tuple(groups[one] for one in names))
        for subnet, net, names in plan
        if names
    ]
    launch: dict[str, Any] = {"IamInstanceProfile": {"Arn": profile_arn}} if profile_arn else {}
    instance = ec2.run_instances(
        ImageId=IMAGE,
        InstanceType=INSTANCE_TYPE,
        MinCount=1,
        MaxCount=1,
        # Interfaces are named one by one: launched with plain groups, moto mixes the groups of the launch into every interface.
        NetworkInterfaces=[
            {"DeviceIndex": index, "NetworkInterfaceId": one.id} for index, one in enumerate(interfaces)
        ],
        BlockDeviceMappings=[
            {"DeviceName": "/dev/xvda", "Ebs": {"VolumeSize": 8, "DeleteOnTermination": True}},
            {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 20, "DeleteOnTermination": False, "Encrypted": True}},
        ],
        TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": name}]}],
        **launch,
    )["Instances"][0]
    if name == VICTIM:
        address = ec2.allocate_address(Domain="vpc", Address=cast.VICTIM_PUBLIC)
        ec2.associate_address(AllocationId=address["AllocationId"], NetworkInterfaceId=interfaces[0].id)
        first = interfaces[0]
        interfaces[0] = Interface(
            id=first.id,
            subnet=first.subnet,
            groups=first.groups,
            private=first.private,
            ipv6=first.ipv6,
            public=cast.VICTIM_PUBLIC,
        )
    return Machine(
        id=instance["InstanceId"],
        name=name,
        interfaces=tuple(interfaces),
        volumes=_volumes(ec2, instance["InstanceId"]),
        launched=instance["LaunchTime"].astimezone(UTC),
    )


def _interface(ec2: Any, subnet: str, net: tuple[str, str], number: int, groups: tuple[str, ...]) -> Interface:
    private, ipv6 = f"{net[0].rpartition('.')[0]}.{number}", f"{net[1]}{number}"
    made = ec2.create_network_interface(
        SubnetId=subnet, PrivateIpAddress=private, Ipv6Addresses=[{"Ipv6Address": ipv6}], Groups=list(groups)
    )
    return Interface(
        id=made["NetworkInterface"]["NetworkInterfaceId"], subnet=subnet, groups=groups, private=private, ipv6=ipv6
    )


def _volumes(ec2: Any, instance_id: str) -> tuple[str, ...]:
    found = ec2.describe_volumes(Filters=[{"Name": "attachment.instance-id", "Values": [instance_id]}])["Volumes"]
    if not found:
        raise Failed(
            f"The simulated instance {instance_id} has no volumes.", hint="Reset the simulated cloud and build again."
        )
    return tuple(sorted(volume["VolumeId"] for volume in found))


def _queues(sqs: Any) -> tuple[str, str]:
    """The queue for findings; a message that failed five times goes to the dead-letter queue."""
    dead = sqs.create_queue(QueueName=f"{QUEUE}-dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": "5"})
    queue = sqs.create_queue(QueueName=QUEUE, Attributes={"RedrivePolicy": redrive, "VisibilityTimeout": "60"})[
        "QueueUrl"
    ]
    return queue, dead


def _bucket(s3: Any) -> None:
    """Object Lock has to be on from the first moment of a bucket's life."""
    place = {"LocationConstraint": cast.REGION}
    s3.create_bucket(Bucket=EVIDENCE_BUCKET, ObjectLockEnabledForBucket=True, CreateBucketConfiguration=place)
    blocked = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
    s3.put_public_access_block(Bucket=EVIDENCE_BUCKET, PublicAccessBlockConfiguration=dict.fromkeys(blocked, True))
