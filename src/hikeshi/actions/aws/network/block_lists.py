"""Blocking addresses in a list that is in force already: ours are added and removed, everybody else's stay.

A list is shared: replacing it as a whole would lose what somebody else has written meanwhile. So each change reads the list first, merges,
sends the list's own token or version, and begins anew where that has become stale.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import ip_network
from typing import Annotated, Any, ClassVar, Final

import msgspec

from hikeshi.actions.action import Call
from hikeshi.actions.aws.world import AwsWorld
from hikeshi.actions.setting import Around, Parts, Setting
from hikeshi.errors import Refused
from hikeshi.text import Text

Addresses = Annotated[
    tuple[Annotated[str, msgspec.Meta(min_length=2, max_length=50)], ...],
    msgspec.Meta(min_length=1, max_length=100, title="Addresses", examples=[["203.0.113.7", "2001:db8::7/128"]]),
]

PART: Final = "Addresses"
WIDEST: Final = {4: 16, 6: 32}
"""A range wider than this many leading bits is no source of an attack but half the internet."""
INSIDE: Final = tuple(
    ip_network(one)
    for one in (
        "0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12", "192.168.0.0/16",
        "::/128", "::1/128", "fc00::/7", "fe80::/10",
    )
)  # fmt: skip
"""Addresses inside networks: whoever blocks them blocks himself."""

ADD: Final = Text(en="These addresses are to be blocked.", ja="これらのアドレスを遮断します。")
TAKE_OUT: Final = Text(en="Only our addresses are taken out again.", ja="追加したアドレスだけを一覧から外します。")
SHARED: Final = Text(
    en="Everybody behind one of these addresses is blocked: carrier networks, proxies and clouds share them.",
    ja="同じアドレスを共有する利用者（携帯回線、プロキシ、クラウドなど）も遮断されます。",
)


def network_of(address: str) -> str:
    """An address or a range as a range: "203.0.113.7/32". Raises `Refused` for what is none, is inside, or is too wide."""
    try:
        network = ip_network(address.strip())
    except ValueError as wrong:
        raise Refused(
            f"{address!r} is no address and no range: {wrong}", hint="Write 203.0.113.7 or 203.0.113.0/24."
        ) from None
    if network.prefixlen < WIDEST[network.version]:
        hint = f"Give at least {WIDEST[network.version]} leading bits."
        raise Refused(f"{network} is too wide to be blocked.", hint=hint)
    if any(network.version == one.version and network.overlaps(one) for one in INSIDE):
        hint = "Isolate the machine that has it instead."
        raise Refused(f"{network} is an address inside a network.", hint=hint)
    return str(network)


class BlockList(Setting[AwsWorld], frozen=True, kw_only=True):
    """Base of the actions that add addresses to a list. Implement `listed` and `replacement`."""

    provider: ClassVar = "aws"
    effect: ClassVar = "contain"
    reversible: ClassVar = "yes"
    radius: ClassVar = "shared"
    target: ClassVar = "network"

    addresses: Addresses

    @property
    def list_name(self) -> str:
        """The list, as the provider names it."""
        raise NotImplementedError

    def listed(self, world: AwsWorld) -> list[str]:
        """Every address on the list as a range, ours and others'. Raises `Refused` where there is no such list."""
        raise NotImplementedError

    def replacement(self, world: AwsWorld, add: list[str], remove: list[str]) -> Call:
        """The call that adds these and removes those, with the token of the list as it is now."""
        raise NotImplementedError

    @property
    def ours(self) -> list[str]:
        return sorted({network_of(address) for address in self.addresses})

    def resources(self, before: Parts) -> tuple[str, ...]:
        del before
        bare = (one.removesuffix("/32").removesuffix("/128") for one in self.ours)
        return self.list_name, *bare

    def read(self, world: AwsWorld) -> dict[str, Any]:
        there = set(self.listed(world))
        return {PART: [one for one in self.ours if one in there]}

    def wanted(self, world: AwsWorld, before: Parts) -> dict[str, Any]:
        del world, before
        return {PART: self.ours}

    def calls(self, world: AwsWorld, part: str, now: Any, new: Any) -> Iterable[Call]:
        del part, now
        there = set(self.listed(world))
        add = [one for one in new if one not in there]
        yield self.replacement(world, add, [one for one in self.ours if one in there and one not in new])

    def around(self, world: AwsWorld, before: Parts) -> Around:
        del world, before
        return Around(dependants=(SHARED,), will_not_stop=self.left)

    left: ClassVar[tuple[Text, ...]] = ()
    """What the list does not cover."""


def room(count: int, most: int, name: str) -> None:
    """Raises `Refused` where the list would be longer than it may be."""
    if count > most:
        hint = "Take old entries out, or block a range instead of single addresses."
        raise Refused(f"{name} would have {count} entries; it holds {most}.", hint=hint)
