"""The simulated account inside this process: no child, no socket for who asks through `client`, and what is built in it most often.

    with running_account() as account:
        machine = account.machine()

For playing playbooks and for the tests of actions, which ask thousands of times. Drills and the demo use `cloud.SimulatedCloud`, which
several processes can reach.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec

from hikeshi.aws.clients import client
from hikeshi.errors import Failed
from hikeshi.simulation import cast
from hikeshi.simulation.layer import Layer
from hikeshi.simulation.server import SETTINGS, application, instances
from hikeshi.simulation.short_cut import APPS, unsigned

REGION = cast.REGION
ACCOUNT = cast.ACCOUNT
IMAGE = "ami-0a1b2c3d4e5f60718"  # images.json
BUCKET = "example-evidence"


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """One instance of the account, with the groups each of its interfaces has."""

    id: str
    vpc: str
    subnet: str
    groups: dict[str, list[str]]


class Account:
    """A simulated account at `url`, played by `simulated`."""

    def __init__(self, url: str, simulated: Layer) -> None:
        self.url = url
        self.simulated = simulated
        self.ec2 = self.client("ec2")

    def reset(self) -> None:
        """A fresh account."""
        self.simulated.reset()

    def client(self, service: str) -> Any:
        return unsigned(client(service, REGION, self.url, 120.0))

    def bucket(self) -> Any:
        """The bucket for evidence."""
        s3 = self.client("s3")
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration={"LocationConstraint": REGION})
        return s3

    def group(self, vpc: str, name: str) -> str:
        return str(self.ec2.create_security_group(GroupName=name, Description=name, VpcId=vpc)["GroupId"])

    def network(self) -> tuple[str, str]:
        """A VPC and its only subnet."""
        vpc = self.ec2.create_vpc(CidrBlock="10.1.0.0/16", AmazonProvidedIpv6CidrBlock=True)["Vpc"]["VpcId"]
        subnet = self.ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.1.0/24")["Subnet"]["SubnetId"]
        return vpc, subnet

    def machine(self, interfaces: int = 2, **more: Any) -> Machine:
        """An instance launched with explicit interface specifications, each with two groups of its own."""
        vpc, subnet = self.network()
        groups = [[self.group(vpc, f"web-{n}"), self.group(vpc, f"app-{n}")] for n in range(interfaces)]
        specs = [
            {"DeviceIndex": n, "SubnetId": subnet, "Groups": listed, "DeleteOnTermination": True}
            for n, listed in enumerate(groups)
        ]
        return self._run(vpc, subnet, NetworkInterfaces=specs, **more)

    def plain_machine(self) -> Machine:
        """An instance launched with group ids: one interface, and moto's view of groups is the union of both lists."""
        vpc, subnet = self.network()
        return self._run(
            vpc, subnet, SubnetId=subnet, SecurityGroupIds=[self.group(vpc, "web"), self.group(vpc, "app")]
        )

    def _run(self, vpc: str, subnet: str, **params: Any) -> Machine:
        params = {"InstanceType": "t3.micro", **params}
        told = self.ec2.run_instances(ImageId=IMAGE, MinCount=1, MaxCount=1, **params)["Instances"][0]
        return Machine(id=told["InstanceId"], vpc=vpc, subnet=subnet, groups=self.groups_of(told["InstanceId"]))

    def groups_of(self, instance: str) -> dict[str, list[str]]:
        only = [{"Name": "attachment.instance-id", "Values": [instance]}]
        told = self.ec2.describe_network_interfaces(Filters=only)["NetworkInterfaces"]
        return {one["NetworkInterfaceId"]: sorted(g["GroupId"] for g in one["Groups"]) for one in told}


def require_moto() -> None:
    """Raises `Failed` where moto is not installed, which plays the account."""
    if importlib.util.find_spec("moto") is None:
        raise Failed("The simulated account needs moto, which is not installed.", hint="Install hikeshi[drill].")


@contextmanager
def served(app: Callable[..., Any], *, quickly: bool) -> Iterator[str]:
    """The application on a free port, stopped at the end; its address. `quickly`: this process asks it without a socket."""
    from werkzeug.serving import make_server  # with moto, which is there only for drills and tests

    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_port}"
    if quickly:
        APPS[url] = app
    try:
        yield url
    finally:
        APPS.pop(url, None)
        server.shutdown()
        server.server_close()


def simulated_account() -> Layer:
    """Moto behind our layer. Raises `Failed` without moto."""
    require_moto()
    os.environ.update(SETTINGS)
    return Layer(application(), instances)


def _judge_no_bucket_policies() -> None:
    """Moto judges a bucket's policy without its conditions, so that a deny for all but some would also stop those: it is not asked."""
    from moto.iam.access_control import PermissionResult
    from moto.s3.models import FakeBucket

    judge: Any = FakeBucket  # the stubs do not let a method be replaced
    judge.get_permission = lambda _bucket, _action, _resource: PermissionResult.NEUTRAL


@contextmanager
def running_account() -> Iterator[Account]:
    """An empty account, gone at the end. Only one is open in a process: moto keeps everything in one place. Raises `Failed` without moto."""
    layer = simulated_account()
    _judge_no_bucket_policies()
    with served(layer, quickly=True) as url:  # simulated hosts upload over the socket, as real ones do
        account = Account(url, layer)
        account.reset()
        yield account
