"""Finding the assets that alerts speak of. One question to the database for as many observables as there are."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from hikeshi.desk.assets.models import Asset
from hikeshi.signals.signal import Observable

WIDEST: Final = {4: 8, 6: 16}
"""The shortest prefix a network of the register may have: wider ones would make the whole internet ours."""
MOST: Final = 300
"""Observables of one alert that are looked up."""
PIECE: Final = 20_000
"""Names in one question: an IPv6 address alone has 113 networks around it, and databases limit what a question may hold."""


def normal(identifier: str) -> str:
    """An identifier as it is kept and compared: addresses and networks in their shortest form, all but ARNs in lower case.

    ARNs stay, because the names of roles and functions in them may differ in case only.
    """
    text = identifier.strip()
    if text.lower().startswith("arn:"):
        return text
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return text.lower().rstrip(".")
    return str(network) if "/" in text else str(network.network_address)


def is_network(identifier: str) -> bool:
    try:
        return "/" in identifier and bool(ipaddress.ip_network(identifier, strict=False))
    except ValueError:
        return False


def matching(observables: Iterable[Observable]) -> list[Asset]:
    """The assets named by these observables, the most critical first; those of their accounts where nothing nearer is known.

    Retired assets do not count. An address is found by itself and by every network of the register around it.
    """
    return matching_each([list(observables)])[0]


def matching_each(alerts: Sequence[Iterable[Observable]]) -> list[list[Asset]]:
    """The same for many alerts, in one question to the database for all of them (one more for each `PIECE` names)."""
    names = [_named(observables) for observables in alerts]
    asked = sorted({name for near, accounts in names for name in near | accounts})
    found: dict[str, Asset] = {}
    for start in range(0, len(asked), PIECE):
        rows = Asset.objects.filter(identifier__in=asked[start : start + PIECE], retired_at__isnull=True)
        found |= {row.identifier: row for row in rows.select_related("owner")}
    return [_gravest_first(found, near) or _gravest_first(found, accounts) for near, accounts in names]


def _gravest_first(found: dict[str, Asset], names: set[str]) -> list[Asset]:
    return sorted((found[name] for name in names & found.keys()), key=lambda row: (row.criticality, row.identifier))


def _named(observables: Iterable[Observable]) -> tuple[set[str], set[str]]:
    """The names to look for, and those of accounts, which count only where no other is known."""
    asked = list(dict.fromkeys(observables))[:MOST]
    near = {name for one in asked if one.kind != "account" for name in names_of(one)}
    return near - {""}, {normal(one.value) for one in asked if one.kind == "account"} - {""}


def names_of(one: Observable) -> Iterator[str]:
    """All that the register may call it."""
    name = normal(one.value)
    yield name
    if name.startswith("arn:"):  # arn:aws:ec2:...:instance/i-1 is in the register as i-1 or whole
        yield normal(name.split(":", 5)[-1].rpartition("/")[2])
    if one.kind in ("address", "host"):
        networks = list(_networks(name))
        yield from networks or [name.partition(".")[0]]  # web-1.example.com as web-1


def _networks(address: str) -> Iterator[str]:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return
    for prefix in range(WIDEST[found.version], found.max_prefixlen + 1):
        yield str(ipaddress.ip_network((int(found), prefix), strict=False))
