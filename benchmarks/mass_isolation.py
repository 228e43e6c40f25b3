"""How long a mass isolation takes, and that no instance is lost: `python benchmarks/mass_isolation.py --instances 200`.

A simulated account that refuses whoever exceeds the published request buckets (100 swaps at once, 5 a second), in a process of its own. In
one run: `aws.ec2.isolate` on every instance, with our buckets and shared reads; and the same swaps as a script would make them, with the stock
retry settings of the SDK. The floor is (instances - 100) / 5 seconds. Rung 1 is complete when the cloud itself shows every interface in
the isolation group. The estimate is made before anything is changed. `--one`: a single instance, again and again, on full buckets.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from hikeshi.actions import action
from hikeshi.actions.action import Plan
from hikeshi.actions.aws.recorder import ListRecorder
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.aws.buckets import Buckets, Urgency
from hikeshi.aws.clients import warm
from hikeshi.aws.together import Together
from hikeshi.simulation import cast
from hikeshi.simulation.cloud import SimulatedCloud

THREADS = 16
STOCK = (("standard", 3), ("standard", 10), ("adaptive", 10))
BAR_SECONDS, BAR_ONE, BAR_OURS = 25.0, 3.0, 0.3


def build(cloud: SimulatedCloud, count: int) -> list[str]:
    """So many instances with one interface each, in one VPC, launched with an explicit interface."""
    cloud.reset()
    ec2 = cloud.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.0.0/20")["Subnet"]["SubnetId"]
    group = ec2.create_security_group(GroupName="web", Description="web", VpcId=vpc)["GroupId"]
    image = ec2.describe_images()["Images"][0]["ImageId"]
    told = ec2.run_instances(
        ImageId=image, MinCount=count, MaxCount=count, InstanceType="t3.micro",
        NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": subnet, "Groups": [group]}],
    )  # fmt: skip
    return [one["InstanceId"] for one in told["Instances"]]


def isolated(cloud: SimulatedCloud) -> int:
    """How many instances the cloud itself shows in an isolation group and in no other."""
    told = cloud.client("ec2").describe_network_interfaces()["NetworkInterfaces"]
    worn = [[group["GroupName"] for group in one["Groups"]] for one in told if one.get("Attachment")]
    return sum(len(names) == 1 and names[0].startswith("hikeshi-isolation") for names in worn)


class Ours:
    """The engine with buckets and shared reads of its own, as one process has them."""

    def __init__(self, cloud: SimulatedCloud) -> None:
        self.cloud, self.buckets, self.together = cloud, Buckets(), Together()
        warm(("autoscaling", "ec2", "elbv2"), cast.REGION, cloud.endpoint_url, 20.0)

    def world(self, instance: str) -> AwsWorld:
        return AwsWorld(
            incident="INC-2026-0001", step=f"INC-2026-0001/{instance}", account=cast.ACCOUNT, region=cast.REGION,
            record=ListRecorder(), endpoint_url=self.cloud.endpoint_url, buckets=self.buckets,
            urgency=Urgency.NETWORK, together=self.together,
        )  # fmt: skip

    def plan(self, instance: str) -> Plan:
        return action("aws.ec2.isolate", {"instance_id": instance}).plan(self.world(instance))

    def do(self, plan: Plan) -> tuple[str, float, float, float]:
        """The outcome, and the seconds in all, of the cloud's and in the line."""
        world, began = self.world(plan.inputs["instance_id"]), time.perf_counter()
        isolate = action(plan.action, plan.inputs)
        for _ in range(5):  # as the desk repeats a step that failed for now
            try:
                outcome = isolate.do(world, plan).outcome
                break
            except Exception as problem:  # noqa: BLE001  counted as lost, with its name
                outcome = f"{type(problem).__name__}: {problem}"  # type: ignore[assignment]
        return outcome, time.perf_counter() - began, world.cloud_seconds, world.waited_seconds


def in_parallel(work: Callable[[Any], Any], what: list[Any]) -> tuple[list[Any], float]:
    began = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        done = list(pool.map(work, what))
    return done, time.perf_counter() - began


def mass(cloud: SimulatedCloud, count: int) -> None:
    print(f"| way | seconds (bar {BAR_SECONDS:g}) | isolated of {count} | refused by the cloud | estimate |")
    print("|---|---|---|---|---|")
    instances, ours = build(cloud, count), Ours(cloud)
    cloud.weather(buckets=True)
    plans, looked = in_parallel(ours.plan, instances)
    cloud.weather()
    cloud.weather(buckets=True)  # the buckets are full again, as after the minutes in which people approve
    ours.buckets.forget()
    calls = [call for plan in plans for call in plan.calls if "SecurityGroup" not in call.operation and not call.seldom]
    foretold = ours.world("all").estimate(calls, at_once=count)
    told, took = in_parallel(ours.do, plans)
    refused, found = cloud.refused(), isolated_calmly(cloud)
    error = abs(foretold - took) / took
    print(f"| Hikeshi, {THREADS} threads | {took:.1f} | {found} | {refused} | {foretold:.1f} s, {error:.0%} off |")
    for odd in sorted({outcome for outcome, *_ in told} - {"done"}):
        print(f"  not done: {odd}")
    print(f"  plans: {looked:.1f} s for {count}")
    beside(cloud, count)
    print(f"The floor is {max(0, count - 100) / 5:.1f} s.")


def beside(cloud: SimulatedCloud, count: int) -> None:
    """A row for each of the SDK's own retry settings: the bare swaps on as many instances, the group made beforehand."""
    for mode, attempts in STOCK:
        instances = build(cloud, count)
        group = cloud.client("ec2").create_security_group(
            GroupName="hikeshi-isolation", Description="stock", VpcId=vpc_of(cloud, instances[0])
        )["GroupId"]
        interfaces = [
            one["NetworkInterfaceId"]
            for one in cloud.client("ec2").describe_network_interfaces()["NetworkInterfaces"]
            if one.get("Attachment")
        ]
        ec2 = stock(cloud, mode, attempts)
        cloud.weather(buckets=True)

        def swap(interface: str, ec2: Any = ec2, group: str = group) -> bool:
            try:
                ec2.modify_network_interface_attribute(NetworkInterfaceId=interface, Groups=[group])
            except ClientError:
                return False
            return True

        _, took = in_parallel(swap, interfaces)
        refused, found = cloud.refused(), isolated_calmly(cloud)
        print(f"| SDK, {mode}/{attempts} | {took:.1f} | {found} | {refused} | none |", flush=True)


def isolated_calmly(cloud: SimulatedCloud) -> int:
    cloud.weather()
    return isolated(cloud)


def vpc_of(cloud: SimulatedCloud, instance: str) -> str:
    told = cloud.client("ec2").describe_instances(InstanceIds=[instance])
    return str(told["Reservations"][0]["Instances"][0]["VpcId"])


def stock(cloud: SimulatedCloud, mode: Any, attempts: int) -> Any:
    return boto3.client(
        "ec2", region_name=cast.REGION, endpoint_url=cloud.endpoint_url, aws_access_key_id="simulated",
        aws_secret_access_key="simulated",
        config=Config(retries={"mode": mode, "total_max_attempts": attempts}, max_pool_connections=THREADS),
    )  # fmt: skip


def one(cloud: SimulatedCloud, times: int) -> None:
    """A single instance: look and do, each time on a fresh account with full buckets."""
    took, own = [], []
    for _ in range(times):
        (instance,), ours = build(cloud, 1), Ours(cloud)
        cloud.weather(buckets=True)
        began = time.perf_counter()
        outcome, _, clouds, waited = ours.do(ours.plan(instance))
        seconds = time.perf_counter() - began
        assert outcome == "done", outcome
        took.append(seconds)
        own.append(seconds - clouds - waited)
    p95 = statistics.quantiles(took, n=20)[-1] if times > 1 else took[0]
    print(
        f"one instance, plan and do, {times} times: p95 {p95:.2f} s (bar {BAR_ONE:g}), median {statistics.median(took):.2f} s"
    )
    print(f"our own part of it, planning's calls included: median {statistics.median(own):.2f} s (bar {BAR_OURS:g})")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--instances", type=int, default=200)
    parser.add_argument("--one", action="store_true", help="a single instance instead of many")
    parser.add_argument("--times", type=int, default=20, help="how often, with --one")
    options = parser.parse_args()
    with SimulatedCloud() as cloud:
        one(cloud, options.times) if options.one else mass(cloud, options.instances)


if __name__ == "__main__":
    main()
