"""A halt as plain data, the same for the API and for `--json`."""

from __future__ import annotations

from datetime import datetime

from typing_extensions import TypedDict  # pydantic asks for this one below Python 3.12

from hikeshi.desk.clouds.models import Halt


class HaltShape(TypedDict):
    """All changes are stopped in `account` (empty: everywhere) until it is lifted."""

    account: str
    reason: str
    by: str
    at: datetime
    lifted_by: str
    lifted_at: datetime | None


def halt(row: Halt) -> HaltShape:
    return {
        "account": row.account, "reason": row.reason, "by": row.by, "at": row.at, "lifted_by": row.lifted_by,
        "lifted_at": row.lifted_at,
    }  # fmt: skip
