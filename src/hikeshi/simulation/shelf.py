"""Where an addition keeps its state: on moto's own backend of the service and region, so that it is forgotten with the account."""

from __future__ import annotations

from typing import Any

from hikeshi.simulation import cast


def shelf(service: str, region: str, name: str) -> dict[str, Any]:
    """A dictionary of its own for each service (moto's name), region and name; empty in a fresh account."""
    from moto.backends import get_backend  # moto is there only for drills and tests, and slow to import

    backend: Any = get_backend(service)  # type: ignore[call-overload]  # the stubs know one overload per service
    kept: dict[str, Any] = backend[cast.ACCOUNT][region].__dict__.setdefault(f"hikeshi_{name}", {})
    return kept
