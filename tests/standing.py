"""Standing orders for tests: written by one, stood behind by another."""

from __future__ import annotations

from typing import Any

from hikeshi.desk.actor import Actor, system
from hikeshi.desk.runs import ordering
from hikeshi.desk.runs.models import StandingOrder


def stand(name: str, *, actor: Actor, **said: Any) -> StandingOrder:
    """An order in force: `said` as for `ordering.write`; it expires in a month where nothing else is said."""
    order = ordering.write(name, actor=actor, **{"expires_at": ordering.ends_in(30), **said})
    return ordering.approve(order, actor=system("second", "cli"), version=order.version)
