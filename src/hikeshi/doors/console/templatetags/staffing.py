"""Warnings about who is on an incident, for any page that shows one."""

from __future__ import annotations

from typing import Any

from django import template
from django.utils import timezone

from hikeshi.desk.incidents.models import Incident
from hikeshi.doors.staffing import warned

register = template.Library()


@register.inclusion_tag("console/parts/staffing.html")
def staffing(incident: Incident) -> dict[str, Any]:
    """One line that names every warning; nothing where there is none."""
    return {"warnings": warned(incident, timezone.now())}


@register.inclusion_tag("console/parts/staffing_mark.html")
def staffing_mark(incident: Incident) -> dict[str, Any]:
    """How many warnings there are, for a row of a table."""
    return {"warnings": warned(incident, timezone.now())}
