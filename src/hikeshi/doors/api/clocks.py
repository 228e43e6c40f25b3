"""Clock rules: the deadlines of our own, of laws and of contracts, and when one falls."""

from __future__ import annotations

from typing import Annotated, Any

from django.conf import settings
from django.utils import timezone
from ninja import Query, Router

from hikeshi.doors import clock_rules, find
from hikeshi.doors.api.bearer import Call

router = Router()


@router.get("/clocks/rules", response=list[dict[str, Any]])
def list_rules(request: Call, jurisdiction: str = "") -> list[dict[str, Any]]:
    """Every rule in brief; with `jurisdiction` (JP, EU, US...) those of one country or union."""
    find.insider(request.auth)
    return [clock_rules.row(rule) for rule in clock_rules.chosen(jurisdiction)]


@router.get("/clocks/rules/{rule}", response=dict[str, Any])
def show_rule(request: Call, rule: str) -> dict[str, Any]:
    """Whose duty, when, to whom, what the report has to say, where the number comes from, how sure we are."""
    find.insider(request.auth)
    return clock_rules.detail(clock_rules.named(rule))


@router.get("/clocks/rules/{rule}/due", response=dict[str, Any])
def compute_due(request: Call, rule: str, moment: Annotated[list[str], Query()] = []) -> dict[str, Any]:  # noqa: B006 - Ninja copies it
    """When the deadline falls. `moment` is KEY=TIME (ISO 8601 with zone) or KEY=DATE, given once for each moment known."""
    find.insider(request.auth)
    return clock_rules.due(clock_rules.named(rule), moment, zone=settings.ENVIRONMENT.time_zone, now=timezone.now())
