"""What the frame around every page shows: open incidents this person may see, what waits, the time."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

import hikeshi
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.accounts.verbs import actor_of
from hikeshi.desk.alerts import groups
from hikeshi.desk.alerts.models import Group
from hikeshi.desk.clouds import halting
from hikeshi.desk.incidents.linking import OVER
from hikeshi.desk.incidents.verbs import visible
from hikeshi.doors.console.visit import rights

MOST_COUNTED = 1000
"""Waiting groups are counted up to here: the frame is on every page, in a storm too."""


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context of every template. What needs the database is read only where a template asks for it."""
    known: dict[str, Any] = {
        "now": timezone.now(),
        "release": hikeshi.__version__,
        "languages": settings.LANGUAGES,
        "simulated_cloud": bool(settings.ENVIRONMENT.aws_endpoint_url),
    }
    user = getattr(request, "user", None)  # absent where the request failed before it was signed in
    if not isinstance(user, Person):
        return known
    person: Person = user
    return known | {
        "me": person,
        "can": SimpleLazyObject(lambda: rights(request)),
        "open_incidents": SimpleLazyObject(
            lambda: list(visible(actor_of(person, "console")).exclude(status__in=OVER)[:20])
        ),
        "halts": SimpleLazyObject(halting.in_force),
        "alerts_waiting": SimpleLazyObject(waiting_count),
    }


def waiting() -> QuerySet[Group]:
    """Groups of alerts nobody has judged and no incident has taken up, the answer due first on top."""
    return groups.queue()


def waiting_count() -> int:
    """How many of them, up to MOST_COUNTED."""
    return waiting().order_by()[:MOST_COUNTED].count()
