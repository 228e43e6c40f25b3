"""How the account differs from what it was: leaf by leaf, so that what one step has changed can be told from what another has."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
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
    """The account as it was when each area was first looked at, and as it was last seen.

    Looking costs more than acting, so it is done only where an answer is needed: before and after what may leave something behind,
    and at the end. `known` is how the areas stand already, from a `Watched` that has found nothing left.
    """

    def __init__(self, account: Account, known: Mapping[str, Leaves] | None = None) -> None:
        self.account = account
        self._first: dict[str, Leaves] = dict(known or {})
        self._last: dict[str, Leaves] = dict(self._first)
        self._stale: set[str] = set()
        self.granted: Leaves = Counter()
        """What differs and may."""
        self.spoilt = False
        """Something was changed for good that is no evidence, so that another way needs a fresh account."""

    def begin(self, areas: Iterable[str]) -> None:
        """See these before anything is changed there."""
        for area in set(areas) - set(self._first):
            self._first[area] = self._last[area] = self._seen(area)

    def touched(self, services: Iterable[str]) -> None:
        """Something was changed there that will be undone: it is seen when it matters."""
        self._stale |= areas_of(services) & set(self._first)

    def settle(self, services: Iterable[str]) -> None:
        """See how what these services can change stands now."""
        self._settle(areas_of(services))

    def _settle(self, areas: set[str]) -> None:
        for area in areas & self._stale:
            self._last[area] = self._seen(area)
            self._stale.discard(area)

    def grant(self, services: Iterable[str], *, evidence: bool) -> None:
        """What has changed since it was last seen may stay so."""
        found: Leaves = Counter()
        for area in areas_of(services) & set(self._first):
            now = self._seen(area)
            found.update(now)
            found.subtract(self._last[area])
            self._last[area] = now
        self.granted.update(found)
        self.spoilt = self.spoilt or (not evidence and any(found.values()))

    def forget(self, areas: Iterable[str]) -> None:
        """Compare these no more."""
        for area in areas:
            self._first.pop(area, None)
        self.spoilt = True

    def left(self) -> list[tuple[str, str, int]]:
        """What differs from the beginning and may not: path, value, and how often more (or less, below zero)."""
        self._settle(set(self._stale))
        found: Leaves = Counter()
        for area, first in self._first.items():
            found.update(self._last[area])
            found.subtract(first)
        for (path, value), count in self.granted.items():
            if any(path.startswith(area) for area in self._first):
                found[path, value] -= count
        left = sorted((path, value, count) for (path, value), count in found.items() if count)
        self.spoilt = self.spoilt or bool(left)
        return left

    @property
    def known(self) -> dict[str, Leaves]:
        """How the areas stand, for the next way."""
        return {area: self._last[area] for area in self._first if area not in self._stale}

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
