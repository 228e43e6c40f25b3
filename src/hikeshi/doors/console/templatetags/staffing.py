"""Warnings about who is on an incident, for any page that shows one."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils import timezone

from hikeshi.desk.incidents.calls import CALLS
from hikeshi.desk.incidents.models import Incident, Role
from hikeshi.doors.staffing import warned
from hikeshi.text import Text

register = template.Library()


@register.filter
def called_because(role: Role) -> Text | None:
    """Why a rule called this one in; None where people gave the role."""
    call = CALLS.get(role.called_for)
    return call.reason if call else None


@register.inclusion_tag("console/parts/staffing.html")
def staffing(incident: Incident) -> dict[str, Any]:
    """One line that names every warning; nothing where there is none."""
    return {"warnings": warned(incident, timezone.now())}


@register.inclusion_tag("console/parts/staffing_mark.html")
def staffing_mark(incident: Incident) -> dict[str, Any]:
    """How many warnings there are, for a row of a table."""
    return {"warnings": warned(incident, timezone.now())}
