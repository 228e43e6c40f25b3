"""What the frame around every page shows: open incidents this person may see, what waits, the time."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import SimpleLazyObject

import hikeshi
from hikeshi.desk.accounts.models import Person
from hikeshi.desk.accounts.verbs import actor_of
from hikeshi.desk.alerts.models import Alert
from hikeshi.desk.incidents.verbs import visible
from hikeshi.doors.console.visit import rights


def frame(request: HttpRequest) -> dict[str, Any]:
    """Context of every template. What needs the database is read only where a template asks for it."""
    known: dict[str, Any] = {
        "now": timezone.now(),
        "version": hikeshi.__version__,
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
            lambda: list(visible(actor_of(person, "console")).exclude(status="closed")[:20])
        ),
        "alerts_waiting": SimpleLazyObject(lambda: waiting_alerts().count()),
    }


def waiting_alerts() -> Any:
    """Alerts nobody has judged and no incident has taken up."""
    return Alert.objects.filter(verdict="", incidents__isnull=True)
