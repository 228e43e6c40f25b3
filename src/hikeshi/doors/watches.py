"""What is contained and watched, as plain data, the same for the console, the API and `--json`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from typing_extensions import TypedDict  # pydantic asks for this one below Python 3.12

from hikeshi.desk.runs.holding import reviews
from hikeshi.desk.runs.models import Watch


class WatchShape(TypedDict):
    """A containment that has not been undone. `state`: holds or reverted, `since` when; `outcome` is what the last look found.

    `review_at`: until then somebody says that it stays, or has it undone; null where the incident is over.
    """

    incident: str
    step: str
    action: str
    contained_at: datetime | None
    state: str
    since: datetime
    looked_at: datetime | None
    outcome: dict[str, str]
    review_at: datetime | None


def watches(rows: Iterable[Watch]) -> list[WatchShape]:
    """These containments; their steps, runs and incidents are best read along with them."""
    rows = list(rows)
    due = reviews({row.step.run.incident for row in rows})
    return [_watch(row, due.get(reference(row))) for row in rows]


def watch(row: Watch) -> WatchShape:
    return watches([row])[0]


def reference(row: Watch) -> str:
    """Its step, as people name it when its key is not enough."""
    return f"{row.step.run_id}:{row.step.key}"


def _watch(row: Watch, review_at: datetime | None) -> WatchShape:
    return {
        "incident": row.step.run.incident.name, "step": reference(row), "action": row.step.action,
        "contained_at": row.step.ended_at, "state": row.state, "since": row.since, "looked_at": row.looked_at,
        "outcome": row.said, "review_at": review_at,
    }  # fmt: skip
