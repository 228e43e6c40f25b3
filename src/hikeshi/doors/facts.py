"""What a playbook may bind to, for the API and the command line. Apart from `find.py` because this brings the cloud SDK with it."""

from __future__ import annotations

from collections.abc import Mapping

from django.conf import settings

from hikeshi.desk.incidents.models import Incident
from hikeshi.desk.runs import answering


def facts(row: Incident, given: Mapping[str, str]) -> dict[str, str]:
    """What the incident's first alert says, and on top what was given by hand."""
    first = row.alerts.order_by("pk").first()
    bare = {"incident.name": row.name, "alert.region": settings.ENVIRONMENT.aws_region}
    return (answering.facts_of(first, row) if first else bare) | dict(given)
