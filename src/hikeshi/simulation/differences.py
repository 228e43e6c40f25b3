"""How the account differs from what it was: leaf by leaf, so that what one step has changed can be told from what another has."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, Final

from hikeshi.simulation.account import Account
from hikeshi.simulation.state import AREAS, state

Leaves = Counter[tuple[str, str]]
"""How often a value stands at a path: ("ec2.instances[].State.Name", '"running"'). As a difference, counts may be negative."""

TOUCHED: Final[dict[str, tuple[str, ...]]] = {
    "application-autoscaling": ("ecs",),
    "autoscaling": ("autoscaling", "ec2", "elbv2"),
    "elasticloadbalancing": ("elbv2",),
    "elb": ("elbv2",),
    "identitystore": ("sso",),
    "network-firewall": ("firewall",),
    "rds": ("ec2", "rds"),
    "route53resolver": ("dns",),
    "s3control": ("s3",),
    "sso-admin": ("sso",),
    "sts": ("iam",),
    "wafv2": ("waf",),
}
"""What of AREAS the calls of a service can change, by the part before the dot; others change the part with their own name."""


def areas_of(services: Iterable[str]) -> set[str]:
    touched = {part for service in services for part in TOUCHED.get(service, (service,))}
    return {area for area in AREAS if area.partition(".")[0] in touched}


class Watched:
    """The account as it was when each area was first looked at, and as it was last seen."""

    def __init__(self, account: Account) -> None:
        self.account = account
        self._first: dict[str, Leaves] = {}
        self._last: dict[str, Leaves] = {}
        self.granted: Leaves = Counter()
        """What differs and may."""

    def look(self, services: Iterable[str]) -> None:
        """See what these services can change, before it is changed."""
        for area in areas_of(services) - set(self._first):
            self._first[area] = self._last[area] = self._seen(area)

    def changed(self, services: Iterable[str]) -> Leaves:
        """What has changed since it was last seen."""
        found: Leaves = Counter()
        for area in areas_of(services):
            if area not in self._first:
                continue
            now = self._seen(area)
            found.update(now)
            found.subtract(self._last[area])
            self._last[area] = now
        return found

    def left(self) -> list[tuple[str, str, int]]:
        """What differs from the beginning and may not: path, value, and how often more (or less, below zero)."""
        found: Leaves = Counter()
        for area, first in self._first.items():
            found.update(self._last[area])
            found.subtract(first)
        found.subtract(self.granted)
        return sorted((path, value, count) for (path, value), count in found.items() if count)

    @property
    def spent(self) -> bool:
        """Something is not as it was, so that another way needs a fresh account."""
        return any(self.granted.values()) or bool(self.left())

    def _seen(self, area: str) -> Leaves:
        return Counter(_leaves(area, state(self.account.client, [area])[area]))


def _leaves(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, dict) and value:
        for key, one in value.items():
            yield from _leaves(f"{path}.{key}", one)
    elif isinstance(value, list) and value:
        for one in value:
            yield from _leaves(f"{path}[]", one)
    else:
        yield path, json.dumps(value, default=str)
