"""Attempts to gain rights as machines and people are shown them: each call, or whoever made them. No database, no Django."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from hikeshi.doors.events import moment, shown

if TYPE_CHECKING:
    from hikeshi.stores.lookups import Attempt


def attempt_shape(one: Attempt, names: Mapping[str, str] | None = None) -> dict[str, Any]:
    """The event with why it is here. `names` says what people call its file, where the path is only our copy's."""
    path = one.event["path"]
    event = shown({**one.event, "path": (names or {}).get(path, path)})
    return {**event, "reasons": msgspec.to_builtins(one.reasons), "techniques": list(one.techniques)}


def by_whom(found: Iterable[Attempt]) -> list[dict[str, Any]]:
    """Tries of each principal at each address, those with the most first."""
    by: dict[tuple[str, str], list[Attempt]] = {}
    for one in found:
        name = one.event["actor_name"] or one.event["actor_id"] or ""
        by.setdefault((name, one.event["src_ip"] or one.event["src_service"] or ""), []).append(one)
    rows = [_row(principal, address, tries) for (principal, address), tries in by.items()]
    return sorted(rows, key=lambda row: (-row["events"], row["principal"], row["address"]))


def _row(principal: str, address: str, tries: list[Attempt]) -> dict[str, Any]:
    return {
        "principal": principal,
        "address": address,
        "events": len(tries),
        "denied": sum(one.event["outcome"] == "denied" for one in tries),
        "first": moment(tries[0].event["ts"]),
        "last": moment(tries[-1].event["ts"]),
        "calls": sorted({one.event["action"] for one in tries}),
        "techniques": sorted({technique for one in tries for technique in one.techniques}),
    }
