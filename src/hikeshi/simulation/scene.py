"""The stage: what stands in the simulated account when the story begins."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import msgspec

DETECTOR: Final = "12abc34d567e8fa901bc2d34e56789f0"


class Interface(msgspec.Struct, frozen=True, kw_only=True):
    """One network interface, with the security groups it was launched with. `public` is empty without an Elastic IP."""

    id: str
    subnet: str
    groups: tuple[str, ...]
    private: str
    ipv6: str
    public: str = ""


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """One instance as it was launched."""

    id: str
    name: str
    interfaces: tuple[Interface, ...]
    volumes: tuple[str, ...]
    launched: datetime


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """One VPC with IPv6, a victim with two interfaces in different groups, bystanders, a role, a queue and an evidence bucket.

    `group_names` maps each security group to its name; `profile_id` and `role_id` are the unique ids IAM gave.
    """

    account: str
    region: str
    vpc: str
    subnets: tuple[str, ...]
    group_names: dict[str, str]
    image: str
    instance_type: str
    victim: Machine
    bystanders: tuple[Machine, ...]
    role: str
    role_id: str
    profile_arn: str
    profile_id: str
    queue_url: str
    dead_letter_url: str
    evidence_bucket: str

    @property
    def instance_id(self) -> str:
        """The victim."""
        return self.victim.id

    @property
    def interface_ids(self) -> tuple[str, ...]:
        """The victim's interfaces, in device order."""
        return tuple(interface.id for interface in self.victim.interfaces)

    @property
    def original_groups(self) -> dict[str, tuple[str, ...]]:
        """The victim's groups per interface, before anything was done."""
        return {interface.id: interface.groups for interface in self.victim.interfaces}

    @property
    def volume_ids(self) -> tuple[str, ...]:
        return self.victim.volumes

    @property
    def private_addresses(self) -> tuple[str, ...]:
        return tuple(interface.private for interface in self.victim.interfaces)

    @property
    def public_address(self) -> str:
        return next(interface.public for interface in self.victim.interfaces if interface.public)

    @property
    def machines(self) -> tuple[Machine, ...]:
        return (self.victim, *self.bystanders)

    def machine(self, instance_id: str) -> Machine:
        """Raises `KeyError` for an instance that is not in the scene."""
        for machine in self.machines:
            if machine.id == instance_id:
                return machine
        raise KeyError(instance_id)
