"""What is being watched, as plain data, the same for the API and for `--json`."""

from __future__ import annotations

from datetime import datetime

from typing_extensions import TypedDict  # pydantic asks for this one below Python 3.12

from hikeshi.desk.runs.models import Watch


class WatchShape(TypedDict):
    """A containment that has not been undone. `state`: holds or reverted, `since` when; `outcome` is what the last look found."""

    incident: str
    step: str
    action: str
    state: str
    since: datetime
    looked_at: datetime | None
    outcome: dict[str, str]


def watch(row: Watch) -> WatchShape:
    step = row.step
    return {
        "incident": step.run.incident.name, "step": f"{step.run_id}:{step.key}", "action": step.action,
        "state": row.state, "since": row.since, "looked_at": row.looked_at, "outcome": row.said,
    }  # fmt: skip
