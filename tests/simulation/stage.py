"""A scene without a cloud, for tests of what is only written: the shapes of `build_account`, with fixed ids."""

from __future__ import annotations

from datetime import UTC, datetime

from hikeshi.simulation import cast
from hikeshi.simulation.scene import Interface, Machine, Scene

NOW = datetime(2025, 11, 4, 3, 12, 30, 250_000, tzinfo=UTC)
LAUNCHED = datetime(2025, 9, 1, tzinfo=UTC)
FRONT, BACK = "subnet-00000000000000001", "subnet-00000000000000002"


def interface(number: int, subnet: str, group: str, last: int, public: str = "") -> Interface:
    net = 1 if subnet == FRONT else 2
    return Interface(
        id=f"eni-{number:017x}",
        subnet=subnet,
        groups=(group,),
        private=f"10.20.{net}.{last}",
        ipv6=f"2001:db8:20:{net}::{last}",
        public=public,
    )


def machine(number: int, name: str, *interfaces: Interface) -> Machine:
    volumes = (f"vol-{number:017x}",)
    return Machine(id=f"i-{number:017x}", name=name, interfaces=interfaces, volumes=volumes, launched=LAUNCHED)


SCENE = Scene(
    account=cast.ACCOUNT,
    region=cast.REGION,
    vpc="vpc-00000000000000001",
    subnets=(FRONT, BACK),
    group_names={"sg-00000000000000001": "shop-web", "sg-00000000000000002": "shop-back"},
    image="ami-0a1b2c3d4e5f60718",
    instance_type="m6i.large",
    victim=machine(
        1,
        "shop-web-1",
        interface(1, FRONT, "sg-00000000000000001", 10, cast.VICTIM_PUBLIC),
        interface(2, BACK, "sg-00000000000000002", 10),
    ),
    bystanders=(
        machine(2, "shop-web-2", interface(3, FRONT, "sg-00000000000000001", 11)),
        machine(3, "shop-db-1", interface(4, BACK, "sg-00000000000000002", 20)),
    ),
    role=cast.VICTIM_ROLE,
    role_id="AROA000000000EXAMPLE",
    profile_arn=f"arn:aws:iam::{cast.ACCOUNT}:instance-profile/{cast.VICTIM_ROLE}",
    profile_id="AIPA000000000EXAMPLE",
    queue_url="http://127.0.0.1/queue",
    dead_letter_url="http://127.0.0.1/dead",
    evidence_bucket="hikeshi-evidence",
)
